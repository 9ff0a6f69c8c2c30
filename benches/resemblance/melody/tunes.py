#!/usr/bin/env python3
"""usage: tunes.py SONGS SCORES OUT_DIR [--count 60] [--seconds 70] [--jobs 2]

Renderings whose tune is known, for `train.py`: OUT_DIR/SONG_KIND.wav (16 kHz mono) and
OUT_DIR/SONG_KIND.truth.npy (the tune's MIDI number by eighth of a second, 0 where it rests).

SONGS is a folder with POP909 (NNN/NNN.mid with tracks MELODY, BRIDGE and PIANO); SCORES has MIDI files
in several parts whose highest is the tune (chorales, quartets; `-` for none).  Kinds:

    P  as written, all on the piano, FluidR3         S  the same, TimGM6mb, moved
    T  tune and accompaniment on two instruments, TimGM6mb     O  the same, OPL3 FM
    D  tune, accompaniment and countermelody on three instruments with drums, FluidR3
    Y  the tune over a made accompaniment: chords, arpeggios, Alberti bass, a countermelody
    C  a score, on one instrument or on several

Needs numpy, pretty_midi, fluidsynth, sox and the soundfonts in /usr/share/sounds/sf2.
"""
import argparse
import concurrent.futures
import glob
import os
import random
import subprocess
import zlib

import numpy as np
from pretty_midi import Instrument, Note, PrettyMIDI

FONTS = "/usr/share/sounds/sf2/"
FLUID, TIM, OPL = "FluidR3_GM.sf2", "TimGM6mb.sf2", "OPL-3_FM_128M.sf2"
TUNES = [4, 11, 13, 21, 24, 26, 30, 40, 42, 52, 53, 56, 60, 65, 66, 68, 71, 73, 75, 79, 80, 81]
BACKINGS = [0, 4, 6, 11, 16, 19, 21, 24, 25, 26, 46, 48, 50, 52, 61, 88, 89]
CHOIRS = [40, 48, 52, 19, 73, 68, 71, 56, 65, 21]
FRAMES = 8


def truth(notes, seconds):
    """The pitch that fills most of a frame, if it fills half."""
    filled = [{} for _ in range(seconds * FRAMES)]
    for n in notes:
        for k in range(max(0, int(n.start * FRAMES)), min(len(filled), int(n.end * FRAMES) + 1)):
            part = min(n.end, (k + 1) / FRAMES) - max(n.start, k / FRAMES)
            if part > 0:
                filled[k][n.pitch] = filled[k].get(n.pitch, 0) + part
    best = [max(f, key=f.get) if f else 0 for f in filled]
    return np.array([p if f.get(p, 0) >= 0.5 / FRAMES else 0 for p, f in zip(best, filled)])


def render(base, parts, font, tune, seconds):
    """Parts are (program, notes, whether they are drums)."""
    midi = PrettyMIDI()
    for program, notes, drums in parts:
        midi.instruments.append(Instrument(program, is_drum=drums))
        midi.instruments[-1].notes = notes
    midi.write(base + ".mid")
    subprocess.run(["fluidsynth", "-ni", "-q", "-r", "22050", "-g", "0.6", "-C", "0", "-F", base + ".raw.wav", FONTS + font, base + ".mid"],
                   check=True, capture_output=True)
    subprocess.run(["sox", "-D", "-V1", base + ".raw.wav", "-r", "16000", "-b", "16", base + ".wav", "remix", "-", "trim", "0", str(seconds),
                    "gain", "-n", "-3"], check=True)
    os.remove(base + ".raw.wav")
    os.remove(base + ".mid")
    np.save(base + ".truth.npy", truth(tune, seconds))


def cut(notes, begin, seconds, semitones, loudness=1.0):
    force = lambda n: max(1, min(127, round(n.velocity * loudness)))
    return [Note(force(n), n.pitch + semitones, n.start - begin, n.end - begin)
            for n in notes if 0 <= n.start - begin < seconds and n.end > n.start]


def drums(beat, seconds):
    backbeat = [(42, 36), (42,), (42, 38), (42,)]
    return [Note(100, key, i * beat / 2 + 0.01, i * beat / 2 + 0.1)
            for i in range(int(2 * seconds / beat)) for key in backbeat[i % 4]]


def arranged(base, tracks, kind, rng, seconds):
    """A song as its arranger wrote it."""
    begin = max(0, tracks["MELODY"][0].start - 4) + (0 if kind == "P" else rng.choice([0, 20, 40]))
    semitones = 0 if kind == "P" else rng.randint(-6, 6)
    programs, loudness = {name: 0 for name in tracks}, dict.fromkeys(tracks, 1.0)
    if kind in "TOD":
        programs["MELODY"] = rng.choice(TUNES)
        programs["PIANO"] = rng.choice([p for p in BACKINGS if p != programs["MELODY"]])
        programs["BRIDGE"] = rng.choice(BACKINGS) if kind == "D" else programs["PIANO"]
    if kind == "D":
        loudness.update(MELODY=rng.choice([0.8, 1, 1.2]), PIANO=rng.choice([0.6, 0.8, 1]))
    cuts = {name: cut(notes, begin, seconds, semitones, loudness[name]) for name, notes in tracks.items()}
    parts = [(programs[name], notes, False) for name, notes in cuts.items()]
    if kind == "D":
        parts.append((0, drums(60 / rng.uniform(70, 130), seconds), True))
    font = {"P": FLUID, "D": FLUID, "T": TIM, "S": TIM, "O": OPL}[kind]
    render(base, parts, font, cuts["MELODY"], seconds)


def bar_notes(style, chord, at, bar, force, rng):
    """One bar of an accompaniment."""
    note = lambda pitch, begin, length: Note(force, pitch, at + begin * bar, at + (begin + length) * bar)
    if style == "pad":
        return [note(p, 0, 0.95) for p in chord]
    if style == "block":
        return [note(p, i / 4, 0.23) for i in range(4) for p in chord]
    if style == "arpeggio":
        steps = chord + [p + 12 for p in chord]
        return [note(steps[i % len(steps)], i / 8, 1 / 8) for i in range(8)]
    if style == "alberti":
        return [note(chord[k], i / 8, 1 / 8) for i, k in enumerate([0, 2, 1, 2] * 2)]
    if style == "afterbeat":
        return [note(p, i / 4, 0.15) for i in (1, 3) for p in chord]
    walk = [rng.choice(chord)]
    for _ in range(3):
        walk.append(rng.choice(chord + [p - 12 for p in chord] + [walk[-1] + 2, walk[-1] - 2]))
    return [note(p, i / 4, 1 / 4) for i, p in enumerate(walk)]


def made(base, tracks, rng, seconds):
    """A song's tune over an accompaniment of another kind, on the chords of its own."""
    begin = tracks["MELODY"][0].start - 2 + rng.choice([0, 15, 30, 60])
    semitones = rng.randint(-5, 5) - (12 if rng.random() < 0.25 else 0)
    tune = cut(tracks["MELODY"], begin, seconds, semitones)
    under = cut(tracks["PIANO"], begin, seconds, semitones)
    beat, low, force = rng.uniform(0.4, 0.8), rng.choice([43, 48, 52, 55]), rng.randint(45, 100)
    style = rng.choice(["block", "arpeggio", "alberti", "afterbeat", "pad", "walk"])
    notes, bar = [], 4 * beat
    for at in np.arange(0, seconds, bar):
        held = np.zeros(12)
        for n in under:
            held[n.pitch % 12] += max(0, min(n.end, at + bar) - max(n.start, at))
        if held.any():
            root, third = max(((r, t) for r in range(12) for t in (3, 4)),
                              key=lambda c: 1.2 * held[c[0]] + held[(c[0] + c[1]) % 12] + held[(c[0] + 7) % 12])
            chord = sorted(low + (root + step - low) % 12 for step in (0, third, 7))
            notes.append(Note(force, 36 + root % 12, at, at + bar * 0.95))
            notes += bar_notes(style, chord, at, bar, force, rng)
    programs = (0, 0) if rng.random() < 0.4 else (rng.choice(TUNES), rng.choice(BACKINGS))
    parts = [(programs[0], tune, False), (programs[1], notes, False)]
    if rng.random() < 0.3:
        parts.append((0, drums(beat, seconds), True))
    render(base, parts, rng.choice([FLUID, TIM, OPL]), tune, seconds)


def score(base, path, rng, seconds):
    parts = [i.notes for i in PrettyMIDI(path).instruments if i.notes]
    tune = max(range(len(parts)), key=lambda i: np.mean([n.pitch for n in parts[i]]))
    semitones, pace = rng.randint(-4, 4), rng.uniform(0.7, 1.2)
    same = rng.choice([0, 0, 0, rng.choice(CHOIRS), rng.choice(CHOIRS), None])
    programs = [rng.choice(TUNES) if same is None else same for _ in parts]
    moved = [[Note(n.velocity, n.pitch + semitones, n.start * pace, n.end * pace) for n in p if n.start * pace < seconds] for p in parts]
    render(base, [(p, n, False) for p, n in zip(programs, moved)], rng.choice([FLUID, TIM, OPL]), moved[tune], seconds)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("songs")
    ap.add_argument("scores")
    ap.add_argument("out")
    ap.add_argument("--count", type=int, default=60, help="of odd and of even number, each")
    ap.add_argument("--seconds", type=int, default=70)
    ap.add_argument("--jobs", type=int, default=2)
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    names = sorted(os.path.basename(d) for d in glob.glob(os.path.join(a.songs, "[0-9][0-9][0-9]")))
    random.Random(7).shuffle(names)
    tasks = []
    for parity in (0, 1):
        for name in [n for n in names if int(n) % 2 == parity][:a.count]:
            tasks += [(name, kind, os.path.join(a.songs, name, name + ".mid")) for kind in "PTODSY"]
    for path in sorted(glob.glob(os.path.join(a.scores, "*.mid"))):
        tasks.append((str(1000 + zlib.crc32(os.path.basename(path).encode()) % 9000), "C", path))

    def one(task):
        song, kind, path = task
        base, rng = os.path.join(a.out, song + "_" + kind), random.Random(song + kind)
        if os.path.exists(base + ".truth.npy"):
            return
        if kind == "C":
            return score(base, path, rng, a.seconds)
        tracks = {i.name: sorted(i.notes, key=lambda n: n.start) for i in PrettyMIDI(path).instruments if i.notes}
        (made(base, tracks, rng, a.seconds) if kind == "Y" else arranged(base, tracks, kind, rng, a.seconds))

    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        list(pool.map(one, tasks))


if __name__ == "__main__":
    main()
