#!/usr/bin/env python3
"""Mutants of small real files of every format, against the program: does it ever abort, hang, or grow?

    mutants.py PROGRAM [--count 100000] [--chunk 2000] [--seed 1] [--keep DIR] [FILE…]

Takes the fixtures in tests/data/formats and the hostile files in fuzz/seeds/decode_audio, or the FILEs named. Makes
mutants chunk by chunk (bits, bytes, words, blocks, cuts, copies, splices of two files; pages of Ogg get a good checksum
again in half of the cases, so that mutants come past it), adds each chunk to an index of its own, and prints a table. Each
mutant must be added, or be an error that names it. Ends with 1 where the program was ended by a signal, took longer
than its limit, needed more than 512 MB, lost a file, or had to contain a crash or a panic; --keep saves those files.
"""
import argparse
import collections
import json
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_MB = 512
SECONDS_PER_FILE = 20
WORDS = [b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x01"]


def crc_table():
    table = []
    for i in range(256):
        value = i << 24
        for _ in range(8):
            value = ((value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return table


CRC = crc_table()


def resealed(data):
    """Ogg with the checksums of its pages made good."""
    data, at = bytearray(data), data.find(b"OggS")
    while at >= 0 and at + 27 <= len(data):
        body = at + 27 + data[at + 26]
        end = min(len(data), body + sum(data[at + 27:body]))
        data[at + 22:at + 26] = b"\0\0\0\0"
        crc = 0
        for byte in data[at:end]:
            crc = (crc << 8 & 0xFFFFFFFF) ^ CRC[crc >> 24 ^ byte]
        data[at + 22:at + 26] = crc.to_bytes(4, "little")
        at = data.find(b"OggS", max(end, at + 27))
    return bytes(data)


def mutate(data, other, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 8])):
        if not data:
            break
        # Most of what a demuxer believes stands at the start.
        reach = len(data) if rng.random() < 0.4 else min(len(data), rng.choice([64, 512, 4096]))
        at, length = rng.randrange(reach), rng.choice([1, 2, 4, 16, 64, 512])
        kind = rng.randrange(9)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at] = rng.randrange(256)
        elif kind == 2:
            data[at:at + 4] = rng.choice(WORDS)
        elif kind == 3:
            data[at:at + length] = bytes(length)
        elif kind == 4:
            data[at:at + length] = rng.randbytes(length)
        elif kind == 5:
            del data[at:at + length]
        elif kind == 6:
            data[at:at] = data[at:at + length] * rng.choice([1, 2, 50])
        elif kind == 7:
            del data[rng.randrange(len(data)):]
        else:
            start = rng.randrange(len(other))
            data[at:at + length] = other[start:start + length]
    data = bytes(data)
    return resealed(data) if data.startswith(b"OggS") and rng.random() < 0.5 else data


def run_chunk(program, folder, index, files):
    """What came of the files in `folder`: counts by code, the bad ones, and faults in words."""
    command = [program, "index", "add", str(folder), "--index", str(index), "--format", "jsonl", "--quiet",
               "--timeout-per-file", str(SECONDS_PER_FILE)]
    began = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, timeout=60 + SECONDS_PER_FILE * files)
    except subprocess.TimeoutExpired:
        return collections.Counter(), [], ["hangs"], time.monotonic() - began
    faults = [f"ended with {done.returncode}"] if done.returncode not in (0, 3) else []
    counts, bad, summary = collections.Counter(), [], None
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        record = json.loads(line)
        if record["type"] == "error":
            counts[record["code"]] += 1
            if record["code"] in ("internal_error", "crashed", "timeout"):
                bad.append((record["code"], record["subject"], record["message"]))
        elif record["type"] == "index_add":
            summary = record
    if summary is None:
        faults.append("says nothing at the end")
    else:
        counts["added"] += summary["added"]
        counts["already there"] += summary["present"]
        told = summary["added"] + summary["present"] + summary["featureless"] + summary["errors"]
        if summary["inputs"] != files or told != files:
            faults.append(f"{files} files, {summary['inputs']} seen, {told} told")
    return counts, bad, faults, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path)
    args = parser.parse_args()
    names = args.files or sorted(p for p in (ROOT / "tests/data/formats").iterdir() if p.suffix not in (".md", ".sh")) + \
        sorted((ROOT / "fuzz/seeds/decode_audio").iterdir())
    seeds = [(path.suffix, path.read_bytes()) for path in names]
    rng, total, seconds, failed, bad = random.Random(args.seed), collections.Counter(), 0.0, [], 0
    made = 0
    while made < args.count:
        n = min(args.chunk, args.count - made)
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place, "mutants")
            folder.mkdir()
            for i in range(n):
                suffix, data = seeds[(made + i) % len(seeds)]
                mutant = mutate(data, rng.choice(seeds)[1], rng)
                (folder / f"{made + i:06}{suffix}").write_bytes(mutant)
            counts, found, faults, took = run_chunk(args.program, folder, pathlib.Path(place, "index"), n)
            total.update(counts)
            seconds += took
            failed += [f"chunk at {made}: {fault}" for fault in faults]
            bad += len(found)
            for code, subject, message in found:
                print(f"{code}: {message}", file=sys.stderr)
                if args.keep:
                    args.keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(subject, args.keep / f"{code}-{pathlib.Path(subject).name}")
        made += n
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if peak > LIMIT_MB:
        failed.append(f"needed {peak:.0f} MB")
    print(f"| mutants | {made:,} of {len(seeds)} files |\n| --- | ---: |")
    for code, count in sorted(total.items()):
        print(f"| {code} | {count:,} |")
    print(f"| peak memory of one process | {peak:.0f} MB |\n| per file | {1000 * seconds / max(made, 1):.1f} ms |")
    for fault in failed:
        print(f"FAULT {fault}")
    # A contained panic costs its file, as it should; a worker that died says that a limit is missing.
    sys.exit(1 if failed or total["crashed"] or total["timeout"] else 0)


if __name__ == "__main__":
    main()
