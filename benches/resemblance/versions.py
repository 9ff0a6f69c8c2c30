#!/usr/bin/env python3
"""usage: versions.py POP909 OUT.tsv

How much of each song of POP909 its other versions keep: for every version the share of the main file's accompaniment and tune that
is there at the best key and shift, a note being kept when the same pitch begins within 60 ms or 0.12 beats.
More than half of the versions are note for note the main file; a test made of those measures soundfonts.  Needs numpy."""
import glob, os, sys
import numpy as np
import midi

NEAR_S, NEAR_BEATS = 0.06, 0.12


def is_tune(note):
    return note.track.lower().startswith("mel")


def shift_and_key(a, b, near):
    """The transposition and the shift in time that most pairs of notes agree on; rows of a, b: time, pitch."""
    semis = (b[:, 1][None] - a[:, 1][:, None]).astype(int)
    shift = b[:, 0][None] - a[:, 0][:, None]
    use = (np.abs(semis) <= 12) & (np.abs(shift) < 40)
    step = near / 2
    bins = np.round(shift[use] / step).astype(int)
    low = bins.min() if len(bins) else 0
    count = np.zeros((25, bins.max() - low + 3 if len(bins) else 3))
    np.add.at(count, (semis[use] + 12, bins - low + 1), 1)
    wide = count[:, :-2] + count[:, 1:-1] + count[:, 2:]
    k, s = np.unravel_index(np.argmax(wide), wide.shape)
    return int(k) - 12, (s + low) * step


def kept(a, b, key, shift, near):
    """Which of the notes a have one in b."""
    out = np.zeros(len(a), bool)
    for pitch in np.unique(a[:, 1]):
        t = np.sort(b[b[:, 1] == pitch + key, 0])
        if len(t):
            mine = a[:, 1] == pitch
            at = a[mine, 0] + shift
            i = np.searchsorted(t, at)
            gap = np.minimum(np.abs(at - t[np.minimum(i, len(t) - 1)]), np.abs(at - t[np.maximum(i - 1, 0)]))
            out[mine] = gap <= near
    return out


def compare(main, other):
    """(kept share of the accompaniment, of the tune, key, shift in seconds, whether seconds agreed better than beats)."""
    best = None
    for unit, near in (("begin", NEAR_S), ("beat", NEAR_BEATS)):
        rows = [np.array([(getattr(n, unit), n.pitch) for n in notes], float) for notes in (main, other)]
        tune = [np.array([is_tune(n) for n in notes], bool) for notes in (main, other)]
        whole = rows if min(t.sum() for t in tune) < 20 else [r[t] for r, t in zip(rows, tune)]
        key, shift = shift_and_key(*whole, near)
        have = kept(rows[0], rows[1], key, shift, near)
        back = kept(rows[1], rows[0], -key, -shift, near)

        def share(which, other_which):
            if not which.any() or not other_which.any():
                return 0.0
            recall, precision = have[which].mean(), back[other_which].mean()
            return 2 * recall * precision / max(recall + precision, 1e-9)
        found = (share(~tune[0], ~tune[1]), share(tune[0], tune[1]), key, shift, unit)
        if best is None or found[0] + found[1] > best[0] + best[1]:
            best = found
    return best


def time_line(main, other, key, shift, unit):
    """(scale, offset): other's seconds = scale * main's + offset, through the notes that both have, and the median residual."""
    near = NEAR_S if unit == "begin" else NEAR_BEATS
    by_pitch, pairs = {}, []
    for n in other:
        by_pitch.setdefault(n.pitch, []).append(n)
    for n in main:
        at = getattr(n, unit) + shift
        closest = min(by_pitch.get(n.pitch + key, ()), key=lambda o: abs(getattr(o, unit) - at), default=None)
        if closest and abs(getattr(closest, unit) - at) <= near:
            pairs.append((n.begin, closest.begin))
    x, y = np.array(pairs, float).reshape(-1, 2).T
    if len(x) < 20:
        raise ValueError("too few notes in common")
    use = np.ones(len(x), bool)
    for _ in range(4):
        scale, offset = np.polyfit(x[use], y[use], 1)
        gap = np.abs(scale * x + offset - y)
        use = gap <= max(0.05, 2 * np.median(gap))
    return scale, offset, float(np.median(gap))


def main():
    root, out = sys.argv[1:3]
    rows = []
    for song in sorted(os.listdir(root)):
        path = f"{root}/{song}/{song}.mid"
        if not os.path.exists(path):
            continue
        try:
            mine = midi.read(path)
        except Exception as e:
            print(f"left out: {path}: {e}", file=sys.stderr)
            continue
        rows.append((song, f"{song}/{song}.mid", "1", "1", "0", "0", "main", str(len(mine))))
        for other in sorted(glob.glob(f"{root}/{song}/versions/*.mid")):
            try:
                notes = midi.read(other)
                acc, tune, key, shift, unit = compare(mine, notes)
            except Exception as e:
                print(f"left out: {other}: {e}", file=sys.stderr)
                continue
            rows.append((song, os.path.relpath(other, root), f"{acc:.3f}", f"{tune:.3f}", str(key), repr(float(shift)), unit, str(len(notes))))
    with open(out + ".part", "w", encoding="utf-8") as f:
        f.write("song\tfile\taccompaniment_kept\ttune_kept\tsemitones\tshift\tunit\tnotes\n")
        f.writelines("\t".join(r) + "\n" for r in rows)
    os.replace(out + ".part", out)


if __name__ == "__main__":
    main()
