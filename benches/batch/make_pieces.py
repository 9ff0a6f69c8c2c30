#!/usr/bin/env python3
"""Cuts the music of a corpus into a thousand pieces: a batch of real music in which little is there twice.

usage: make_pieces.py --split SPLIT.tsv --split-name dev --root DIR --out FOLDER [--pieces 1000] [--seconds 75]

Pieces of one track follow each other and share nothing but what the track repeats; nothing is encoded
anew.  Needs ffmpeg; Python standard library only.  Same arguments, same pieces; interrupted runs go on.
"""
import argparse, csv, os, subprocess
from concurrent.futures import ThreadPoolExecutor

LEAST = 30


def plan(rows, seconds, pieces):
    jobs = []
    for number, row in enumerate(rows):
        duration, ending = float(row["duration"]), os.path.splitext(row["file"])[1]
        for k in range(max(1, int(duration // seconds))):
            length = min(seconds, duration - k * seconds)
            if length >= LEAST:
                jobs.append((row["file"], k * seconds, length, f"{number:03d}-{k}{ending}"))
    step = max(1.0, len(jobs) / pieces)
    return [jobs[int(i * step)] for i in range(min(pieces, len(jobs)))]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--split", "--split-name", "--root", "--out"):
        ap.add_argument(name, required=True)
    ap.add_argument("--pieces", type=int, default=1000), ap.add_argument("--seconds", type=int, default=75)
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    with open(a.split, encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t") if r["split"] == a.split_name]

    def cut(job):
        source, start, length, name = job
        out = os.path.join(a.out, name)
        if not os.path.exists(out):
            part = os.path.join(a.out, "part-" + name)
            subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", str(start), "-t", str(length), "-i",
                            os.path.join(a.root, source), "-map", "0:a:0", "-c", "copy", part], check=True)
            os.rename(part, out)

    with ThreadPoolExecutor(2) as pool:
        print(sum(1 for _ in pool.map(cut, plan(rows, a.seconds, a.pieces))), "pieces")


if __name__ == "__main__":
    main()
