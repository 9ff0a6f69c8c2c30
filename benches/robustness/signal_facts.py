#!/usr/bin/env python3
"""Recall and false alarms of the findings about the signal: silence, noise, padding, loops.

    cargo build --release -p soundalike-bench --features opus --bin signal_facts
    signal_facts.py --dir DIR [--split dev] [--seed 1] [--facts target/release/signal_facts]

DIR is where `run.sh` or `fetch_corpus.sh` put the corpus.  Positives are made with ffmpeg in DIR/signal: noise of all
colours, rain, silence, near-silent padding, and loops cut from tracks of the corpus; negatives are the tracks of the
corpus as they are.  Tracks that truly are loops or noise count as false alarms here: every one is listed, to be
listened to.
"""
import argparse
import array
import csv
import json
import random
import subprocess
import sys
import wave
from pathlib import Path

LINE = 0.8          # share of the track from which a finding counts
REPEATS = 4         # a loop sounds at least this often
RATE = 44100
ENCODERS = {
    "mp3-128k": (".mp3", ["-c:a", "libmp3lame", "-b:a", "128k"]),
    "vorbis-q3": (".ogg", ["-c:a", "libvorbis", "-q:a", "3"]),
    "aac-96k": (".m4a", ["-c:a", "aac", "-b:a", "96k"]),
    "flac": (".flac", ["-c:a", "flac"]),
}


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", *map(str, args)], check=True)


def rain(path, seconds, rng):
    """A bed of filtered noise and drops: short decaying bursts at random times and levels."""
    n = seconds * RATE
    samples, low, high = array.array("f", bytes(4 * n)), 0.0, 0.0
    for i in range(n):
        white = rng.uniform(-1, 1)
        low += 0.25 * (white - low)
        high += 0.02 * (low - high)
        samples[i] = 0.12 * (low - high)
    for _ in range(seconds * 60):
        at, level, decay = rng.randrange(n), 0.4 * rng.random() ** 4, rng.uniform(0.97, 0.995)
        for i in range(at, min(n, at + 900)):
            samples[i] += level * rng.uniform(-1, 1)
            level *= decay
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, n, "NONE", ""))
        out.writeframes(array.array("h", (int(32767 * max(-1, min(1, s))) for s in samples)).tobytes())


def made(folder, name, encoder, source, effects, force):
    """Encodes `source` (ffmpeg input arguments) to `name`; existing files are kept."""
    suffix, codec = ENCODERS[encoder]
    path = folder / f"{name}.{encoder}{suffix}"
    if force or not path.exists():
        effects = ["-af", effects] if effects else []
        ffmpeg(*source, *effects, "-ar", RATE, *codec, path)
    return path


def noise_positives(folder, rng, force):
    for color in ("white", "pink", "brown", "blue", "violet"):
        for level, effects in (("loud", ""), ("quiet", "volume=-30dB"), ("lowpass-1k", "lowpass=f=1000,lowpass=f=1000"),
                               ("lowpass-4k", "lowpass=f=4000,lowpass=f=4000"), ("bandpass", "highpass=f=500,lowpass=f=2500"),
                               ("waves", "tremolo=f=0.12:d=0.7"), ("stereo", ""), ("fades", "afade=d=8,afade=t=out:st=67:d=8")):
            seed = rng.randrange(1 << 30)
            source = f"anoisesrc=c={color}:d=75:r={RATE}:seed={seed}:a=0.4"
            if level == "stereo":
                source = f"{source}[l];{source.replace(str(seed), str(seed + 1))}[r];[l][r]amerge"
            encoder = rng.choice(list(ENCODERS))
            yield made(folder, f"noise-{color}-{level}", encoder, ["-f", "lavfi", "-i", source], effects, force)
    for i in range(3):
        wav = folder / f"rain-{i}.wav"
        if force or not wav.exists():
            rain(wav, 60, random.Random(i))
        for encoder in ENCODERS:
            yield made(folder, f"noise-rain-{i}", encoder, ["-i", wav], "", force)


def silence_positives(folder, rng, force):
    for encoder in ENCODERS:
        yield made(folder, "silence-digital", encoder, ["-f", "lavfi", "-i", f"anullsrc=r={RATE}:d=60"], "", force)
        for level in (-70, -80, -90):
            # White noise between -a and a has an RMS of a / sqrt(3).
            source = f"anoisesrc=c=white:d=60:r={RATE}:seed={rng.randrange(1 << 30)}:a={3 ** 0.5 * 10 ** (level / 20)}"
            yield made(folder, f"silence{level}dB", encoder, ["-f", "lavfi", "-i", source], "", force)
        yield made(folder, "silence-dc", encoder, ["-f", "lavfi", "-i", f"aevalsrc=0.1:s={RATE}:d=60"], "", force)
        yield made(folder, "silence-ultrasound", encoder, ["-f", "lavfi", "-i", f"sine=f=15000:r={RATE}:d=60"], "volume=-10dB", force)


def padding_positives(folder, tracks, rng, force):
    """60 s at -70 dB before or after 20 s of music."""
    pad = f"anoisesrc=c=white:d=60:r={RATE}:a={3 ** 0.5 * 10 ** -3.5}"
    for i in range(12):
        track = rng.choice([t for t in tracks if t[1] > 60])
        side = ("leading", "trailing")[i % 2]
        cut = ["-ss", 20, "-t", 20, "-i", track[0]]
        first, second = ("1:a", "m") if side == "leading" else ("m", "1:a")
        graph = f"[0:a]aformat=channel_layouts=mono:sample_rates={RATE}[m];[1:a]aformat=channel_layouts=mono[p];" \
                f"[{first.replace('1:a', 'p')}][{second.replace('1:a', 'p')}]concat=n=2:v=0:a=1"
        encoder = list(ENCODERS)[i % 4]
        yield side, made(folder, f"padding-{side}-{i}", encoder, [*cut, "-f", "lavfi", "-i", pad, "-filter_complex", graph], "", force)


def loop_positives(folder, tracks, rng, count, force):
    """2 to 16 s out of a track, repeated to 60 to 180 s."""
    long = [t for t in tracks if t[1] > 50]
    for i, track in enumerate(rng.sample(long, min(count, len(long)))):
        period = rng.choice([2, 3, 4, 6, 8, 12, 16]) + round(rng.random(), 3) - 0.5
        total = rng.randrange(max(60, int(4.5 * period)), 180)
        start = rng.uniform(10, track[1] - 30)
        wav = folder / f"loop-{i}.wav"
        if force or not wav.exists():
            ffmpeg("-ss", f"{start:.3f}", "-t", period, "-i", track[0], "-ar", RATE, "-c:a", "pcm_s16le", wav)
        variant = ("plain", "gain", "fades")[i % 3]
        effects = {"plain": "", "gain": "volume=-9dB", "fades": f"afade=d=6,afade=t=out:st={total - 6}:d=6"}[variant]
        encoder = ("mp3-128k", "vorbis-q3", "aac-96k")[i // 3 % 3]
        name = f"loop-{i}-{period:.3f}s-{variant}"
        yield period, made(folder, name, encoder, ["-stream_loop", -1, "-t", total, "-i", wav], effects, force)


def facts(binary, paths):
    """The signal of every file, in the order given; files that do not decode are left out."""
    listed = "\n".join(map(str, paths))
    out = subprocess.run([binary, "-"], input=listed, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def flags(signal):
    """The findings that policies draw their lines on."""
    length = max(1, signal["duration_ms"])
    found = {kind for kind in ("silence", "noise") if signal[f"{kind}_ms"] >= LINE * length}
    loop = signal.get("repetition")
    if loop and loop["share"] >= LINE and loop["repeats"] >= REPEATS:
        found.add("loop")
    return found


def table(rows):
    widths = [max(len(str(r[i])) for r in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("| " + " | ".join(str(c).ljust(w) for c, w in zip(row, widths)) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True, help="holds split-NAME.tsv and the corpus")
    parser.add_argument("--out", type=Path, help="made files and facts (default: DIR/signal)")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loops", type=int, default=63)
    parser.add_argument("--facts", default="target/release/signal_facts")
    parser.add_argument("--fresh", action="store_true", help="make the positives again")
    args = parser.parse_args()
    out = args.out or args.dir / "signal"
    out.mkdir(parents=True, exist_ok=True)
    with open(args.dir / f"split-{args.split}.tsv", newline="") as f:
        tracks = [(args.dir / r["file"], float(r["duration"])) for r in csv.DictReader(f, delimiter="\t")]

    rng = random.Random(args.seed)
    wanted = [("noise", path, None) for path in noise_positives(out, rng, args.fresh)]
    wanted += [("silence", path, None) for path in silence_positives(out, rng, args.fresh)]
    wanted += [("padding", path, side) for side, path in padding_positives(out, tracks, rng, args.fresh)]
    wanted += [("loop", path, period) for period, path in loop_positives(out, tracks, rng, args.loops, args.fresh)]
    known = {r["path"]: r["signal"] for r in facts(args.facts, [w[1] for w in wanted] + [t[0] for t in tracks])}

    hits, missed, periods = {}, [], []
    for kind, path, detail in wanted:
        signal = known.get(str(path))
        if signal is None:
            hit = False
        elif kind == "padding":
            hit = abs(signal[f"{detail}_silence_ms"] - 60_000) < 1_000
        else:
            hit = flags(signal) == {kind}
        if hit and kind == "loop":
            # A part that itself repeats has a shorter period, which must divide the whole.
            ratio = detail * 1000 / signal["repetition"]["period_ms"]
            periods.append(abs(ratio - round(ratio)) < 0.02 * ratio and ratio > 0.9)
        hits.setdefault(kind, []).append(hit)
        if not hit:
            missed.append((kind, path.name, json.dumps(signal)))
    alarms = [(",".join(sorted(flags(known[str(t)]))), str(t.relative_to(args.dir)), json.dumps(known[str(t)]))
              for t, _ in tracks if str(t) in known and flags(known[str(t)])]

    table([("kind", "positives", "found", "tracks flagged"), ("---",) * 4]
          + [(k, len(v), f"{sum(v)} ({100 * sum(v) / len(v):.1f} %)", "" if k == "padding" else sum(k in a[0] for a in alarms))
             for k, v in hits.items()])
    print(f"\nloops whose period is right: {sum(periods)} of {len(periods)}; tracks: {sum(str(t) in known for t, _ in tracks)}")
    for title, rows in (("missed", missed), ("flagged tracks", alarms)):
        print(f"\n{title}:")
        for row in rows:
            print("  " + "  ".join(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
