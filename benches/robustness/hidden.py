#!/usr/bin/env python3
"""Excerpts of references hidden in unknown tracks: what each depth of a scan finds, and for what price.

usage: hidden.py --dir DIR --index INDEX --soundalike BIN [--split dev] [--hosts 40] [--depths standard,thorough]

DIR holds the corpus as run.sh makes it, INDEX its references (more may be in it).  Into the middle of
every unknown track of a minute and more a few seconds of a reference are cut, or mixed 6 dB over what
is there; as they are, faster or slower, higher or lower.  All are encoded at 128 kbit/s.  A case
counts as found when the reference is accepted with a segment that overlaps the excerpt; the second
number of a cell counts tracks in which anything else was accepted.  The last row is CPU seconds of
the scan over those of `index add` of the same files.  Everything is kept in DIR/hidden.
Needs ffmpeg; Python standard library only.
"""
import argparse, csv, json, os, subprocess, tempfile
from collections import defaultdict
from pathlib import Path

# name: (seconds, gain of the excerpt over the host in dB or None for a cut, filter)
FASTER = "asetrate=44100*{0},aresample=44100"
CASES = {
    "5 s cut in": (5, None, ""),
    "10 s cut in": (10, None, ""),
    "20 s cut in": (20, None, ""),
    "10 s, 6 dB over other music": (10, 6, ""),
    "20 s, 6 dB over other music": (20, 6, ""),
    "10 s, 7 % faster": (10, None, FASTER.format(1.07)),
    "20 s, 7 % faster": (20, None, FASTER.format(1.07)),
    "20 s, tempo 10 % slower": (20, None, "atempo=0.9"),
    "20 s, two semitones higher": (20, None, FASTER.format(2 ** (2 / 12)) + f",atempo={2 ** (-2 / 12)}"),
    "40 s, 12 % slower": (40, None, FASTER.format(0.88)),
}
LONGEST_HOST = 180


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def cpu(*command):
    """Standard output and CPU seconds; an exit code of 3 (some input was not read) is a result."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3):
            raise SystemExit(f"{command}: exit {process.returncode}")
        out.seek(0)
        return out.read(), used.ru_utime + used.ru_stime


def tracks(args, role):
    with open(args.dir / f"split-{args.split}.tsv", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t") if r["role"] == role and r["split"] == args.split]
    return [(args.dir / r["file"], float(r["duration"])) for r in rows if float(r["duration"]) >= 60]


def hide(host, length, source, start, case, out):
    """Writes the host with the excerpt in its middle; returns where that begins and ends, in ms."""
    seconds, gain, change = case
    end = min(length, LONGEST_HOST)
    at = round(end / 2 - seconds / 2, 3)
    if not out.exists():
        common = "aresample=44100,aformat=sample_fmts=fltp:channel_layouts=stereo"
        excerpt = f"[1:a]{common}" + (f",{change}" if change else "") + f",atrim=0:{seconds},asetpts=N/SR/TB"
        whole = f"[0:a]{common},atrim=0:{end}"
        if gain is None:
            graph = (f"{whole},asplit[a][b];[a]atrim=0:{at}[a1];[b]atrim={at + seconds},asetpts=N/SR/TB[b1];"
                     f"{excerpt}[x];[a1][x][b1]concat=n=3:v=0:a=1")
        else:
            graph = (f"{whole}[a];{excerpt},adelay={int(at * 1000)}:all=1[x];"
                     f"[a][x]amix=inputs=2:duration=first:normalize=0:weights={10 ** (-gain / 20):.3f} 1,volume=0.7")
        part = out.with_suffix(".part.mp3")
        run("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", host, "-ss", start, "-i", source, "-filter_complex", graph,
            "-b:a", "128k", part)
        part.rename(out)
    return 1000 * at, 1000 * (at + seconds)


def make(args, work):
    hosts, sources = tracks(args, "neg")[: args.hosts], tracks(args, "ref")
    made = []
    for c, (name, case) in enumerate(CASES.items()):
        for h, (host, length) in enumerate(hosts):
            source, long = sources[(37 * h + 101 * c) % len(sources)]
            start = round(min(20 + 7 * (h % 5), long - 1.3 * case[0]), 3)
            out = work / f"c{c}-{h}.mp3"
            made.append((name, out, source, hide(host, length, source, start, case, out)))
    return made


def scan(args, depth, listing, made):
    text, seconds = cpu(args.soundalike, "scan", "--files-from", listing, "--index", args.index, "--format", "jsonl",
                        "--depth", depth, "--exit-zero", "--no-cluster", "--no-evidence", "--quiet", "--threads", 2)
    found, other = set(), set()
    wanted = {str(out): (source.name, begin, end) for _, out, source, (begin, end) in made}
    for record in map(json.loads, text.splitlines()):
        if record["type"] != "match" or not record["accepted"]:
            continue
        path = record["query"]["path"]
        name, begin, end = wanted[path]
        if Path(record["reference"]["path"]).name == name:
            spans = [(s["sample_begin_time_offset_ms"], s["sample_end_time_offset_ms"]) for s in record["segments"]]
            if any(min(e, end) - max(b, begin) > 1000 for b, e in spans):
                found.add(path)
        else:
            other.add(path)
    return found, other, seconds


def main():
    parser = argparse.ArgumentParser()
    for name in ("--dir", "--index", "--soundalike"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--hosts", type=int, default=40)
    parser.add_argument("--depths", default="standard,thorough")
    args = parser.parse_args()
    args.dir = args.dir.resolve()
    work = args.dir / "hidden"
    work.mkdir(exist_ok=True)
    made = make(args, work)
    listing = work / "files.txt"
    listing.write_text("".join(f"{out}\n" for _, out, _, _ in made))
    with tempfile.TemporaryDirectory() as fresh:
        _, base = cpu(args.soundalike, "index", "add", "--files-from", listing, "--index", Path(fresh) / "index",
                      "--quiet", "--threads", 2)
    depths = args.depths.split(",")
    results = {depth: scan(args, depth, listing, made) for depth in depths}
    by_case = defaultdict(list)
    for name, out, _, _ in made:
        by_case[name].append(str(out))
    print(f"| excerpt | n | {' | '.join(depths)} |\n| --- | ---: |{' ---: |' * len(depths)}")
    for name, paths in by_case.items():
        cells = [f"{100 * sum(p in r[0] for p in paths) / len(paths):.0f} % / {sum(p in r[1] for p in paths)}"
                 for r in results.values()]
        print(f"| {name} | {len(paths)} | {' | '.join(cells)} |")
    print(f"| CPU over indexing | | {' | '.join(f'{r[2] / base:.2f}' for r in results.values())} |")


if __name__ == "__main__":
    main()
