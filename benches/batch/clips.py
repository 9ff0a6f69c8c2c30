#!/usr/bin/env python3
"""What a clip of five seconds costs in a batch, in multiples of indexing it.

usage: clips.py --dir DIR --soundalike BIN --index INDEX [INDEX …] [--clips 500] [--seconds 5]

DIR holds the corpus as robustness/run.sh makes it.  Clips are cut from its unknown tracks, which no INDEX holds:
evenly from all of them, so that they match nothing ("unknown"), and each of fifty of them again ten times, encoded
anew at other rates, louder and a little shorter ("near-identical").  CPU seconds of a scan on one thread over those of
`index add` of the same files; "by way of" counts clips that were not looked up themselves.  A second table is of fifty
clips again, each as it is, encoded anew at 64 kbit/s, and with a reference mixed in, as loud and 6 to 15 dB lower: who
is looked up by way of another, what is matched, and what would have been if each were scanned by itself, in the first
INDEX.  Kept in DIR/clips.
Needs ffmpeg; Python standard library only.
"""
import argparse, csv, json, resource, shutil, subprocess, sys
from pathlib import Path

# Ways in which one clip is delivered again: filter of ffmpeg, encoder.
AGAIN = [("", ["-c:a", "libmp3lame", "-b:a", "128k"]), ("", ["-c:a", "libmp3lame", "-b:a", "192k"]),
         ("volume=3dB", ["-c:a", "libvorbis", "-q:a", "5"]), ("volume=-4dB", ["-c:a", "flac"]),
         ("atrim=0.05", ["-c:a", "flac"]), ("atrim=0.11", ["-c:a", "libmp3lame", "-b:a", "160k"]),
         ("atrim=0:4.9", ["-c:a", "libvorbis", "-q:a", "4"]), ("", ["-c:a", "aac", "-b:a", "128k"]),
         ("atrim=0.2", ["-c:a", "libvorbis", "-q:a", "3"]), ("", ["-c:a", "flac"])]
LOW = {"mp3 64k.mp3": ["-c:a", "libmp3lame", "-b:a", "64k"], "opus 64k.opus": ["-c:a", "libopus", "-b:a", "64k"],
       "vorbis q2.ogg": ["-c:a", "libvorbis", "-q:a", "2"], "aac 64k.m4a": ["-c:a", "aac", "-b:a", "64k"]}
SUFFIX = {"libmp3lame": "mp3", "libvorbis": "ogg", "flac": "flac", "aac": "m4a"}


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def cut(tracks, folder, count, seconds):
    """`count` clips, evenly from all tracks; each the same for the same corpus."""
    folder.mkdir(parents=True)
    each = -(-count // len(tracks))
    made = 0
    for number, (path, duration) in enumerate(tracks):
        for part in range(each):
            if made < count:
                at = (part + 0.5) * (duration - seconds) / each
                ffmpeg("-ss", f"{at:.2f}", "-t", seconds, "-i", path, "-ac", 2, "-c:a", "flac",
                       folder / f"{number:03}-{part:02}.flac")
                made += 1


def deliver_again(clips, folder):
    folder.mkdir(parents=True)
    for clip in clips:
        for number, (change, encoder) in enumerate(AGAIN):
            ffmpeg("-i", clip, *(["-af", change] if change else []), *encoder,
                   folder / f"{clip.stem}-{number}.{SUFFIX[encoder[1]]}")


def layer(clips, references, folder, seconds):
    """Each clip plain, at low rates, and over a reference."""
    folder.mkdir(parents=True)
    for number, (clip, reference) in enumerate(zip(clips, references)):
        ffmpeg("-i", clip, "-c", "copy", folder / f"{number:02}-0 as it is.flac")
        for name, encoder in LOW.items():
            ffmpeg("-i", clip, *encoder, folder / f"{number:02}-1 {name}")
        for db in (0, -6, -9, -12, -15):
            even = "aresample=44100,aformat=channel_layouts=stereo,loudnorm=I=-18"
            mix = f"[0:a]{even}[a];[1:a]{even},volume={db}dB[b];[a][b]amix=2:normalize=0,volume=-3dB"
            ffmpeg("-i", clip, "-ss", 20, "-t", seconds, "-i", reference, "-filter_complex", mix, "-ar", 44100,
                   "-c:a", "flac", folder / f"{number:02}-2 reference {-db:02} dB lower.flac")


def outcome_of(soundalike, folder, index, *options):
    """For each kind of clip: how many, by way of another, matched; and the matches."""
    _, records = cpu(soundalike, "scan", folder, "--index", index, "--no-cluster", "--no-evidence", "--exit-zero",
                     "--format", "jsonl", "--quiet", *options)
    found, kinds = set(), {}
    for record in map(json.loads, records.splitlines()):
        if record["type"] == "match" and record["accepted"]:
            found.add((Path(record["query"]["path"]).name, record["reference"]["path"]))
        if record["type"] == "scanned":
            name = Path(record["query"]["path"]).name
            row = kinds.setdefault(name.split("-", 1)[1], [0, 0, 0])
            row[0] += 1
            row[1] += "by_way_of" in record
            row[2] += record["matches"] > 0
    return kinds, found


def cpu(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3):
        sys.exit(f"{command}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--soundalike", type=Path, required=True)
    parser.add_argument("--index", type=Path, nargs="+", required=True)
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5)
    args = parser.parse_args()
    root, work = args.dir.resolve(), args.dir.resolve() / "clips" / f"{args.clips}x{args.seconds:g}"
    with open(root / "split-dev.tsv", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if float(row["duration"]) > 30]
    tracks = [(root / row["file"], float(row["duration"])) for row in rows if row["role"] == "neg"]
    if not (work / "complete").exists():
        shutil.rmtree(work, ignore_errors=True)
        cut(tracks, work / "unknown", args.clips, args.seconds)
        clips = sorted((work / "unknown").iterdir())
        some = clips[::max(1, len(clips) // 50)][:50]
        deliver_again(some, work / "near-identical")
        references = [root / row["file"] for row in rows if row["role"] == "ref"]
        layer(some, references[::max(1, len(references) // 50)], work / "layered", args.seconds)
        (work / "complete").touch()

    print("| batch | clips | tracks in the index | indexing, ms a clip | scan | by way of | matches |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in ("unknown", "near-identical"):
        folder = work / name
        count = sum(1 for _ in folder.iterdir())
        shutil.rmtree(work / "index", ignore_errors=True)
        added, _ = cpu(args.soundalike, "index", "add", folder, "--index", work / "index", "--threads", 1, "--quiet")
        for index in args.index:
            scanned, records = cpu(args.soundalike, "scan", folder, "--index", index, "--threads", 1, "--no-cluster",
                                   "--no-evidence", "--exit-zero", "--format", "jsonl", "--quiet")
            records = [json.loads(line) for line in records.splitlines()]
            size = next(r["index"]["tracks"] for r in records if r["type"] == "begin")
            via = sum("by_way_of" in r for r in records if r["type"] == "scanned")
            matches = sum(r["type"] == "match" for r in records)
            print(f"| {name} | {count} | {size} | {1000 * added / count:.1f} | {scanned / added:.1f} × | {via} | {matches} |",
                  flush=True)

    kinds, together = outcome_of(args.soundalike, work / "layered", args.index[0])
    # Who wants to see what lies below the line has each clip looked up by itself.
    alone_kinds, alone = outcome_of(args.soundalike, work / "layered", args.index[0], "--min-level", "candidate")
    print("\n| clip | clips | by way of another | matched | matched if each is by itself |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for kind, (count, via, matched) in sorted(kinds.items()):
        name = kind[2:].rsplit(".", 1)[0]
        print(f"| {name} | {count} | {via} | {matched} | {alone_kinds[kind][2]} |")
    print(f"\nMatches that are lost by looking up one for another: {len(alone - together)}; won: {len(together - alone)}.")


if __name__ == "__main__":
    main()
