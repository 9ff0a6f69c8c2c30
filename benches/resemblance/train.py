#!/usr/bin/env python3
"""usage: train.py --pop OUT/train --dev OUT/dev --features DIR --out projection_harmony.f32 [--songs N] [--no-local]

Learns the projection of harmony patches that the candidates' codes of `--works` are made with.

A patch is 8 s of chroma at two frames a second (16 x 12 values, unit length; features.py).  Linear discriminant analysis (Fukunaga,
"Introduction to Statistical Pattern Recognition", 1990, ch. 10) finds the 64 directions in which different places of music differ most
against how much the same place differs from its own other rendering: other instruments, key and tempo, misplaced by up to 0.4 s, the
tempo off by 4 %; all of it in 12 keys.  A fixed random orthogonal matrix spreads their power evenly over 256 sign bits.
The file is the product of both, 192 rows (frame * 12 + pitch class) of 256 little-endian f32; bit k is 1 where the sum of a
patch's values times column k is above 0.

--pop   the folder `train` of make_pop.py; --dev the folder of make_dev.py: every second piece (see `half`), the others judge.
--features keeps the features of both.  Needs numpy and ffmpeg."""
import argparse, csv, hashlib, os, sys
import numpy as np
import features as F

DIMS, BITS, RIDGE = 64, 256, 0.1
STRETCHES, MISPLACED = (0.96, 1.0, 1.04), 0.8   # misplaced in half seconds


def half(group):
    """0: to train on; 1: to judge.  By the group, so that settings of one melody stay together."""
    return sum(group.encode()) % 2


def truth(folder):
    with open(os.path.join(folder, "truth.tsv"), encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


class Store:
    """Features of files, kept in a folder."""
    def __init__(self, folder, local=8 * F.FPS, seconds=None):
        self.folder, self.local, self.seconds, self.have = folder, local, seconds, {}

    def __call__(self, path):
        if path not in self.have:
            name = hashlib.sha256(f"{os.path.abspath(path)} {self.seconds}".encode()).hexdigest()[:20]
            dst = os.path.join(self.folder, name + ".npz")
            if not os.path.exists(dst):
                F.save(path, dst, self.seconds)
            self.have[path] = F.features(np.load(dst)["raw"], self.local)
        return self.have[path]


def pairs_of(folder, rows, store):
    for r in rows:
        q, ref = (store(os.path.join(folder, r[k])) for k in ("query_file", "ref_file"))
        yield np.roll(q, -int(r["semitones"]), 1), ref, float(r["tempo"]), float(r["reference_second"])


def differences(q, ref, tempo, second, rng):
    """Patches of the query less those of the same place in the reference."""
    to_all = F.patches(ref, hop=1)
    for e in STRETCHES:
        p = F.patches(q, tempo * e, hop=1)
        middle = np.arange(len(p)) + F.PATCH / 2
        to = np.round(middle / e + 2 * second - F.PATCH / 2 + rng.uniform(-MISPLACED, MISPLACED, len(p))).astype(int)
        ok = (to >= 0) & (to < len(to_all))
        a, b = p[ok], to_all[to[ok]]
        live = (np.abs(a).sum(1) > 0) & (np.abs(b).sum(1) > 0)
        yield (a - b)[live]


def scatter(rows):
    """Sum of outer products over the 12 keys, and the number of rows."""
    d = F.PATCH * 12
    m = rows.T @ rows
    m = m.reshape(F.PATCH, 12, F.PATCH, 12)
    out = sum(np.roll(m, (k, k), (1, 3)) for k in range(12))
    return out.reshape(d, d).astype(np.float64), 12 * len(rows)


def learn(pairs, works, seed=0):
    rng, d = np.random.default_rng(seed), F.PATCH * 12
    within, nw, total, nt = np.zeros((d, d)), 0, np.zeros((d, d)), 0
    for q, ref, tempo, second in pairs:
        for rows in differences(q, ref, tempo, second, rng):
            m, n = scatter(rows)
            within, nw = within + m, nw + n
    for x in works:
        p = F.patches(x, hop=4)
        m, n = scatter(p[np.abs(p).sum(1) > 0])
        total, nt = total + m, nt + n
    return lda(within / (2 * nw), total / nt, rng), nw // 12, nt // 12


def lda(within, total, rng):
    d = len(within)
    within = within + RIDGE * np.trace(within) / d * np.eye(d)
    values, vectors = np.linalg.eigh(within)
    white = vectors / np.sqrt(values)
    ratio, v = np.linalg.eigh(white.T @ total @ white)
    order = np.argsort(ratio)[::-1][:DIMS]
    # unit variance on music in general, times how reliable a direction is
    gain = np.clip(ratio[order] - 1, 1e-3, None) / ratio[order]
    p = (white @ v[:, order]) * (gain / np.sqrt(ratio[order]))
    spread = np.linalg.qr(rng.standard_normal((BITS, DIMS)))[0].T
    return (p @ spread).astype("<f4"), p


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--pop", "--dev", "--features", "--out"):
        ap.add_argument(name, required=name != "--dev")
    ap.add_argument("--songs", type=int, help="at most so many songs of POP909")
    ap.add_argument("--renderings", type=int, default=9, help="at most so many of each")
    ap.add_argument("--no-local", action="store_true", help="do not take the 8 s mean away")
    a = ap.parse_args()
    store = Store(a.features, 0 if a.no_local else 8 * F.FPS)
    dev = [r for r in truth(a.dev) if r["kind"] == "same-60s" and half(r["group"]) == 0] if a.dev else []
    pop = truth(a.pop) if a.songs != 0 else []
    if a.songs:
        keep = sorted({r["piece"] for r in pop})[:a.songs]
        pop = [r for r in pop if r["piece"] in keep]
    pop = [r for r in pop if int(r["query_file"].split("/")[0][5:]) < a.renderings]
    pairs = list(pairs_of(a.dev, dev, store)) + list(pairs_of(a.pop, pop, store))
    works = {os.path.join(f, r["ref_file"]) for f, rows in ((a.dev, dev), (a.pop, pop)) for r in rows}
    (matrix, _), nw, nt = learn(pairs, [store(w) for w in sorted(works)])
    with open(a.out + ".part", "wb") as f:
        f.write(matrix.tobytes())
    os.replace(a.out + ".part", a.out)
    print(f"{a.out}: {matrix.shape[0]} x {matrix.shape[1]}, {len(dev)} dev pieces, {len(pop)} renderings of POP909 songs, {nw} pairs of patches, "
          f"{nt} patches of {len(works)} works", file=sys.stderr)


if __name__ == "__main__":
    main()
