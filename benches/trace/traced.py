#!/usr/bin/env python3
"""What `soundalike scan` says of each file of make_traced.py: tables by class and version.

usage: traced.py OUT [--soundalike PATH] [--records FILE.jsonl] [--md FILE] [--also FILE ...]
                 [--most-human-strong N] [--least-strong PERCENT]

OUT          folder made by make_traced.py (truth.tsv, audio/)
--soundalike the binary; else $SOUNDALIKE, else `soundalike` on the path
--records    keeps the records here, and takes from it what it already holds (of the same binary)
--also       a list of files of human music, looked at whole and told apart
--most-human-strong, --least-strong   exit with 1 where more human versions are called strong, or where of the real and the
             riffused fewer of any version are

  glance    share in which the gate saw enough for a closer look    strong, weak   by `result`
  median, least, most   of the scores that a closer look gave

Python standard library only.
"""
import argparse, csv, hashlib, json, os, shutil, statistics, subprocess, sys, tempfile
from collections import defaultdict
from pathlib import Path

SCAN = ["--format", "jsonl", "--no-cluster", "--no-evidence", "--exit-zero", "--quiet"]


def scan(binary, files, records):
    """The record of each file, by path; an error is a record, too."""
    build = hashlib.sha256(Path(binary).read_bytes()).hexdigest()[:12]
    known = {}
    if records and records.exists():
        with open(records, encoding="utf-8") as f:
            known = {r["path"]: r for r in map(json.loads, f) if r["build"] == build}
    todo = [str(f) for f in files if str(f) not in known]
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "files"
        listing.write_text("".join(f + "\n" for f in todo))
        # Something has to be the reference: the first file will do.
        command = [binary, "scan", "--references", str(files[0]), "--files-from", str(listing), *SCAN]
        text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout if todo else ""
    for r in map(json.loads, text.splitlines()):
        if r["type"] == "decoder_trace":
            known[r["query"]["path"]] = {"build": build, "path": r["query"]["path"], "result": r["result"], "glance": r["glance"],
                                         **{k: r.get(k) for k in ("score", "highest_score", "lattice", "pitch_factor", "stretches")},
                                         "agrees": (r.get("window_match") or {}).get("agrees")}
        elif r["type"] == "error":
            known[r["subject"]] = {"build": build, "path": r["subject"], "result": "error", "glance": None, "score": None}
    if records:
        with open(records, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for r in known.values())
    return known


def row(name, found):
    n = len(found)
    count = lambda result: sum(f["result"] == result for f in found)
    scores = sorted(f["score"] for f in found if f["score"] is not None)
    looked = sum(f["score"] is not None or f.get("lattice") is not None for f in found)
    middle = f"{statistics.median(scores):.1f} | {scores[0]:.1f} | {scores[-1]:.1f}" if scores else " | | "
    return (f"| {name} | {n} | {100 * looked / n:.1f} % | {100 * count('strong') / n:.1f} % | {100 * count('weak') / n:.1f} % | "
            f"{count('not_measurable') + count('error')} | {middle} |")


HEAD = ["| version | files | looked at closely | strong | weak | not measurable | median | least | most |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]


def tables(groups):
    lines = []
    for of in ("human", "human, whole tracks", "real", "riffused", "drawn"):
        if of in groups:
            lines += [f"**{of}**", "", *HEAD]
            lines += [row(version, found) for version, found in groups[of].items()]
            together = [f for found in groups[of].values() for f in found]
            lines += [row("together", together), ""]
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("out", type=Path)
    p.add_argument("--soundalike", default=os.environ.get("SOUNDALIKE") or shutil.which("soundalike"))
    p.add_argument("--records", type=Path)
    p.add_argument("--md", type=Path)
    p.add_argument("--also", type=Path, nargs="*", default=[])
    p.add_argument("--most-human-strong", type=int)
    p.add_argument("--least-strong", type=float)
    args = p.parse_args()
    with open(args.out / "truth.tsv", encoding="utf-8") as f:
        truth = list(csv.DictReader(f, delimiter="\t"))
    whole = [Path(line) for listing in args.also for line in listing.read_text().splitlines()]
    files = [args.out / "audio" / r["file"] for r in truth]
    found = scan(args.soundalike, files + whole, args.records)
    groups = defaultdict(lambda: defaultdict(list))
    for r, path in zip(truth, files):
        version = f"{r['version']}, {r['seconds']} s"
        groups[r["class"]][version].append(found[str(path)])
    for path in whole:
        groups["human, whole tracks"]["as is"].append(found[str(path)])
    text = tables(groups)
    print(text)
    if args.md:
        args.md.write_text(text + "\n")
    human = [f for of in ("human", "human, whole tracks") for v in groups[of].values() for f in v]
    strong = sum(f["result"] == "strong" for f in human)
    traced = [v for of in ("real", "riffused") for v in groups[of].values()]
    least = min((100 * sum(f["result"] == "strong" for f in v) / len(v) for v in traced), default=100.0)
    if args.most_human_strong is not None and strong > args.most_human_strong:
        sys.exit(f"{strong} of {len(human)} human versions are called strong")
    if args.least_strong is not None and least < args.least_strong:
        sys.exit(f"of some version only {least:.1f} % are called strong")


if __name__ == "__main__":
    main()
