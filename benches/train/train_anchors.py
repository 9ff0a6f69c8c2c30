#!/usr/bin/env python3
"""Learn the projection of anchors' surroundings from pairs of clean and degraded music.

usage: train_anchors.py PAIRS DUMP OUT.bin [--holdout]

PAIRS  folder made by degrade.sh and warp.sh
DUMP   the dump_constellations program
OUT    the table shipped with the library: src/fingerprint/anchor_projection.bin

Needs numpy and scipy.  As train_projection.py, but the map is centred on an anchor (the strongest
peak of its band within half a second to each side) in time and log-frequency, and the degraded
copies include other pitches, tempos and speeds; their times are scaled back with an error of up to
3 %, since a query knows the tempo only to half a rung.  --holdout first prints how often the own
anchor is the nearest of all other tracks', for the third of the tracks left out of training.
"""
import sys
from pathlib import Path

import numpy as np

from train_projection import BITS, FREQ_CELLS, FREQ_STEP, TIME_CELLS, TIME_STEP, WINDOW, dump, learn

ANCHORS = (64 * 8, 118 * 8)
# Attack: speed, semitones.
CHANGES = {
    "fast.wav": (1.008, None), "slow.wav": (0.992, None), "speed_up.wav": (1.12, None), "speed_down.wav": (0.88, None),
    "tempo_up.wav": (1.15, 0), "tempo_down.wav": (0.85, 0),
    "pitch_up.wav": (1, 2.5), "pitch_down.wav": (1, -3.5), "pitch_high.wav": (1, 4),
}


def anchor_maps(track, anchors, ratios):
    times, freqs = track[:2]
    maps = np.zeros((len(anchors), FREQ_CELLS * TIME_CELLS), np.float32)
    for row, i, ratio in zip(maps, anchors, ratios):
        reach = WINDOW / 2 / ratio + TIME_STEP
        near = np.arange(*np.searchsorted(times, [times[i] - reach, times[i] + reach]))
        near = near[near != i]
        t = ((times[near] - times[i]) * ratio + WINDOW / 2) / TIME_STEP - 0.5
        f = (freqs[near] - freqs[i] + FREQ_CELLS * FREQ_STEP / 2) / FREQ_STEP - 0.5
        t0, f0 = np.floor(t).astype(int), np.floor(f).astype(int)
        for dt, wt in ((0, 1 - (t - t0)), (1, t - t0)):
            for df, wf in ((0, 1 - (f - f0)), (1, f - f0)):
                inside = (t0 + dt >= 0) & (t0 + dt < TIME_CELLS) & (f0 + df >= 0) & (f0 + df < FREQ_CELLS)
                np.add.at(row, (f0[inside] + df) * TIME_CELLS + t0[inside] + dt, (wt * wf)[inside])
    return maps


def partners(clean, anchors, query, speed, shift):
    """Indices of anchors and of the query peaks that are their copies."""
    times, freqs = query[:2]
    pairs = []
    for n, i in enumerate(anchors):
        t, f = clean[0][i] / speed, clean[1][i] + shift
        lo, hi = np.searchsorted(times, [t - 14, t + 14])
        if hi > lo:
            squared = ((times[lo:hi] - t) / 5) ** 2 + ((freqs[lo:hi] - f) / 4) ** 2
            if squared.min() < 7:
                pairs.append((n, lo + squared.argmin()))
    return pairs


def code_bits(maps, table):
    return np.where(maps @ table.T > 0, 1, -1).astype(np.float32)


def report(table, clean, degraded, owner, test):
    stored = code_bits(clean, table)
    for name, (rows, maps) in sorted(degraded.items()):
        held = test[rows]
        near = code_bits(maps[held], table) @ stored.T
        rows = rows[held]
        own = near[np.arange(len(rows)), rows].copy()
        near[owner[rows][:, None] == owner[None, :]] = -BITS - 1
        rank = (near >= own[:, None]).sum(1)
        print(f"{name:16} first {np.mean(rank < 1):.3f}  in 8 {np.mean(rank < 8):.3f}  in 64 {np.mean(rank < 64):.3f}")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    pairs, tool, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    tracks = sorted(d for d in pairs.iterdir() if (d / "clean.wav").exists())
    attacks = sorted(f.name for f in tracks[0].iterdir() if f.name not in (".done", "clean.wav"))
    rng, scratch = np.random.default_rng(1), out.with_suffix(".tmp")
    load = lambda density, name: dump(tool, density, [d / name for d in tracks], scratch)
    stored = load(1.0, "clean.wav")
    anchors = [np.where((r == 0) & (f >= ANCHORS[0]) & (f < ANCHORS[1]) & (t > 250) & (t < 9300))[0] for t, f, r in stored]
    first = np.concatenate([[0], np.cumsum([len(a) for a in anchors])])
    owner = np.repeat(np.arange(len(tracks)), np.diff(first))
    clean = np.concatenate([anchor_maps(t, a, np.ones(len(a))) for t, a in zip(stored, anchors)])
    full, degraded = clean.sum(1) > 15, {}
    for attack in attacks:
        speed, pitch = CHANGES.get(attack, (1, 0))
        shift = 24 * (12 * np.log2(speed) if pitch is None else pitch)
        rows, maps = [], []
        for n, query in enumerate(load(1.4, attack)):
            found = partners(stored[n], anchors[n], query, speed, shift)
            if found:
                own, theirs = np.array(found).T
                rows.append(first[n] + own)
                maps.append(anchor_maps(query, theirs, speed * (1 + rng.uniform(-0.03, 0.03, len(theirs)))))
        degraded[attack] = (np.concatenate(rows), np.concatenate(maps))
    scratch.unlink()
    if "--holdout" in sys.argv:
        train = owner < len(tracks) * 2 // 3
        report(learn(clean, degraded, train & full), clean, degraded, owner, ~train & full)
    table = learn(clean, degraded, full)
    out.write_bytes(table.T.astype(np.int8).tobytes())
    print(f"wrote {out}: {FREQ_CELLS * TIME_CELLS} cells x {BITS} bits")


if __name__ == "__main__":
    main()
