#!/usr/bin/env python3
"""What the E-value says against what happened, and the constants that fit the observed tail.

usage: calibrate.py RECORDS.jsonl --hours HOURS --params src/scan/params/v1.rs

RECORDS  of `soundalike scan --min-level candidate --limit 1` over audio that is in no reference;
         files named music* are unknown music, the rest is named in the table
--hours  audio in the index

If E-values are honest, n unknown files have about n * x best matches with E <= x.  The tail of the
best score S of unknown music is exponential: P(S > s) = K * hours * exp(-lambda * s).  Lambda is
fitted by maximum likelihood to the scores above their 80th percentile, and hour_score, the score
at which one chance match an hour is expected, follows.  Standard library only.
"""
import argparse, json, math, re
from collections import defaultdict
from pathlib import Path


def constants(source):
    text = Path(source).read_text()
    return [float(re.search(rf"\b{name}: (-?[\d.]+),", text)[1]) for name in ("lambda", "hour_score")]


def nats(log10_evalue, hours, lam, hour_score):
    return hour_score + (math.log10(max(hours, 1)) - log10_evalue) * math.log(10) / lam


def fit(scores, hours, share=0.2):
    """Lambda and hour_score from the best scores of unknown files (0 where nothing was found)."""
    scores = sorted(scores, reverse=True)
    count = max(int(len(scores) * share), 2)
    tail, line = scores[:count], scores[count]
    lam = count / sum(s - line for s in tail)
    # At `line`, count / n chance matches a file; one an hour is where hours * exp(...) makes it so.
    return lam, line - math.log(max(hours, 1) * len(scores) / count) / lam


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("records"), parser.add_argument("--hours", type=float, required=True)
    parser.add_argument("--params", required=True)
    args = parser.parse_args()
    lam, hour_score = constants(args.params)
    best, changed = {}, {}
    for line in Path(args.records).read_text().splitlines():
        record = json.loads(line)
        if record["type"] in ("match", "scanned"):
            name = Path(record["query"]["path"]).stem
            best.setdefault(name, math.inf)
        if record["type"] == "match" and record["log10_evalue"] < best[name]:
            best[name] = record["log10_evalue"]
            changed[name] = abs(record["time_factor"] - 1) > 0.005 or abs(record["pitch_cents"]) > 21
    music = {name: e for name, e in best.items() if name.startswith("music")}
    groups = defaultdict(dict)
    for name, e in music.items():
        groups[name.split("-")[0]][name] = e
    print(f"{len(music)} unknown clips against {args.hours:.0f} h of references\n")
    print("| E at most | expected | all | at another speed or pitch | " + " | ".join(sorted(groups)) + " |")
    print("| --- " * (4 + len(groups)) + "|")
    for power in (0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0):
        under = [name for name, e in music.items() if e <= power]
        cells = [f"{len(music) * 10 ** power:.1f}", len(under), sum(changed[name] for name in under)]
        cells += [f"{sum(e <= power for e in groups[g].values())} of {len(groups[g])}" for g in sorted(groups)]
        print(f"| {10 ** power:.3g} | " + " | ".join(map(str, cells)) + " |")
    found = [nats(e, args.hours, lam, hour_score) if e < math.inf else 0.0 for e in music.values()]
    fitted = fit(found, args.hours)
    print(f"\nin use: lambda {lam}, hour_score {hour_score}; fitted: {fitted[0]:.3f}, {fitted[1]:.1f}")
    print("\n| no music | best log10 E |\n| --- | ---: |")
    for name, e in sorted((n, e) for n, e in best.items() if n not in music):
        print(f"| {name} | {'nothing found' if e == math.inf else f'{e:.1f}'} |")


if __name__ == "__main__":
    main()
