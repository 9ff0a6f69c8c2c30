#!/usr/bin/env python3
"""Material for the bench of decoder traces: human music in many versions, and what went through v1's codec.

usage: make_traced.py --corpus DIR --riffusion FOLDER --out OUT [--human 150] [--riffused 56] [--jobs 1]

DIR          folder of ../robustness (split-dev.tsv and its files): human music
FOLDER       output of Riffusion v1 as github.com/riffusion/riffusion-app-hobby (public/, MIT) has it, searched with its
             folders; `hand_drawn` is the decoding of a drawing, not of what a model made, and is listed apart
OUT          gets audio/ and truth.tsv: file, class (human, real, riffused, drawn), source, seconds, version

Human tracks give 30 s from their middle in every version of HUMAN; whatever went through the codec gives 10 s and 5 s as it
is and 10 s in every version of TRACED.  Goes on where it stopped.  Needs ffmpeg with libopus, libmp3lame and rubberband;
numpy, scipy, soundfile and pillow for ../robustness/riffuse.py.
"""
import argparse, concurrent.futures as cf, csv, subprocess, sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RIFFUSE = HERE.parent / "robustness" / "riffuse.py"
LOSSLESS = ("flac", "-c:a flac")
MP3 = ("mp3", "-ac 1 -c:a libmp3lame -b:a 64k")
# Version: how the file is written, and what is done to the sound before.
HUMAN = {
    "as is": (LOSSLESS, None),
    "MP3 64k mono": (MP3, None),
    "AAC 96k": (("m4a", "-c:a aac -b:a 96k"), None),
    "Opus 32k mono": (("opus", "-ac 1 -c:a libopus -b:a 32k"), None),
    "low-pass 10 kHz": (LOSSLESS, "sinc"),
    "pitch +1": (LOSSLESS, "rubberband=pitch=1.0594631"),
    "pitch -1": (LOSSLESS, "rubberband=pitch=0.9438743"),
}
TRACED = {
    "MP3 64k mono": (MP3, None),
    "Opus 32k mono": (("opus", "-ac 1 -c:a libopus -b:a 32k"), None),
    "AAC 96k": (("m4a", "-c:a aac -b:a 96k"), None),
    "EQ": (LOSSLESS, "bass=g=6:f=120,equalizer=f=1000:t=o:w=1:g=-5,treble=g=5:f=6000"),
    "reverb": (LOSSLESS, "aecho=0.8:0.7:23|37|61:0.5|0.4|0.3"),
    "pitch +1": (LOSSLESS, "rubberband=pitch=1.0594631"),
    "pitch -1": (LOSSLESS, "rubberband=pitch=0.9438743"),
    "tempo +8 %": (LOSSLESS, "atempo=1.08"),
    "tempo -8 %": (LOSSLESS, "atempo=0.92"),
    "low-pass 7 kHz": (LOSSLESS, "lowpass=f=7000,lowpass=f=7000,lowpass=f=7000"),
    "speed +4 %, MP3 64k mono": (MP3, "asetrate=45864,aresample=44100"),
}
# Dials of riffuse.py, taken in turn: what stands in for the model, and how clips are joined.
DIALS = [
    [],
    ["--noise", "6", "--latent", "4"],
    ["--noise", "12", "--latent", "12"],
    ["--latent", "24", "--mode", "a2a"],
    ["--mode", "a2a", "--inverse", "lstsq"],
    ["--noise", "4", "--mode", "whole"],
    ["--stereo", "--latent", "12"],
]
# A steep low-pass at 10 kHz: 80 dB within a few hundred hertz.
SINC = "aresample=44100,firequalizer=gain='if(lt(f,10000),0,-120)':delay=0.05:min_phase=0"


def run(*command):
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def length(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)],
                         check=True, capture_output=True, text=True).stdout
    return float(out.split()[0])


def version(source, out, start, seconds, how):
    """`seconds` of `source` from `start`, written as `how` says."""
    (_, codec), change = how
    if out.exists():
        return
    part = out.with_name("part-" + out.name)
    filters = ["-af", SINC if change == "sinc" else change] if change else []
    run("ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", 1, "-ss", f"{start:.3f}", "-t", seconds, "-i", source, "-vn",
        "-map_metadata", -1, *filters, "-ar", 48000 if "opus" in codec else 44100, *codec.split(), part)
    part.rename(out)


def humans(corpus, count):
    with open(corpus / "split-dev.tsv", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t") if float(r["duration"]) >= 35]
    for row in rows[:: max(len(rows) // max(count, 1), 1)][:count]:
        yield corpus / row["file"], float(row["duration"])


def riffused(corpus, count, folder):
    """Human music through the codec: 10.5 s from second 20."""
    for i, (source, _) in enumerate(humans(corpus, count)):
        out = folder / f"riffused-{i:03}.wav"
        if not out.exists():
            part = folder / f"part-{i:03}.wav"
            run(sys.executable, RIFFUSE, source, part, "--start", 20, "--duration", 10.5, "--seed", i, *DIALS[i % len(DIALS)])
            part.rename(out)
        yield out


def cuts(path, name, of, seconds, versions):
    """Rows of the truth table, with the way to make each: (file, class, source, seconds, version), start, how."""
    start = max(0.0, (length(path) - seconds) / 2)
    for version_name, how in versions.items():
        slug = version_name.lower().replace(" ", "-").replace("%", "pc").replace(",", "")
        yield (f"{name}-{slug}-{seconds}s.{how[0][0]}", of, name, seconds, version_name), path, start, how


def plan(args, sources):
    work = []
    for i, (path, _) in enumerate(humans(args.corpus, args.human)):
        work += cuts(path, f"human-{i:03}", "human", 30, HUMAN)
    found = sorted(p for p in args.riffusion.rglob("*") if p.suffix in (".mp3", ".wav", ".m4a"))
    traced = [(p, "drawn" if "drawn" in p.name else "real") for p in found]
    traced += [(p, "riffused") for p in riffused(args.corpus, args.riffused, sources)]
    as_is = {"as is": HUMAN["as is"]}
    for path, of in traced:
        work += [*cuts(path, path.stem, of, 10, as_is | TRACED), *cuts(path, path.stem, of, 5, as_is)]
    return work


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--corpus", type=Path, required=True)
    p.add_argument("--riffusion", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--human", type=int, default=150)
    p.add_argument("--riffused", type=int, default=56)
    p.add_argument("--jobs", type=int, default=1)
    args = p.parse_args()
    audio, sources = args.out / "audio", args.out / "sources"
    for folder in (audio, sources):
        folder.mkdir(parents=True, exist_ok=True)
    work = plan(args, sources)
    with cf.ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(lambda w: version(w[1], audio / w[0][0], w[2], w[0][3], w[3]), work))
    with open(args.out / "truth.tsv", "w", encoding="utf-8") as f:
        print("file", "class", "source", "seconds", "version", sep="\t", file=f)
        for row, *_ in work:
            print(*row, sep="\t", file=f)
    print(f"{len(work)} files in {audio}", file=sys.stderr)


if __name__ == "__main__":
    main()
