#!/usr/bin/env python3
"""Makes piano.ogg and band.ogg: a piece of our own, and the same piece on other instruments, in another key and
tempo; and other.ogg, another piece of the same chords.  See README.md.

Runs fluidsynth and oggenc (Debian: fluidsynth fluid-soundfont-gm timgm6mb-soundfont vorbis-tools); uses
../../../benches/kinds.
"""
import os, random, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../../benches/kinds"))
import kinds_music as km
import soundfile

FLUID, TIM = "/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/TimGM6mb.sf2"
# Roots and thirds of a chord for every bar of two seconds: a sixteen-bar song that goes somewhere.
SONG = ["C", "Am", "F", "G", "E", "Am", "D", "G", "C", "Em", "F", "Fm", "C", "A", "Dm", "G"]
ROOT = {"C": 48, "D": 50, "E": 52, "F": 53, "G": 43, "A": 45}
# Scale degrees of a tune over each chord.
FIGURES = [(0, 4, 7, 4), (7, 4, 0, 2), (4, 7, 12, 7), (0, 2, 4, 7), (12, 7, 4, 0)]


def song(chords, seed, beat, up):
    """Bass, chords broken in two, a tune."""
    rng, notes, t = random.Random(seed), [], 0.3
    for chord in chords:
        root, third = ROOT[chord[0]] + up, 3 if chord.endswith("m") else 4
        notes.append((t, t + 3.8 * beat, 0, root, 80, "bass"))
        for half in (0, 2):
            for p in (12, 12 + third, 19):
                notes.append((t + half * beat, t + (half + 1.8) * beat, 1, root + p, 66, "chords"))
        figure = rng.choice(FIGURES)
        for i, degree in enumerate(figure):
            p = root + 24 + (third if degree == 4 else degree)
            notes.append((t + i * beat, t + (i + 0.9) * beat, 2, p, 88, "tune"))
        t += 4 * beat
    return notes, t + 1


def save(name, notes, seconds, font, programs):
    score = km.Score(notes, [(0.0, channel, 12, bytes([program])) for channel, program in enumerate(programs)])
    with tempfile.TemporaryDirectory() as tmp:
        wav = os.path.join(tmp, "x.wav")
        soundfile.write(wav, km.render(score, font, seconds, tmp, rate=22050).mean(axis=1), 22050)
        subprocess.run(["oggenc", "-Q", "-q", "1", "-o", os.path.join(here, name + ".ogg"), wav], check=True)


save("piano", *song(SONG, 3, 0.5, 0), FLUID, [0, 0, 0])
# Bass, strings and a flute, three semitones up, a tenth faster.
save("band", *song(SONG, 3, 0.5 / 1.1, 3), TIM, [33, 48, 73])
others = SONG[:]
random.Random(8).shuffle(others)
save("other", *song(others, 4, 0.5, 0), FLUID, [0, 0, 0])
