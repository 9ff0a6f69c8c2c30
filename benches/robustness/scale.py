#!/usr/bin/env python3
"""Recall and scan cost against the size of the index.

usage: scale.py --dir DIR --index INDEX --soundalike BIN --distractors BIN [--tracks 1000 10000 100000]
                [--every 5]

INDEX holds the references (as run.sh makes it).  Larger ones are made by the distractors example
from their peaks, in DIR/scale, 390 MB per 10,000 tracks, and kept.  Every fifth query of
DIR/queries/dev is scanned against each, and every track of DIR/split-dev.tsv that is never indexed,
whole, on one thread.
"first" is the right track ranked first, "accepted" at the tool's own line.  Cost is CPU seconds
per query less those of the same scan against a single track, which are decoding and fingerprints.
Standard library only.
"""
import argparse, json, resource, subprocess, sys
from pathlib import Path

import score


def cpu(command, out):
    """CPU seconds of the command; its standard output goes to `out`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(out, "w") as file:
        code = subprocess.run(command, stdout=file).returncode
    if code not in (0, 3):
        sys.exit(f"exit code {code}: {' '.join(map(str, command))}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(path):
    head, *rows = (line.split("\t") for line in path.read_text().splitlines())
    return [dict(zip(head, row)) for row in rows]


def truth(queries):
    found = {}
    for row in table(queries / "truth.tsv"):
        found.setdefault(row["query_file"], []).append(row)
    return found


def recall(records, wanted, root, partners):
    """Queries with the right track first, and with it accepted."""
    best, accepted = {}, set()
    for line in Path(records).read_text().splitlines():
        record = json.loads(line)
        if record["type"] != "match":
            continue
        query = record["query"]["path"]
        reference = record["reference"]["path"].removeprefix(f"{root}/")
        sources = {row["source_track"] for row in wanted.get(query, [])}
        right = any(reference == s or reference in partners[s] for s in sources)
        if query not in best or record["log10_evalue"] < best[query][0]:
            best[query] = (record["log10_evalue"], right)
        if right and record["accepted"]:
            accepted.add(query)
    return sum(best.get(q, (0, False))[1] for q in wanted), len(accepted & wanted.keys())


def main():
    parser = argparse.ArgumentParser()
    for name in ("--dir", "--index", "--soundalike", "--distractors"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--tracks", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--every", type=int, default=5)
    args = parser.parse_args()
    root, work, queries = args.dir.resolve(), args.dir / "scale", args.dir.resolve() / "queries/dev"
    work.mkdir(exist_ok=True)
    found = truth(queries)
    positive = {q: rows for q, rows in found.items() if rows[0]["kind"] == "positive"}
    wanted = {str(queries / q): positive[q] for q in sorted(positive)[::args.every]}
    unknown = [row for row in table(root / "split-dev.tsv") if row["role"] == "neg"]
    long = [str(root / row["file"]) for row in unknown]
    partners = score.read_pairs(Path(__file__).parent / "same_piece.tsv")
    lists = {}
    for name, group in (("excerpts", wanted), ("long", long)):
        lists[name] = work / f"{name}.txt"
        lists[name].write_text("".join(f"{q}\n" for q in group))

    def scan(name, index):
        records = work / f"{name}.jsonl"
        return records, cpu([args.soundalike, "scan", "--files-from", lists[name], "--index", index, "--threads", "1",
                             "--format", "jsonl", "--depth", "thorough", "--min-level", "candidate", "--exit-zero", "--no-cluster",
                             "--no-evidence", "--quiet"], records)

    tiny = work / "one-track"
    if not (tiny / "MANIFEST").exists():
        one = root / next(iter(positive.values()))[0]["source_track"]
        cpu([args.soundalike, "index", "add", one, "--index", tiny, "--quiet"], "/dev/null")
    decode = {name: scan(name, tiny)[1] for name in lists}
    minutes = sum(float(row["duration"]) for row in unknown) / 60 / max(len(long), 1)
    print(f"{len(wanted)} damaged excerpts; {len(long)} unknown tracks of {minutes:.1f} min on average\n")
    print("| tracks | right first | accepted | CPU per excerpt | CPU per unknown track |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    sizes = [(None, args.index)] + [(n, work / f"index-{n}") for n in args.tracks]
    for tracks, index in sizes:
        if tracks and not (index / "complete").exists():
            subprocess.run([args.distractors, args.index, index, str(tracks)], check=True)
            (index / "complete").touch()
        records, excerpts = scan("excerpts", index)
        _, whole = scan("long", index)
        first, accepted = recall(records, wanted, root, partners)
        share = lambda n: f"{100 * n / len(wanted):.1f} %"
        print(f"| {tracks or 'references only'} | {share(first)} | {share(accepted)} "
              f"| {(excerpts - decode['excerpts']) / len(wanted):.3f} s | {(whole - decode['long']) / max(len(long), 1):.2f} s |",
              flush=True)


if __name__ == "__main__":
    main()
