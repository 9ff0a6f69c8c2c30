#!/usr/bin/env python3
"""Compares the records of two builds: compare.py OLD NEW, two folders with the same .jsonl files."""

import json
import sys
from pathlib import Path

# What a clock has measured.
BY_THE_CLOCK = {"summary": ["wall_ms", "realtime_factor"], "sweep": ["wall_ms", "started_at"], "begin": ["started_at"]}
# Digests of parameters, which say that a build is another one.
DIGESTS = ["scan_params", "dedup_params"]


def steady(record):
    """The record without what a clock has measured; times of files that were copied for the run, too."""
    for field in BY_THE_CLOCK.get(record["type"], []):
        record.pop(field, None)
    if record["type"] == "begin":
        for field in DIGESTS:
            record.pop(field, None)
        record.get("delivery", {}).pop("state", None)
    return record


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [steady(json.loads(line)) for line in lines]


def main(old, new):
    print(f"{'command':<15} {'records':>8} {'accepted matches':>17} {'lost':>5} {'new':>5} {'records that differ':>20}")
    differing = 0
    for path in sorted(Path(old).glob("*.jsonl")):
        before, after = read(path), read(Path(new) / path.name)
        accepted = [
            {(r["match_id"], r["match_kind"]) for r in records if r["type"] == "match" and r["accepted"]}
            for records in (before, after)
        ]
        pairs = list(zip(before, after))
        unlike = [(a, b) for a, b in pairs if json.dumps(a) != json.dumps(b)]
        count = len(unlike) + abs(len(before) - len(after))
        differing += count
        lost, found = len(accepted[0] - accepted[1]), len(accepted[1] - accepted[0])
        print(f"{path.stem:<15} {len(after):>8} {len(accepted[1]):>17} {lost:>5} {found:>5} {count:>20}")
        for a, b in unlike[:3]:
            print(f"  was {json.dumps(a)[:300]}\n  is  {json.dumps(b)[:300]}")
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
