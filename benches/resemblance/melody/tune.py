#!/usr/bin/env python3
"""usage: tune.py > tests/data/melody/player-a-tune.tsv

The tune of `tests/data/performances/player-a.ogg` as it was composed: begin and end in seconds (the next note ends
one), MIDI number.
"""
import os, random, sys

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
sys.path[:0] = [os.path.join(root, "tests/data/performances"), os.path.join(root, "benches/kinds")]
import make

tune = [n for n in make.tune(random.Random(5)).notes if n[5] == "right"]
for (begin, end, _, pitch, *_), (after, *_) in zip(tune, tune[1:] + [(99.0,)]):
    print(f"{begin:.2f}\t{min(end, after):.2f}\t{pitch}")
