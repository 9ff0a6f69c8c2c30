#!/usr/bin/env python3
"""Copies of the other benchmarks as pairs for kind_measures and fit.py: damaged excerpts, edited copies.

usage: truth_of.py queries QUERIES CORPUS [COUNT]   the truth.tsv of ../robustness/make_queries.py, positive, 9 s and more
       truth_of.py edits EDITS                      a folder of ../edits/make_edits.py

Prints a truth.tsv with absolute paths.
"""
import csv, random, sys
from pathlib import Path


def read(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def queries(folder, corpus, count=220):
    rows = [r for r in read(Path(folder) / "truth.tsv") if r["kind"] == "positive" and r["role"] == "main"
            and r["segment"] == "0" and float(r["duration"]) >= 9]
    random.Random(5).shuffle(rows)
    for r in rows[:int(count)]:
        # Other music as loud is as much another recording.
        kind = "layer" if (r["degradation"], r["parameter"]) == ("layer", "0dB") else "recording"
        yield (Path(folder) / r["query_file"], Path(corpus) / r["source_track"], kind, "clip-" + r["degradation"], r["parameter"],
               r["query_id"])


def edits(folder):
    for r in read(Path(folder) / "truth.tsv"):
        yield (Path(folder) / r["query_file"], Path(folder) / r["source_track"], "recording", "edit-" + r["family"], r["parameter"], "-")


def main():
    makers = {"queries": queries, "edits": edits}
    if len(sys.argv) < 3 or sys.argv[1] not in makers:
        sys.exit(__doc__)
    print("query_file", "reference_file", "class", "family", "parameter", "note", sep="\t")
    for query, reference, *rest in makers[sys.argv[1]](*sys.argv[2:]):
        print(query.absolute(), reference.absolute(), *rest, sep="\t")


main()
