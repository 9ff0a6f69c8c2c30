#!/usr/bin/env python3
"""usage: golden.py > tests/data/works/chroma.tsv

Rows of chroma (features.py) that the Rust code is compared with: five of each of three demo clips, and of a made signal that needs no
decoder: 20 s at 16 kHz, in second s the chord of the `chords` entry s // 2 % 4, every note with harmonics 1 to 5 of amplitude 0.1 / h,
sin(2 pi f h n / 16000), n counted from the begin of the signal, f = 440 * 2^((p - 69) / 12).  Needs numpy and ffmpeg."""
import os
import numpy as np
import features as F

HERE = os.path.dirname(os.path.abspath(__file__))
CLIPS = os.path.join(HERE, "..", "..", "tests", "data", "demo", "references")
CHORDS = [(45, 57, 60, 64), (41, 57, 60, 65), (48, 55, 60, 64), (43, 55, 59, 62)]     # A minor, F, C, G
SECONDS = 20


def made():
    n = np.arange(SECONDS * F.RATE)
    x = np.zeros(len(n))
    for s in range(SECONDS):
        at = n[s * F.RATE:(s + 1) * F.RATE]
        for p in CHORDS[s // 2 % 4]:
            for h in range(1, 6):
                x[at] += 0.1 / h * np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * h * at / F.RATE)
    return x.astype(np.float32)


def main():
    print("signal\trow\t" + "\t".join("C C# D D# E F F# G G# A A# B".split()))
    signals = [("made", made())] + [(f, F.decode(os.path.join(CLIPS, f))) for f in ("geoscape.ogg", "main-theme.ogg", "typing-to-jazz.ogg")]
    for name, x in signals:
        rows = F.features(F.raw_chroma(F.spectrum(x)))
        for i in (2, 17, 34, 51, 68):
            print(f"{name}\t{i}\t" + "\t".join(f"{v:.4f}" for v in rows[i]))


if __name__ == "__main__":
    main()
