#!/usr/bin/env python3
"""Makes player-a.ogg and player-b.ogg: a tune of our own, played twice. See README.md.

Runs fluidsynth and oggenc (Debian: fluidsynth fluid-soundfont-gm vorbis-tools); uses ../../../benches/kinds.
"""
import os, random, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../../benches/kinds"))
import kinds_music as km
import soundfile

SECONDS, FONT = 14, "/usr/share/sounds/sf2/FluidR3_GM.sf2"
CHORDS = [(48, 64, 67, 72), (45, 60, 64, 69), (41, 60, 65, 69), (43, 59, 62, 67)]


def tune(rng):
    """Two beats a second: a chord a bar, a melody that wanders along its scale above."""
    scale, at, notes, t = [72, 74, 76, 77, 79, 81, 83, 84, 86], 4, [], 0.3
    while t < SECONDS - 1.5:
        chord = CHORDS[int((t - 0.3) / 2) % 4]
        bar = (t - 0.3) % 2
        if bar < 1e-6:
            notes += [(t, t + 1.8, 0, p, 70, "left") for p in chord]
        elif abs(bar - 1) < 1e-6:
            notes += [(t, t + 0.9, 0, p, 60, "left") for p in chord[1:3]]
        at = min(len(scale) - 1, max(0, at + rng.choice([-2, -1, 1, 2])))
        step = rng.choice([0.25, 0.25, 0.5])
        notes.append((t, t + step * 0.95, 0, scale[at], rng.randint(70, 100), "right"))
        t = round(t + (step if (t - 0.3) % 1 + step <= 1 else 0.25), 6)
    return km.Score(notes)


def main():
    score = tune(random.Random(5))
    again = km.perform(score, random.Random(6), 12, 30, SECONDS)
    for name, played, program in (("player-a", score, 0), ("player-b", again, 1)):
        played = km.Score(played.notes, [(0.0, 0, 12, bytes([program]))])
        with tempfile.TemporaryDirectory() as tmp:
            wav = os.path.join(tmp, "x.wav")
            soundfile.write(wav, km.render(played, FONT, SECONDS, tmp, rate=22050).mean(axis=1), 22050)
            subprocess.run(["oggenc", "-Q", "-q", "3", "-o", os.path.join(here, name + ".ogg"), wav], check=True)


main()
