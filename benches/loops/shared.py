#!/usr/bin/env python3
"""One loop under strangers: does `cluster` suggest it as one?

    shared.py --dir DIR --soundalike BIN

DIR is the folder of the robustness benchmark with its corpus.  Each batch has eight tracks of eight packages, the first
minute of each, with 4 s of a ninth package in them, once or more in a row, and MP3 at 128 kbit/s.  Needs ffmpeg, numpy.
Prints a table: how loud, how often, how many of the tracks are suggested as sharing a loop, and how many are a cluster.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import tempfile

import numpy as np

RATE = 44_100
# Seed, dB against the music there, times in a row.
BATCHES = [(1, 0, 8), (2, 0, 8), (3, 3, 8), (4, -6, 8), (5, 0, 2), (6, 3, 12)]


def decode(path, seconds):
    command = ["ffmpeg", "-v", "error", "-i", path, "-t", str(seconds), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32).copy()


def rms(samples):
    return float(np.sqrt(np.mean(samples ** 2)))


def make(root, packages, batch, folder):
    """Writes a batch and its manifest; the manifest."""
    seed, level, times = batch
    chance = random.Random(seed)
    chosen = chance.sample(sorted(packages), 9)
    source = decode(os.path.join(root, chance.choice(packages[chosen[0]])), 90)
    begin = len(source) // 3
    loop = source[begin:begin + 4 * RATE]
    manifest = os.path.join(folder, f"{seed}.csv")
    with open(manifest, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "artist", "title"])
        for n, package in enumerate(chosen[1:]):
            track = decode(os.path.join(root, chance.choice(packages[package])), 60)
            if len(track) < 30 * RATE:
                continue
            played = np.tile(loop, times)[:len(track)]
            at = chance.randrange(max(1, len(track) - len(played)))
            there = slice(at, at + len(played))
            track[there] += played * rms(track[there]) / rms(loop) * 10 ** (level / 20)
            track *= 0.7 / max(0.7, float(np.abs(track).max()))
            path = os.path.join(folder, f"{seed}-{n}.mp3")
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-",
                            "-b:a", "128k", path], input=track.astype(np.float32).tobytes(), check=True)
            rows.writerow([path, f"Artist {n}", f"Song {n}"])
    return manifest


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--dir", required=True)
    options.add_argument("--soundalike", required=True)
    args = options.parse_args()
    packages = {}
    with open(os.path.join(args.dir, "split-dev.tsv"), newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            packages.setdefault(row["package"], []).append(row["file"])
    print("| loop against the music, dB | times in a row | tracks | suggested as sharing a loop | in clusters |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for batch in BATCHES:
            manifest = make(args.dir, packages, batch, folder)
            command = [args.soundalike, "cluster", manifest, "--format", "jsonl", "--exit-zero", "--quiet"]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            records = [json.loads(line) for line in out.splitlines()]
            shared = {t["path"] for r in records if r["type"] == "shared_loop" for t in r["tracks"]}
            grouped = {m for r in records if r["type"] == "cluster" for m in r["members"]}
            tracks = next(r["scanned"] for r in records if r["type"] == "summary")
            print(f"| {batch[1]} | {batch[2]} | {tracks} | {len(shared)} | {len(grouped)} |", flush=True)


if __name__ == "__main__":
    main()
