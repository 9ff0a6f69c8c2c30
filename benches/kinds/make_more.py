#!/usr/bin/env python3
"""More pairs from those of make_kinds.py: damaged renderings of scores, and mixes and performances as MP3.

usage: make_more.py DATA OUT      DATA: a folder that make_kinds.py filled

Without them fit.py would learn that synthetic instruments are no copies, and that MP3 is one.
OUT/truth.tsv holds absolute paths; classes are those of make_kinds.py.

Runs sox, lame, ffmpeg and rubberband.
"""
import csv, random, re, shlex, subprocess, sys, tempfile
from pathlib import Path

CHORUS = "chorus 0.7 0.9 55 0.4 0.25 2 -t"
SOX = {"reverb50": "reverb 50", "reverb85": "reverb 85", "chorus": CHORUS, "chorus-reverb": CHORUS + " reverb 50",
       "lowpass": "lowpass 4000", "overdrive": "overdrive 20", "flanger": "flanger", "telephone": "sinc 300-3400",
       "compand": "compand 0.1,0.3 -60,-40,-30,-20,-20,-12,-4,-8,0,-7 -5"}
FFMPEG = {"mp3-64": "-ac 1 -b:a 64k -f mp3", "mp3-32": "-ac 1 -b:a 32k -f mp3", "opus16": "-ac 1 -c:a libopus -b:a 16k -f ogg"}
NOISE = {"white10": ("white", 10), "white0": ("white", 0), "pink5": ("pink", 5)}
STRETCH = {"tempo": ("-T", (0.9, 0.95, 1.05, 1.1)), "pitch": ("-p", (-2, -1, 1, 2))}
NAMES = sorted([*SOX, *FFMPEG, *NOISE, *STRETCH, "speed"])
CODERS = ("-ac 1 -ar 24000 -b:a 40k", "-b:a 128k", "-ac 1 -ar 22050 -b:a 32k", "-b:a 96k")


def run(line):
    return subprocess.run(line, shell=True, check=True, capture_output=True, text=True)


def noise(source, target, colour, snr, folder):
    stat = run(f"sox {source} -n stat").stderr
    level = float(re.search(r"RMS\s+amplitude:\s+([\d.]+)", stat)[1]) * 10 ** (-snr / 20)
    level /= 0.577 if colour == "white" else 0.2  # what sox's noise of volume 1 has
    rate, channels, seconds = (run(f"soxi -{o} {source}").stdout.strip() for o in "rcD")
    run(f"sox -R -n -r {rate} -c {channels} {folder}/n.wav synth {seconds} {colour}noise vol {level}")
    run(f"sox -m -v 0.6 {source} -v 0.6 {folder}/n.wav {target}")


def damage(name, source, target, rng):
    source, target = shlex.quote(str(source)), shlex.quote(str(target))
    with tempfile.TemporaryDirectory() as folder:
        if name in SOX:
            run(f"sox {source} {target} gain -6 {SOX[name]}")
        elif name in FFMPEG:
            run(f"ffmpeg -v error -y -i {source} {FFMPEG[name]} {folder}/x && ffmpeg -v error -y -i {folder}/x {target}")
        elif name in NOISE:
            noise(source, target, *NOISE[name], folder)
        elif name == "speed":
            run(f"sox {source} {target} speed {rng.choice((0.9, 0.95, 1.05, 1.1))}")
        else:
            option, values = STRETCH[name]
            run(f"sox {source} {folder}/a.wav && rubberband -q {option} {rng.choice(values)} {folder}/a.wav {folder}/b.wav")
            run(f"sox {folder}/b.wav {target}")


def main():
    data, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    (out / "audio").mkdir(parents=True, exist_ok=True)
    with open(data / "truth.tsv", encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    rng = random.Random("more")
    made = []
    renderings = sorted({r["reference_file"] for r in rows if r["class"] == "performance"})[:45]
    for number in range(3 * len(renderings)):
        source, name = data / renderings[number // 3], NAMES[number % len(NAMES)]
        target = out / "audio" / f"d{number:03}.flac"
        damage(name, source, target, rng)
        made.append((target, source, "recording", f"midi-{name}", "-"))
    others = [r for r in rows if r["class"] in ("backing", "performance") and "mix-in-backing" not in r["parameter"]]
    rng.shuffle(others)
    chosen = [r for r in others if r["class"] == "backing"][:110] + [r for r in others if r["class"] == "performance"][:60]
    for number, row in enumerate(chosen):
        files = []
        for side, coder in (("query_file", CODERS[number % 4]), ("reference_file", CODERS[number % 4 if number % 3 else 1])):
            target = out / "audio" / f"c{number:03}-{side[0]}.mp3"
            run(f"ffmpeg -v error -y -i {shlex.quote(str(data / row[side]))} -t 40 {coder} {shlex.quote(str(target))}")
            files.append(target)
        made.append((*files, row["class"], row["family"], row["parameter"]))
    with open(out / "truth.tsv", "w", encoding="utf-8") as f:
        print("query_file\treference_file\tclass\tfamily\tparameter\tnote", file=f)
        for line in made:
            print("\t".join(map(str, line)) + "\t-", file=f)


if __name__ == "__main__":
    main()
