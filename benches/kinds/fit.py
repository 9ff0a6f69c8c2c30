#!/usr/bin/env python3
"""Fit the lines by which a match is called the same recording, from measures of pairs.

usage: fit.py MEASURES.tsv [MORE.tsv ...] [--judge OTHER.tsv ...] [--loss 0.004]

MEASURES.tsv  of `kind_measures`; a column `class` says what each pair is
--judge       measures of pairs that were not fitted: tables of these, too
--loss        share of the recordings that the lines may lose together

Against three kinds of pairs that are no copies (much else in it or another player on other instruments; those
players alone; another player on the very same instrument) a logistic regression on measures, their squares and products, recordings against that kind;
its constant is moved until it loses its part of the share of recordings that --loss says.  Prints the
tables, by five-fold cross-validation over references, and the numbers for src/scan/likeness.rs.

Needs numpy and scikit-learn.
"""
import argparse, csv
from collections import Counter

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

# Damage that leaves little of any recording: shown, not fitted.
EXTREME = {"opus-low", "voice-codec"}
LINES = {
    "OTHER": (["share", "strong_lead", "exact_time", "exact_pitch", "bursts", "looseness", "note_looseness"],
              lambda r: r["class"] == "backing" or r["class"] == "performance" and r["family"] != "same-sound", 0.6),
    "PLAYED_ELSEWHERE": (["share", "looseness"],
                         lambda r: r["class"] == "performance" and r["family"] != "same-sound", 0.2),
    "PLAYED_AGAIN": (["share", "exact_time", "exact_pitch", "looseness", "note_looseness"],
                     lambda r: r["family"] == "same-sound", 0.2),
}


def load(paths):
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for row in csv.DictReader(f, delimiter="\t"):
                if row.get("share"):
                    row.update((k, float(row[k])) for names, *_ in LINES.values() for k in names)
                    rows.append(row)
    return rows


def wide(rows):
    """References of which a plain or a mono copy has not the same peaks: where left and right are opposed, the
    analysis takes their difference, which a mono copy has lost."""
    plain = (r for r in rows if r["family"] == "clean" or r["parameter"] == "mono")
    return {r["reference_file"] for r in plain if r["share"] < 0.8}


def matrix(rows, names):
    return np.array([[row[k] for k in names] for row in rows])


def raw(model, names):
    """Constant, linear and quadratic weights on the measures as they are."""
    scaler, poly, logit = (step for _, step in model.steps)
    def value(x):
        z = (np.asarray(x) - scaler.mean_) / scaler.scale_
        return float((poly.transform([z]) @ logit.coef_[0] + logit.intercept_[0])[0])
    n, unit = len(names), np.eye(len(names))
    constant = value(np.zeros(n))
    quadratic = np.zeros((n, n))
    linear = np.zeros(n)
    for i in range(n):
        up, down = value(unit[i]) - constant, value(-unit[i]) - constant
        quadratic[i, i], linear[i] = (up + down) / 2, (up - down) / 2
    for i in range(n):
        for j in range(i + 1, n):
            quadratic[i, j] = value(unit[i] + unit[j]) - constant - linear[i] - linear[j] - quadratic[i, i] - quadratic[j, j]
    return constant, linear, quadratic


def evaluate(numbers, x):
    constant, linear, quadratic = numbers
    return constant + x @ linear + np.einsum("ni,ij,nj->n", x, quadratic, x)


def level(row):
    if row["class"] != "backing":
        return f"{row['class']} {row['family']}"
    return "backing " + next((p for p in ("-6dB", "+0dB", "+6dB") if p in row["parameter"]), "")


def table(title, rows, called):
    print(f"\n{title}\n\n| pairs | n | called the same recording |\n| --- | ---: | ---: |")
    total, same = Counter(), Counter()
    for row, is_same in zip(rows, called):
        for name in (level(row), row["class"] + " (all)"):
            total[name] += 1
            same[name] += bool(is_same)
    for name in sorted(total):
        print(f"| {name} | {total[name]} | {100 * same[name] / total[name]:.1f} % |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("measures", nargs="+")
    parser.add_argument("--judge", nargs="*", default=[])
    parser.add_argument("--loss", type=float, default=0.016)
    args = parser.parse_args()
    rows = load(args.measures)
    left_out = wide(rows)
    fitted = [r for r in rows if r["class"] == "recording" and r["family"] not in EXTREME
              and r["reference_file"] not in left_out]
    called = np.ones(len(rows), bool)
    lines = {}
    for name, (measures, is_other, part) in LINES.items():
        both = fitted + [r for r in rows if is_other(r)]
        x, y = matrix(both, measures), np.array([r["class"] == "recording" for r in both])
        model = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), LogisticRegression(max_iter=9000))
        held = cross_val_predict(model, x, y, groups=[r["reference_file"] for r in both], cv=GroupKFold(5), method="decision_function")
        move = np.quantile(held[y], part * args.loss)
        model.fit(x, y)
        constant, linear, quadratic = raw(model, measures)
        lines[name] = (constant - move, linear, quadratic)
        by_row = {id(r): h - move for r, h in zip(both, held)}
        inner = evaluate(lines[name], matrix(rows, measures))
        called &= np.array([by_row.get(id(r), v) >= 0 for r, v in zip(rows, inner)])
    table("Fitted (what was fitted on is judged by folds)", rows, called)
    for path in args.judge:
        other = load([path])
        same = np.ones(len(other), bool)
        for name, (measures, *_) in LINES.items():
            same &= evaluate(lines[name], matrix(other, measures)) >= 0
        table(f"Judged: {path}", other, same)
        lost = Counter(f"{r['family']} {r['parameter']}" for r, s in zip(other, same) if r["class"] == "recording" and not s)
        print("\nlost:", dict(lost.most_common(20)))
    print()
    for name, (constant, linear, quadratic) in lines.items():
        n = len(linear)
        print(f"{name} on {', '.join(LINES[name][0])}:")
        print(f"  constant: {constant:.3f}, linear: {[round(v, 3) for v in linear.tolist()]},")
        print(f"  quadratic: {[round(float(quadratic[i, j]), 3) for i in range(n) for j in range(i, n)]}")


if __name__ == "__main__":
    main()
