#!/usr/bin/env python3
"""Files whose end is missing: each is told, however little it is, and no whole file is.

Usage: cuts.py PROGRAM DIR [--count 10] [--seconds 20]

Takes stretches of the audio files below DIR, writes them in every container whose header counts its sound, by several
encoders (needs ffmpeg, sox, lame and flac), cuts each off by 0.5 to 50 %, and scans all of it. Prints a table; the status
is 1 if a cut of at least what the format can tell is not told, or a whole file is called incomplete.
"""

import argparse
import collections
import json
import os
import random
import subprocess
import sys
import tempfile

PARTS = [0, 0.5, 1, 3, 10, 50]
ENDS = (".mp3", ".ogg", ".opus", ".flac", ".wav", ".m4a")

# name, end, command from `in.wav` to the file; {} are both.
WAYS = [
    ("WAV, ffmpeg", "wav", "ffmpeg -v error -i {} -c:a pcm_s16le {}"),
    ("WAV, 24 bit with a LIST behind", "wav", "sox -D {} -b 24 --comment x {}"),
    ("WAV, float", "wav", "ffmpeg -v error -i {} -c:a pcm_f32le {}"),
    ("WAV, ADPCM", "wav", "ffmpeg -v error -i {} -c:a adpcm_ms {}"),
    ("WAV through a pipe (sizes never known)", "wav", "ffmpeg -v error -i {} -f wav - > {}"),
    ("WAV through a pipe, sox", "wav", "sox -D {} -t wav - > {} 2> /dev/null"),
    ("RF64", "wav", "ffmpeg -v error -i {} -rf64 always {}"),
    ("Wave64", "w64", "ffmpeg -v error -i {} {}"),
    ("AIFF", "aiff", "ffmpeg -v error -i {} {}"),
    ("AIFF, sox", "aiff", "sox -D {} {}"),
    ("AIFF-C, sowt", "aifc", "ffmpeg -v error -i {} -c:a pcm_s16le -f aiff {}"),
    ("FLAC", "flac", "flac -s {} -o {}"),
    ("FLAC, ffmpeg", "flac", "ffmpeg -v error -i {} {}"),
    ("FLAC through a pipe (length never known)", "flac", "ffmpeg -v error -i {} -f flac - > {}"),
    ("MP3, LAME CBR", "mp3", "lame --quiet -b 128 {} {}"),
    ("MP3, LAME VBR", "mp3", "lame --quiet -V 4 {} {}"),
    ("MP3, LAME ABR, mono, ID3v1", "mp3", "lame --quiet --abr 96 -m m --tt t --id3v1-only {} {}"),
    ("MP3, LAME with checksums, 24 kHz", "mp3", "lame --quiet -p --resample 24 -b 64 {} {}"),
    ("MP3, ffmpeg, ID3v2", "mp3", "ffmpeg -v error -i {} -metadata title=t -q:a 5 {}"),
    ("MP3, sox (without a header)", "mp3", "sox -D {} -C 128 {}"),
    ("MP3 without a header", "mp3", "lame --quiet -t -b 128 {} {}"),
    ("MP3 in WAV", "wav", "ffmpeg -v error -i {} -c:a libmp3lame {}"),
]
# Nothing in these says how long they are.
MUTE = ["pipe", "without a header"]


def clips(folder, count, seconds, place):
    chance = random.Random(1)
    files = sorted(os.path.join(at, f) for at, _, names in os.walk(folder) for f in names if f.lower().endswith(ENDS))
    for i, source in enumerate(chance.sample(files, min(count, len(files)))):
        target = os.path.join(place, f"{i:03}.wav")
        done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-t", str(seconds), "-i", source, "-ar", "44100", "-ac", "2",
                               "-map_metadata", "-1", target])
        if done.returncode == 0 and os.path.getsize(target) > 200_000:
            yield target


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("dir")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    told, tried, wrong = collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="soundalike-cuts-") as place:
        sources = list(clips(args.dir, args.count, args.seconds, place))
        for name, end, command in WAYS:
            folder = os.path.join(place, "made")
            os.makedirs(folder)
            for i, source in enumerate(sources):
                target = os.path.join(folder, f"{i}-0.{end}")
                subprocess.run(command.format(source, target), shell=True, check=True, stdin=subprocess.DEVNULL)
                with open(target, "rb") as file:
                    whole = file.read()
                for part in PARTS[1:]:
                    with open(os.path.join(folder, f"{i}-{part}.{end}"), "wb") as file:
                        file.write(whole[: len(whole) - int(len(whole) * part / 100)])
            scan = [args.program, "scan", folder, "--references", sources[0], "--format", "jsonl", "--exit-zero", "-q", "--no-cluster",
                    "--no-trace", "--no-credentials"]
            out = subprocess.run(scan, capture_output=True, text=True).stdout
            for record in map(json.loads, out.splitlines()):
                if record["type"] not in ("scanned", "error"):
                    continue
                file = os.path.basename(record["query"]["path"] if record["type"] == "scanned" else record["subject"])
                part = float(file.rsplit(".", 1)[0].split("-")[1])
                tried[name, part] += 1
                is_told = record["type"] == "error" or record["query"].get("incomplete") is not None
                told[name, part] += is_told
                is_mute = any(word in name for word in MUTE)
                if part == 0 and is_told or part > 0 and not is_told and not is_mute:
                    wrong.append((name, part, record))
            subprocess.run(["rm", "-r", folder], check=True)
    print("| written as | " + " | ".join("whole" if p == 0 else f"cut by {p} %" for p in PARTS) + " |")
    print("| --- |" + " ---: |" * len(PARTS))
    for name, _, _ in WAYS:
        print(f"| {name} | " + " | ".join(f"{told[name, p]} of {tried[name, p]}" for p in PARTS) + " |")
    for name, part, record in wrong[:10]:
        print(f"wrong: {name}, {part} %: {json.dumps(record)[:400]}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
