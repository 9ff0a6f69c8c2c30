#!/usr/bin/env python3
"""A peer to compare with: Chromaprint prints (fpcalc) and a simple matcher, as JSON Lines.

usage: chromaprint_match.py --refs LIST --queries LIST --out RECORDS.jsonl
                            [--cache DIR] [--jobs 2] [--candidates 20]

LISTs hold one path a line.  Prints come from `fpcalc -raw -length 0`; the records have the shape
that score.py reads.  Needs fpcalc (libchromaprint-tools) and, unlike the rest of this folder, numpy.

The matcher is ours, not AcoustID's server, and is meant to be fair rather than clever:
 1. the top 16 bits of every query item vote for (track, offset) among all reference items; items
    that more than 1,000 reference items share (silence, steady tones) do not vote;
 2. the best diagonals, and the next in each direction, are compared bit by bit; the evidence is the
    stretch with the largest sum of (10 - wrong bits), 10 of 32 being Chromaprint's own limit for a
    segment, times the share of distinct items in it, so that a constant print proves nothing;
 3. accepted: at least 16 items (2 s), at most 8 wrong bits on average, and evidence of 100 or more
    (set on the development queries, where it accepts 4 of 258 negatives).
One offset for each stretch of the query is reported; the time factor is always 1.
"""
import argparse, concurrent.futures as cf, hashlib, json, os, subprocess, sys
import numpy as np

ITEM_S = (4096 - 2731) / 11025          # hop of the analysis
WINDOW_S = (4096 + 15 * 1365) / 11025   # audio behind one item: 16 frames of chroma
SHIFT, CROWD, LIMIT = 16, 1000, 10
MIN_ITEMS, MAX_ERROR, MIN_SCORE = 16, 8.0, 100.0
CANDIDATE_SCORE, PER_TRACK = 8.0, 8


def fingerprint(path, cache):
    """Items as uint32; empty where fpcalc fails or the file is too short for one item."""
    at = None
    if cache:
        key = f"{os.path.abspath(path)}\0{os.path.getsize(path)}\0{os.stat(path).st_mtime_ns}"
        at = os.path.join(cache, hashlib.sha256(key.encode()).hexdigest()[:24] + ".npy")
        if os.path.exists(at):
            return np.load(at)
    r = subprocess.run(["fpcalc", "-raw", "-length", "0", path], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    line = next((l for l in r.stdout.splitlines() if l.startswith("FINGERPRINT=")), "FINGERPRINT=")
    items = np.array([int(x) & 0xFFFFFFFF for x in line[12:].split(",") if x], dtype=np.uint32)
    if at:
        np.save(at + ".tmp.npy", items)
        os.replace(at + ".tmp.npy", at)
    return items


def fingerprints(paths, cache, jobs):
    with cf.ThreadPoolExecutor(jobs) as ex:
        return list(ex.map(lambda p: fingerprint(p, cache), paths))


class Index:
    """All reference items in one line, with gaps, so that a diagonal names track and offset."""

    def __init__(self, prints, gap):
        self.starts = np.cumsum([0] + [len(p) + gap for p in prints])
        self.prints = prints
        items = np.concatenate(prints)
        where = np.concatenate([s + np.arange(len(p)) for s, p in zip(self.starts, prints)])
        keys = items >> SHIFT
        self.order = where[np.argsort(keys, kind="stable")]
        self.first = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << (32 - SHIFT)))])
        self.gap = gap

    def diagonals(self, query, count):
        """(track, shift) of the best diagonals; shift = reference item - query item."""
        hits = []
        for i, key in enumerate(query >> SHIFT):
            a, b = self.first[key], self.first[key + 1]
            if b - a <= CROWD:
                hits.append(self.order[a:b] - i)
        hits = np.concatenate(hits) if hits else np.empty(0, dtype=np.int64)
        if not len(hits):
            return []
        diagonals, votes = np.unique(hits, return_counts=True)
        best = diagonals[np.argsort(-votes, kind="stable")[:count]]
        return sorted({self.locate(d + k, len(query)) for d in best for k in (-1, 0, 1)} - {None})

    def locate(self, diagonal, length):
        track = int(np.searchsorted(self.starts, diagonal + self.gap, side="right")) - 1
        shift = int(diagonal - self.starts[track]) if 0 <= track < len(self.prints) else None
        return None if shift is None or shift >= len(self.prints[track]) or shift + length <= 0 else (track, shift)


def best_stretch(gain):
    """(sum, begin, end) of the stretch with the largest sum."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    low = np.minimum.accumulate(total[:-1])
    rise = total[1:] - low
    end = int(np.argmax(rise))
    begin = int(np.argmin(total[:end + 1]))
    return float(rise[end]), begin, end + 1


def compare(query, ref, shift):
    """Evidence along one diagonal: (score, mean wrong bits, begin, end in query items)."""
    a, b = max(0, -shift), min(len(query), len(ref) - shift)
    if b <= a:
        return None
    wrong = np.bitwise_count(query[a:b] ^ ref[a + shift:b + shift]).astype(float)
    score, begin, end = best_stretch(LIMIT - wrong)
    if score <= 0:
        return None
    distinct = len(np.unique(ref[a + shift + begin:a + shift + end])) / (end - begin)
    return score * distinct, float(wrong[begin:end].mean()), a + begin, a + end


def apart(lines):
    """The best lines first, each on a stretch of the query that no better one has taken."""
    kept = []
    for line in sorted(lines, key=lambda l: -l[0]):
        _, _, begin, end, _ = line
        taken = sum(max(0, min(end, k[3]) - max(begin, k[2])) for k in kept)
        if taken < (end - begin) / 2 and len(kept) < PER_TRACK:
            kept.append(line)
    return kept


def segment(line):
    _, error, begin, end, shift = line
    ms = lambda items, tail=0.0: round(1000 * (items * ITEM_S + tail))
    tail = WINDOW_S - ITEM_S
    return {"sample_begin_time_offset_ms": ms(begin), "sample_end_time_offset_ms": ms(end, tail),
            "db_begin_time_offset_ms": ms(begin + shift), "db_end_time_offset_ms": ms(end + shift, tail),
            "time_factor": 1.0, "pitch_cents": 0, "mean_wrong_bits": round(error, 2)}


def accepted(line):
    score, error, begin, end, _ = line
    return end - begin >= MIN_ITEMS and error <= MAX_ERROR and score >= MIN_SCORE


def matches(query, index, candidates):
    """(track, score, accepted, segments) for each track with any evidence, best first."""
    by_track = {}
    for track, shift in index.diagonals(query, candidates):
        got = compare(query, index.prints[track], shift)
        if got and got[0] >= CANDIDATE_SCORE:
            by_track.setdefault(track, []).append((*got, shift))
    out = []
    for track, lines in by_track.items():
        kept = apart(lines)
        good = [l for l in kept if accepted(l)]
        out.append((track, kept[0][0], bool(good), [segment(l) for l in good or kept[:1]]))
    return sorted(out, key=lambda m: -m[1])


def read_list(path):
    with open(path, encoding="utf-8") as f:
        return [l.rstrip("\n") for l in f if l.strip()]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--refs", "--queries", "--out"):
        ap.add_argument(name, required=True)
    ap.add_argument("--cache")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--candidates", type=int, default=20)
    a = ap.parse_args()
    if a.cache:
        os.makedirs(a.cache, exist_ok=True)
    refs, queries = read_list(a.refs), read_list(a.queries)
    ref_prints, query_prints = (fingerprints(l, a.cache, a.jobs) for l in (refs, queries))
    index = Index(ref_prints, gap=max(map(len, query_prints), default=0) + 2)
    with open(a.out + ".part", "w", encoding="utf-8") as out:
        for path, items in zip(queries, query_prints):
            for track, score, ok, segments in matches(items, index, a.candidates):
                rec = {"type": "match", "query": {"path": path}, "reference": {"ref_id": refs[track], "path": refs[track]},
                       "score": round(score, 3), "log10_evalue": None, "accepted": ok, "time_factor": 1.0,
                       "pitch_cents": 0, "segments": segments}
                out.write(json.dumps(rec) + "\n")
    os.replace(a.out + ".part", a.out)
    print(f"{a.out}: {len(queries)} queries against {len(refs)} references, "
          f"{sum(not len(p) for p in ref_prints + query_prints)} without a print", file=sys.stderr)


if __name__ == "__main__":
    main()
