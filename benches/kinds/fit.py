#!/usr/bin/env python3
"""Fit the lines by which a match is called the same recording, from measures of pairs.

usage: fit.py MEASURES.tsv [MORE.tsv ...] [--judge OTHER.tsv ...] [--write src/scan]

MEASURES.tsv  of `kind_measures`; a column `class` says what each pair is
--judge       measures of pairs that were not fitted: tables of these, too
--write       writes the lines as Rust: params/discriminants.rs and likeness/lines.rs in that folder

Against two kinds of pairs that are no copies (much else in it, or other instruments; and another performance on the
very same instrument) a quadratic discriminant each: logistic regression on measures, their squares and products,
recordings against that kind.  Its constant is moved until it loses its part of the recordings (--losses).
Prints tables, by five-fold cross-validation over references for what was fitted.

Needs numpy and scikit-learn.
"""
import argparse, csv, math
from collections import Counter

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

# Damage that leaves little of any recording: shown, not fitted.
EXTREME = {"opus-low", "voice-codec"}
# Standard deviations from the mean beyond which a measure tells nothing more; src/scan/params/v1.rs has
# the same number.
FAR = 4.0


def log(column, least):
    return lambda r: math.log(r[column] + least)


def log_lack(column):
    return lambda r: math.log(1.01 - max(r[column], -0.5))


def plain(column):
    return lambda r: r[column]


# Name of a measure in Rust, and how it is made of the columns.
MEASURES = {
    "peaks.share": plain("share"),
    "peaks.strong_lead": plain("strong_lead"),
    "ln_lack(peaks.exact_time)": log_lack("exact_time"),
    "ln_lack(peaks.strong_exact)": log_lack("strong_exact"),
    "peaks.exact_pitch": plain("exact_pitch"),
    "peaks.looseness": plain("looseness"),
    "peaks.note_looseness": plain("note_looseness"),
    "levels.correlation": plain("correlation"),
    "ln_lack(levels.least_correlation)": log_lack("least_correlation"),
    "ln_lack(levels.change_correlation)": log_lack("change_correlation"),
    "ln(levels.deviation, 0.1)": log("deviation", 0.1),
    "ln(levels.loud, 0.1)": log("loud", 0.1),
    "ln(levels.excess, 0.002)": log("excess", 0.002),
    "ln(levels.lack, 0.002)": log("lack", 0.002),
    "ln(levels.gain, 0.1)": log("gain", 0.1),
    "ln(levels.calm, 0.1)": log("calm", 0.1),
    "levels.kurtosis": plain("kurtosis"),
    "levels.across": plain("across"),
    "levels.persistence": plain("persistence"),
}
LINES = {
    "OTHER": ("Copies against much else in it, a voice or a lead over a backing track, and against performances on other\n"
              "/// instruments.",
              ["ln(levels.loud, 0.1)", "levels.persistence", "levels.across", "levels.kurtosis",
               "ln_lack(levels.least_correlation)", "ln_lack(levels.change_correlation)", "peaks.share",
               "ln_lack(peaks.exact_time)", "ln_lack(peaks.strong_exact)", "peaks.exact_pitch", "peaks.looseness"],
              lambda r: r["class"] == "backing" or r["class"] == "performance" and r["family"] != "same-sound"),
    "PLAYED_AGAIN": ("Copies against performances on the very same instrument.",
                     ["ln(levels.loud, 0.1)", "ln(levels.deviation, 0.1)", "ln(levels.excess, 0.002)", "ln(levels.lack, 0.002)",
                      "ln(levels.calm, 0.1)", "ln(levels.gain, 0.1)", "levels.persistence", "levels.across",
                      "levels.kurtosis", "levels.correlation", "peaks.strong_lead", "ln_lack(peaks.exact_time)",
                      "peaks.exact_pitch", "peaks.looseness", "peaks.note_looseness"],
                     lambda r: r["family"] == "same-sound"),
}


def load(paths):
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for row in csv.DictReader(f, delimiter="\t"):
                if not row.get("persistence"):
                    continue
                for column in list(row)[list(row).index("turned"):]:
                    row[column] = float(row[column])
                row.update((name, measure(row)) for name, measure in MEASURES.items())
                row["group"] = path + row["reference_file"]
                rows.append(row)
    return [r for r in rows if r["turned"] == 0]  # both ways tell the same


def wide(rows):
    """References of which a plain or a mono copy has not the same peaks: where left and right are opposed, the
    analysis takes their difference, which a mono copy has lost."""
    copies = (r for r in rows if r["family"] == "clean" or r["parameter"] == "mono")
    return {r["group"] for r in copies if r["share"] < 0.8}


def unheard(row):
    """A backing whose channels are opposed: a lead in the middle is not in the difference."""
    return row["class"] == "backing" and row["share"] > 0.9 and row["exact_time"] > 0.8 and row["deviation"] < 1


def matrix(rows, names):
    return np.array([[row[k] for k in names] for row in rows])


def far(z):
    return np.clip(z, -FAR, FAR)


def discriminant():
    return make_pipeline(StandardScaler(), FunctionTransformer(far), PolynomialFeatures(2, include_bias=False),
                         LogisticRegression(C=0.3, max_iter=9000))


def level(row):
    if row["class"] == "backing":
        side = next((p for p in ("-6dB", "+0dB", "+6dB") if p in row["parameter"]), "")
        return f"backing {side}{', not heard' if unheard(row) else ''}"
    return row["class"] + (f" {row['family']}" if row["class"] == "performance" else " extreme" if row["family"] in EXTREME else "")


def table(title, rows, called):
    print(f"\n{title}\n\n| pairs | n | called the same recording |\n| --- | ---: | ---: |")
    total, same = Counter(), Counter()
    for row, is_same in zip(rows, called):
        for name in (level(row), row["class"] + " (all)"):
            total[name] += 1
            same[name] += bool(is_same)
    for name in sorted(total):
        print(f"| {name} | {total[name]} | {same[name]} = {100 * same[name] / total[name]:.1f} % |")
    lost = Counter(f"{r['family']} {r['parameter']}" for r, s in zip(rows, called) if r["class"] == "recording" and not s)
    print("\nlost:", dict(lost.most_common(25)))


def rust(name, title, measures, model, move):
    scaler, logit = model.steps[0][1], model.steps[-1][1]
    n, weights = len(measures), logit.coef_[0]
    def numbers(values, pad):
        words = [f"{v:.4f}".rstrip("0").rstrip(".") if abs(v) >= 5e-5 else "0" for v in values]
        words = [w if "." in w else w + ".0" for w in ("0" if w == "-0" else w for w in words)]
        lines, line = [], pad
        for word in words:
            if len(line) + len(word) + 2 > 98:
                lines.append(line.rstrip())
                line = pad
            line += word + ", "
        return "\n".join([*lines, line.rstrip()])
    return (f"/// {title}\npub(super) const {name}: Discriminant<{n}> = Discriminant {{\n"
            f"    mean: [\n{numbers(scaler.mean_, ' ' * 8)}\n    ],\n    deviation: [\n{numbers(scaler.scale_, ' ' * 8)}\n    ],\n"
            f"    constant: {logit.intercept_[0] - move:.4f},\n    linear: [\n{numbers(weights[:n], ' ' * 8)}\n    ],\n"
            f"    quadratic: &[\n{numbers(weights[n:], ' ' * 8)}\n    ],\n}};\n")


WEIGHTS_HEAD = '''//! The lines between copies and other versions. Written by `benches/kinds/fit.py`: change it there.

#![allow(clippy::approx_constant)] // a weight may lie near to one

use super::Discriminant;

'''
LINES_HEAD = '''//! What the lines between copies and other versions are drawn on. Written by `benches/kinds/fit.py`: change it there.

use super::discriminant::{ln, ln_lack, value};
use super::{LevelLikeness, PeakLikeness};
use crate::scan::params::LikenessParams;

/// Whether it is one recording that runs along both.
pub(super) fn is_recording(peaks: &PeakLikeness, levels: &LevelLikeness, params: &LikenessParams) -> bool {
'''


def write(scan, lines):
    weights = WEIGHTS_HEAD + "\n".join(rust(name, title, measures, *line) for name, (title, measures, _), line in lines)
    text = LINES_HEAD
    for name, (_, measures, _), _ in lines:
        text += f"    let {name.lower()} = [\n" + "".join(f"        {m},\n" for m in measures) + "    ];\n"
    above = [f"value(&params.{name.lower()}, {name.lower()}, params.far) >= 0.0" for name, *_ in lines]
    text += "    " + " && ".join(above) + "\n}\n"
    for name, text in (("params/discriminants.rs", weights), ("likeness/lines.rs", text)):
        with open(f"{scan}/{name}", "w", encoding="utf-8") as f:
            f.write(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("measures", nargs="+")
    parser.add_argument("--judge", nargs="*", default=[])
    parser.add_argument("--losses", type=float, nargs=len(LINES), default=[0.006, 0.006])
    parser.add_argument("--write")
    args = parser.parse_args()
    rows = load(args.measures)
    left_out = wide(rows)
    rows = [r for r in rows if r["class"] != "layer" and not (r["class"] == "recording" and r["group"] in left_out)]
    copies = [r for r in rows if r["class"] == "recording" and r["family"] not in EXTREME]
    called = np.ones(len(rows), bool)
    lines = []
    for (name, line), loss in zip(LINES.items(), args.losses):
        _, measures, is_other = line
        both = copies + [r for r in rows if is_other(r) and not unheard(r)]
        x, y = matrix(both, measures), np.array([r["class"] == "recording" for r in both])
        held = cross_val_predict(discriminant(), x, y, groups=[r["group"] for r in both], cv=GroupKFold(5), method="decision_function")
        move = np.quantile(held[y], loss)
        model = discriminant().fit(x, y)
        lines.append((name, line, (model, move)))
        by_row = {id(r): h for r, h in zip(both, held)}
        inner = model.decision_function(matrix(rows, measures))
        called &= np.array([by_row.get(id(r), v) >= move for r, v in zip(rows, inner)])
    table("Fitted (what was fitted on is judged by folds)", rows, called)
    for path in args.judge:
        other = load([path])
        same = np.ones(len(other), bool)
        for _, (_, measures, _), (model, move) in lines:
            same &= model.decision_function(matrix(other, measures)) >= move
        table(f"Judged: {path}", other, same)
    if args.write:
        write(args.write, lines)


if __name__ == "__main__":
    main()
