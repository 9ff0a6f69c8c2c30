#!/usr/bin/env python3
"""Learn the descriptor projection from pairs of clean and degraded music.

usage: train_projection.py PAIRS DUMP OUT.bin

PAIRS  folder made by degrade.sh
DUMP   the dump_constellations program
OUT    the table shipped with the library: src/fingerprint/projection.bin

Needs numpy and scipy.  Each 2 s window is a peak map (62 frequency x 32 time cells, peaks spread
bilinearly).  Linear discriminant analysis (Fisher 1936; Fukunaga 1990, ch. 10) finds the 256
directions in which different windows differ most against how much one window differs from its own
degraded copies, misaligned by up to +-64 ms.  A fixed random rotation then spreads the
discriminating power evenly over the 256 sign bits (as in Gong et al., "Iterative quantization",
2013, without the iterations).  Every third reference is used for training; see the report it
prints for tracks left out of it (--holdout).
"""
import subprocess, sys
from pathlib import Path

import numpy as np
import scipy.linalg

WINDOW, FREQ_STEP, TIME_STEP, FREQ_CELLS, TIME_CELLS, BITS = 500, 24, 16, 62, 32, 256
SPEED = {"fast.wav": 1.008, "slow.wav": 0.992}
POINT = np.dtype([("time", "<u4"), ("freq", "<u2"), ("rank", "<u2")])


def dump(tool, density, files, scratch):
    subprocess.run([tool, str(density), scratch, *map(str, files)], check=True)
    data, at, tracks = scratch.read_bytes(), 0, []
    while at < len(data):
        count = int.from_bytes(data[at:at + 4], "little")
        points = np.frombuffer(data, POINT, count, at + 4)
        tracks.append((points["time"].astype(float), points["freq"].astype(float), points["rank"]))
        at += 4 + 8 * count
    return tracks


def peak_maps(track, starts):
    times, freqs = track[:2]
    maps = np.zeros((len(starts), FREQ_CELLS * TIME_CELLS), np.float32)
    for row, start in zip(maps, starts):
        a, b = np.searchsorted(times, [start, start + WINDOW])
        t, f = (times[a:b] - start) / TIME_STEP - 0.5, freqs[a:b] / FREQ_STEP - 0.5
        t0, f0 = np.floor(t).astype(int), np.floor(f).astype(int)
        for i, wt in ((0, 1 - (t - t0)), (1, t - t0)):
            for j, wf in ((0, 1 - (f - f0)), (1, f - f0)):
                cell = np.clip(f0 + j, 0, FREQ_CELLS - 1) * TIME_CELLS + np.clip(t0 + i, 0, TIME_CELLS - 1)
                np.add.at(row, cell, wt * wf)
    return maps


def centred(maps, mean):
    count = maps.sum(1, keepdims=True)
    return (maps - count * mean) / np.sqrt(count + 1)


def learn(clean, degraded, keep):
    """`degraded` holds, per attack, the rows of `clean` it has copies of, and those copies."""
    mean = clean[keep].mean(0)
    mean /= mean.sum()
    reference = centred(clean, mean)
    between = np.cov(reference[keep].T)
    within = np.zeros_like(between)
    for rows, maps in degraded.values():
        difference = (centred(maps, mean) - reference[rows])[keep[rows]]
        within += difference.T @ difference / len(difference)
    within /= len(degraded)
    ridge = 0.05 * np.trace(within) / len(within) * np.eye(len(within))
    _, vectors = scipy.linalg.eigh(between, within + ridge)
    directions = vectors[:, ::-1][:, :BITS].T
    rotation = np.linalg.qr(np.random.default_rng(2026).standard_normal((BITS, BITS)))[0]
    # A map's cells sum to its peak count, so the mean can be taken off every cell's column.
    table = rotation @ directions
    table = table - (table @ mean)[:, None]
    return np.clip(np.round(table / np.abs(table).max(1, keepdims=True) * 127), -127, 127)


def report(table, clean, degraded, owner, test):
    """Share of test windows whose own clean window is the nearest of all other tracks' windows."""
    code = lambda maps: np.where(maps @ table.T > 0, 1, -1).astype(np.float32)
    stored = code(clean)
    for name, (_, maps) in sorted(degraded.items()):
        near = code(maps[test]) @ stored.T
        own = near[np.arange(len(test)), test].copy()
        near[owner[test][:, None] == owner[None, :]] = -BITS - 1
        rank = (near >= own[:, None]).sum(1)
        print(f"{name:12} first {np.mean(rank < 1):.3f}  in 8 {np.mean(rank < 8):.3f}  in 64 {np.mean(rank < 64):.3f}")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    pairs, tool, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    tracks = sorted(d for d in pairs.iterdir() if (d / "clean.wav").exists())
    # Other pitches and tempos (warp.sh) are not for windows on the clock.
    attacks = sorted(f.name for f in tracks[0].iterdir() if f.name != ".done" and "_" not in f.name)
    rng = np.random.default_rng(1)
    starts = [np.arange(0, 9500 - WINDOW, 125) + rng.integers(0, 40) for _ in tracks]
    owner = np.concatenate([np.full(len(s), i) for i, s in enumerate(starts)])
    scratch = out.with_suffix(".tmp")
    stored = dump(tool, 1.0, [d / "clean.wav" for d in tracks], scratch)
    clean = np.concatenate([peak_maps(t, s) for t, s in zip(stored, starts)])
    degraded = {}
    for attack in attacks:
        queries = dump(tool, 1.4, [d / attack for d in tracks], scratch)
        k = 1 / SPEED.get(attack, 1.0)
        maps = [peak_maps(q, (s + WINDOW / 2) * k - WINDOW / 2 + rng.uniform(-16, 16, len(s)))
                for q, s in zip(queries, starts)]
        degraded[attack] = (np.arange(len(owner)), np.concatenate(maps))
    scratch.unlink()
    full = clean.sum(1) > 20
    if "--holdout" in sys.argv:
        train = owner < len(tracks) * 2 // 3
        table = learn(clean, degraded, train & full)
        report(table, clean, degraded, owner, np.where(~train & full)[0])
    table = learn(clean, degraded, full)
    out.write_bytes(table.T.astype(np.int8).tobytes())
    print(f"wrote {out}: {FREQ_CELLS * TIME_CELLS} cells x {BITS} bits")


if __name__ == "__main__":
    main()
