#!/usr/bin/env python3
"""usage: codes.py PROJECTION --dev OUT/dev --test OUT/test --corpus DIR --split SPLIT.tsv --features DIR [--no-local] [--kinds REGEX]

The rank of the right work by the codes alone, by brute force: patches of references every 2 s, of queries every second, in 12 keys and
at five tempi; a work's score is the mean of its best hits at the three best places of one key and tempo.  Judged on the pieces of dev
that train.py leaves out and on the test songs of POP909; works are those, and up to 60 s of every second corpus reference."""
import argparse, csv, os, re
import numpy as np
import features as F
from train import BITS, Store, half, truth

TEMPI, PLACES, WORK_S = (0.82, 0.91, 1.0, 1.1, 1.22), 3, 60


def code(p, m):
    if m is None:
        return p
    return (np.where(p @ m > 0, 1, -1) / np.sqrt(m.shape[1])).astype(np.float32)


def scores(q, m, works, begins):
    best = None
    for tempo in TEMPI:
        p = F.patches(q, tempo, hop=2)
        for k in range(12):
            hit = code(F.rotate(p, k), m) @ works.T
            place = np.maximum.reduceat(hit, begins, axis=1)
            top = -np.sort(-place, 0)[:PLACES].mean(0)
            best = top if best is None else np.maximum(best, top)
    return best


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("projection", help="file of train.py, or `none`: the patches themselves")
    for name in ("--dev", "--test", "--corpus", "--split", "--features"):
        ap.add_argument(name, required=name != "--dev")
    ap.add_argument("--no-local", action="store_true")
    ap.add_argument("--every", type=int, default=1, help="only every so many of the queries")
    ap.add_argument("--kinds", default="same-20s|hook-10s|accomp|pop-20s")
    a = ap.parse_args()
    local = 0 if a.no_local else 8 * F.FPS
    m = None if a.projection == "none" else np.fromfile(a.projection, "<f4").reshape(F.PATCH * 12, -1)
    store, corpus = Store(a.features, local), Store(a.features, local, WORK_S)
    rows = [(a.dev, r) for r in (truth(a.dev) if a.dev else []) if half(r["group"]) == 1] + [(a.test, r) for r in truth(a.test)]
    rows = [(f, r) for f, r in rows if re.fullmatch(a.kinds, r["kind"])]
    refs = sorted({(os.path.join(f, r["ref_file"]), r["group"]) for f, r in rows})
    with open(a.split, encoding="utf-8") as f:
        tracks = [r["file"] for r in csv.DictReader(f, delimiter="\t") if r["role"] == "ref"][::2]
    codes, groups = [], []
    for path, group in refs + [(os.path.join(a.corpus, t), "-") for t in tracks]:
        x = (corpus if group == "-" else store)(path)
        codes.append(code(F.patches(x, hop=4), m))
        groups.append(group)
    begins = np.cumsum([0] + [len(c) for c in codes])[:-1]
    works, groups = np.concatenate(codes), np.array(groups)
    print(f"{a.projection}: {len(codes)} works, {len(works)} codes")
    found = {}
    for folder, r in rows[::a.every]:
        s = scores(store(os.path.join(folder, r["query_file"])), m, works, begins)
        mine = groups == r["group"]
        found.setdefault(r["kind"], []).append(1 + int((s[~mine] > s[mine].max()).sum()))
    for kind, ranks in found.items():
        ranks = np.array(ranks)
        print(f"  {kind:10} {len(ranks):4} queries: rank 1 {np.mean(ranks <= 1):.1%}, 5 {np.mean(ranks <= 5):.1%}, 20 {np.mean(ranks <= 20):.1%}, 100 {np.mean(ranks <= 100):.1%}", flush=True)


if __name__ == "__main__":
    main()
