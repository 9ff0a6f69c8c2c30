"""Audio steps of the planted families: one WAV in, one WAV out, by sox and rubberband; encoders.

Each step is a small dict, so that a plan can be written down and compared:
  {"op": "speed", "factor": 1.04}   {"op": "pitch"|"tempo", "semitones"|"factor": x, "by": "rubberband"|"sox"}
  {"op": "trim", "start": 0.08, "end": 0.0, "before": 2.5, "after": 0}   shares of the length; seconds of silence
  {"op": "gain", "db": -7}   {"op": "eq", "name": "scoop"}   {"op": "limit", "db": 9}   {"op": "reverb", "amount": 40}
  {"op": "layer", "kind": "music"|"drums"|"rain", "below_db": 8, "file": ..., "at": s, "seed": n}
"""
import array, math, os, random, re, subprocess, wave

EQ = {"bass": ["bass", "8", "120"], "treble": ["treble", "7", "4000"],
      "scoop": ["equalizer", "800", "0.6q", "-10", "bass", "4", "100"],
      "tilt": ["equalizer", "250", "0.8q", "-7", "equalizer", "1200", "1q", "5", "equalizer", "3500", "1q", "-6"],
      "radio": ["highpass", "180", "lowpass", "6500"]}

_FFMPEG = ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-v", "error", "-threads", "1"]
# File name ending and ffmpeg arguments of each encoder.
CODECS = {
    "mp3-192": ("mp3", ["-c:a", "libmp3lame", "-b:a", "192k"]),
    "mp3-128": ("mp3", ["-c:a", "libmp3lame", "-b:a", "128k"]),
    "mp3-64": ("mp3", ["-c:a", "libmp3lame", "-b:a", "64k"]),
    "mp3-48": ("mp3", ["-c:a", "libmp3lame", "-b:a", "48k", "-ar", "32000"]),
    "aac-128": ("m4a", ["-c:a", "aac", "-b:a", "128k"]),
    "aac-96": ("m4a", ["-c:a", "aac", "-b:a", "96k"]),
    "opus-64": ("opus", ["-c:a", "libopus", "-b:a", "64k", "-ar", "48000"]),
    "vorbis-q2": ("ogg", ["-c:a", "libvorbis", "-q:a", "2"]),
    "vorbis-q4": ("ogg", ["-c:a", "libvorbis", "-q:a", "4"]),
    "flac": ("flac", ["-c:a", "flac", "-sample_fmt", "s16"]),
}


def run(cmd):
    r = subprocess.run(cmd, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if r.returncode:
        raise RuntimeError(f"{' '.join(cmd)}\n{r.stderr[-1500:]}")
    return r.stderr


def sox(*args):
    return run(["sox", "-D", "-V1", "-G", *args])


def cut(source, out, start, length):
    """A stretch of any audio file as a 16-bit WAV of at most two channels."""
    run([*_FFMPEG, "-ss", f"{start:.3f}", "-t", f"{length:.3f}", "-i", source, "-map", "0:a:0", "-af",
         "aformat=channel_layouts=mono|stereo", "-c:a", "pcm_s16le", "-f", "wav", out])


def encode(wav, out, codec):
    run([*_FFMPEG, "-i", wav, "-map", "0:a:0", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact",
         *CODECS[codec][1], out])


def copy_stream(source, out, start, length):
    """A stretch of an encoded file, its packets untouched."""
    run([*_FFMPEG, "-ss", f"{start:.3f}", "-t", f"{length:.3f}", "-i", source, "-map", "0:a:0", "-map_metadata", "-1",
         "-fflags", "+bitexact", "-c", "copy", out])


def shape(wav):
    """(rate, channels, seconds)"""
    with wave.open(wav) as w:
        return w.getframerate(), w.getnchannels(), w.getnframes() / w.getframerate()


def level(wav):
    """RMS level in dB; a file of nothing but zeros is at -120."""
    # `stats` reports on standard error; a silent file gives "-inf".
    found = re.search(r"RMS lev dB\s+(-?[\d.]+|-inf)", run(["sox", wav, "-n", "stats"]))
    return float(found[1]) if found and found[1] != "-inf" else -120.0


# ---------------------------------------------------------------- layers
def drum_loop(out, rate, seed):
    """Two bars of a synthetic kick, snare and hat pattern, mono."""
    rng = random.Random(f"drums/{seed}")
    step = 60.0 / rng.uniform(80, 140) / 4
    total = round(32 * step * rate)
    mix = [0.0] * total

    def hit(at, length, sound, gain):
        begin = round(at * step * rate)
        for i in range(min(round(length * rate), total - begin)):
            mix[begin + i] += gain * sound(i / rate)

    kick = lambda t: math.sin(2 * math.pi * (50 * t + 8 * (1 - math.exp(-t * 25)))) * math.exp(-t * 12)
    snare = lambda t: (rng.uniform(-1, 1) + math.sin(2 * math.pi * 185 * t)) * math.exp(-t * 18)
    hat = lambda t: rng.uniform(-1, 1) * math.exp(-t * 60)
    for at in range(32):
        if at % 8 in (0, rng.choice((0, 3, 5, 6))):
            hit(at, 0.3, kick, 0.8)
        if at % 8 == 4:
            hit(at, 0.2, snare, 0.4)
        if at % 2 == 0 or rng.random() < 0.3:
            hit(at, 0.08, hat, 0.25)
    loudest = max(map(abs, mix)) or 1.0
    with wave.open(out, "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(rate)
        w.writeframes(array.array("h", [int(20000 * x / loudest) for x in mix]).tobytes())


def layer(step, wav, out, tmp):
    rate, channels, seconds = shape(wav)
    raw, under = os.path.join(tmp, "layer-raw.wav"), os.path.join(tmp, "layer.wav")
    same = ["rate", str(rate), "channels", str(channels)]
    if step["kind"] == "rain":
        run(["sox", "-D", "-V1", "-n", "-r", str(rate), "-c", str(channels), "-b", "16", under, "synth", f"{seconds:.3f}",
             "whitenoise", "gain", "-12", "highpass", "500", "lowpass", "7000", "tremolo",
             f"{0.2 + step['seed'] % 7 / 10:.1f}", "25"])
    elif step["kind"] == "drums":
        drum_loop(raw, rate, step["seed"])
        sox(raw, under, *same, "repeat", str(math.ceil(seconds / shape(raw)[2])), "trim", "0", f"{seconds:.3f}")
    else:
        cut(step["file"], raw, step["at"], seconds)
        sox(raw, under, *same)
    gain = level(wav) - step["below_db"] - level(under)
    run(["sox", "-D", "-V1", "-m", "-v", "0.5", wav, "-v", f"{0.5 * 10 ** (gain / 20):.5f}", under, "-b", "16", out,
         "trim", "0", f"{seconds:.3f}"])


def apply(step, wav, out, tmp):
    op = step["op"]
    rate, _, seconds = shape(wav)
    if op == "speed":
        sox(wav, "-b", "16", out, "speed", f"{step['factor']:.5f}", "rate", "-h", str(rate))
    elif op == "pitch" and step["by"] == "sox":
        sox(wav, "-b", "16", out, "pitch", f"{step['semitones'] * 100:.1f}")
    elif op == "pitch":
        run(["rubberband", "-q", "-p", f"{step['semitones']:.3f}", wav, out])
    elif op == "tempo" and step["by"] == "sox":
        sox(wav, "-b", "16", out, "tempo", "-m", f"{step['factor']:.5f}")
    elif op == "tempo":
        run(["rubberband", "-q", "-T", f"{step['factor']:.5f}", wav, out])
    elif op == "trim":
        kept = seconds * (1 - step["start"] - step["end"])
        sox(wav, "-b", "16", out, "trim", f"{seconds * step['start']:.3f}", f"{kept:.3f}", "pad", f"{step['before']}",
            f"{step['after']}")
    elif op == "gain":
        run(["sox", "-D", "-V1", wav, "-b", "16", out, "gain", "-l", f"{step['db']}"])
    elif op == "eq":
        sox(wav, "-b", "16", out, *EQ[step["name"]])
    elif op == "limit":
        run(["sox", "-D", "-V1", wav, "-b", "16", out, "gain", "-n", "-1", "gain", "-l", f"{step['db']}"])
    elif op == "reverb":
        sox(wav, "-b", "16", out, "reverb", f"{step['amount']}", "50", "80", "100", "0", "0")
    elif op == "layer":
        layer(step, wav, out, tmp)
    else:
        raise ValueError(f"unknown step {op}")


def chain(steps, wav, tmp):
    """Applies steps one after the other; returns the last WAV."""
    for i, step in enumerate(steps):
        out = os.path.join(tmp, f"step{i}.wav")
        apply(step, wav, out, tmp)
        wav = out
    return wav


def with_loop(host, loop, places, mixed, out, tmp):
    """host with the loop put in at the given seconds: instead of the host, or mixed with it."""
    rate, channels, seconds = shape(host)
    like, length = os.path.join(tmp, "loop-like.wav"), shape(loop)[2]
    gain = level(host) - level(loop)
    run(["sox", "-D", "-V1", loop, "-b", "16", like, "rate", str(rate), "channels", str(channels), "gain", "-l", f"{gain:.2f}"])
    parts, now = [], 0.0
    for i, place in enumerate([*places, None]):
        part = os.path.join(tmp, f"part{i}.wav")
        sox(host, part, "trim", f"{now:.3f}", *([] if place is None else [f"{place - now:.3f}"]))
        parts.append(part)
        if place is not None:
            piece = like
            if mixed:
                bed, piece = os.path.join(tmp, f"bed{i}.wav"), os.path.join(tmp, f"mix{i}.wav")
                sox(host, bed, "trim", f"{place:.3f}", f"{length:.3f}")
                run(["sox", "-D", "-V1", "-m", "-v", "0.5", bed, "-v", "0.5", like, "-b", "16", piece])
            parts.append(piece)
            now = place + length
    run(["sox", "-D", "-V1", *parts, "-b", "16", out])
