#!/usr/bin/env python3
"""Riffusion: references passed through its picture codec, and clips of its own interpolations.

usage: riffusion.py --dir DIR --index INDEX --soundalike BIN [--clips FOLDER] [--tracks 12]

INDEX holds the references (as run.sh makes it).  From every so many of them 10 s (from second 25)
go through riffuse.py at five strengths and are scanned: that is recall against strength.
FOLDER holds real output of Riffusion v1, mp3 or wav; files longer than 20 s are taken for
interpolations, which are cut into their clips of 5.11 s.  All clips become references of an index
of their own, each is scanned against the others, and the table shows matches by distance within an
interpolation, and between files.  Everything is kept in DIR/riffused.
Needs ffmpeg, and numpy, scipy, soundfile and pillow for riffuse.py.
"""
import argparse, json, statistics, subprocess, sys
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
STRENGTHS = {
    "plain": [],
    "noise 6, latent 4": ["--noise", "6", "--latent", "4"],
    "noise 12, latent 12": ["--noise", "12", "--latent", "12"],
    "latent 24": ["--latent", "24"],
    "noise 24, latent 24": ["--noise", "24", "--latent", "24"],
}
CLIP = 5.11


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def cut(source, start, seconds, out):
    if not out.exists():
        run("ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", start, "-t", seconds, "-i", source, "-ac", 1,
            "-ar", 44100, out)


def matches(soundalike, index, files):
    """Best match record per (query, reference), both by file name."""
    listing = files[0].parent / "scan.txt"
    listing.write_text("".join(f"{f}\n" for f in files))
    found = {}
    text = run(soundalike, "scan", "--files-from", listing, "--index", index, "--format", "jsonl",
               "--min-level", "candidate", "--limit", 1000, "--exit-zero", "--no-cluster", "--no-evidence", "--quiet")
    for record in map(json.loads, text.splitlines()):
        if record["type"] == "match":
            key = (Path(record["query"]["path"]).stem, record["reference"]["path"])
            found.setdefault(key, record)
    return found


def recall(args, work):
    refs = sorted(r["path"] for r in map(json.loads, run(
        args.soundalike, "index", "list", "--index", args.index, "--format", "jsonl").splitlines()) if "path" in r)
    sources = {}
    for path in refs[3 :: max(len(refs) // args.tracks, 1)]:
        out = work / f"source{len(sources)}.wav"
        if len(sources) < args.tracks:
            cut(path, 25, 10, out)
            if out.stat().st_size > 44100 * 2 * 9:
                sources[out] = path
    print(f"{len(sources)} excerpts of 10 s against {len(refs)} references\n")
    print("| strength | right track first | accepted | median log10 E |\n| --- | ---: | ---: | ---: |")
    for name, options in STRENGTHS.items():
        queries = {}
        for source, path in sources.items():
            out = work / f"{source.stem}-{'-'.join(options).replace('--', '') or 'plain'}.wav"
            if not out.exists():
                run(sys.executable, HERE / "riffuse.py", source, out, *options)
            queries[out.stem] = path
        found = matches(args.soundalike, args.index, [work / f"{q}.wav" for q in queries])
        first = accepted = 0
        scores = []
        for query, path in queries.items():
            own = {ref: r for (q, ref), r in found.items() if q == query}
            if path in own:
                first += own[path]["log10_evalue"] <= min(r["log10_evalue"] for r in own.values())
                accepted += own[path]["accepted"]
                scores.append(own[path]["log10_evalue"])
        median = f"{statistics.median(scores):.0f}" if scores else "-"
        print(f"| {name} | {first} | {accepted} | {median} |", flush=True)


def neighbours(args, work):
    clips = {}
    for path in sorted(p for p in args.clips.iterdir() if p.suffix in (".mp3", ".wav")):
        seconds = float(run("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path))
        for i in range(int(seconds / CLIP) if seconds > 20 else 1):
            out = work / f"clip-{path.stem}-{i}.wav"
            cut(path, round(i * CLIP, 2), min(CLIP, seconds), out)
            clips[out.stem] = (path.stem, i, out)
    index = work / "clips-index"
    listing = work / "clips.txt"
    listing.write_text("".join(f"{c[2]}\n" for c in clips.values()))
    run(args.soundalike, "index", "add", "--files-from", listing, "--index", index, "--quiet")
    found = matches(args.soundalike, index, [c[2] for c in clips.values()])
    pairs, scores = defaultdict(list), defaultdict(list)
    for a, (file, i, _) in clips.items():
        for b, (other, j, out) in clips.items():
            if a == b:
                continue
            key = abs(i - j) if file == other else "other file"
            record = found.get((a, str(out)))
            pairs[key].append(bool(record and record["accepted"]))
            scores[key].append(record["log10_evalue"] if record else 0.0)
    print(f"\n{len(clips)} clips of {CLIP} s, each against all others\n")
    print("| clips apart | pairs | matched | median log10 E |\n| --- | ---: | ---: | ---: |")
    for key in sorted(pairs, key=lambda k: (isinstance(k, str), k)):
        n = len(pairs[key])
        print(f"| {key} | {n} | {100 * sum(pairs[key]) / n:.0f} % | {statistics.median(scores[key]):.1f} |")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--dir", "--index", "--soundalike"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--tracks", type=int, default=12)
    args = parser.parse_args()
    work = args.dir.resolve() / "riffused"
    work.mkdir(exist_ok=True)
    recall(args, work)
    if args.clips:
        neighbours(args, work)


if __name__ == "__main__":
    main()
