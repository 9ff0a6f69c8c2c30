"""Sound for make_kinds.py: reading, writing, levels, and the damage families of class `recording`.

Needs numpy, scipy and soundfile; runs ffmpeg, sox and rubberband.  The effect chains are those of
../robustness/make_queries.py, so that figures of the two benchmarks can be laid side by side.
"""
import math, os, subprocess, sys

import numpy as np
import scipy.fft
import soundfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "robustness"))
from make_queries import EQ, REVERB  # noqa: E402

RIFFUSE = os.path.join(HERE, "..", "robustness", "riffuse.py")
FFMPEG = ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-v", "error", "-threads", "1"]


def run(cmd):
    r = subprocess.run(cmd, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if r.returncode:
        raise RuntimeError(f"{' '.join(cmd)}\n{r.stderr[-1500:]}")
    return r.stdout


# ---------------------------------------------------------------- reading, writing, levels
def load(path):
    """float32 (samples, channels) and the rate."""
    return soundfile.read(path, dtype="float32", always_2d=True)


def save(path, x, rate):
    """16 bit; FLAC or WAV by the name."""
    soundfile.write(path, np.clip(x, -1, 32767 / 32768), rate, subtype="PCM_16")
    return path


def cut(source, start, seconds, wav, rate=None, mono=False):
    """A piece of any audio file as 16-bit WAV."""
    extra = (["-ar", str(rate)] if rate else []) + ["-ac", "1" if mono else "2"] * (mono is not None)
    run(FFMPEG + ["-ss", f"{start:.3f}", "-t", f"{seconds:.3f}", "-i", source, "-map", "0:a:0", "-map_metadata", "-1",
                  "-c:a", "pcm_s16le", *extra, wav])
    return load(wav)


def db(x):
    """RMS in dBFS."""
    p = float(np.mean(np.square(x, dtype=np.float64))) if x.size else 0.0
    return 10 * math.log10(p) if p > 1e-12 else -120.0


def peak_db(x):
    return 20 * math.log10(max(float(np.abs(x).max()), 1e-6)) if x.size else -120.0


def gain(x, decibels):
    return x * np.float32(10 ** (decibels / 20))


def below(x, top=-1.0):
    """Turned down (never up) until the peak is at `top` dBFS."""
    return gain(x, min(0.0, top - peak_db(x)))


def resample(x, rate, want, tmp):
    if rate == want:
        return x
    a, b = os.path.join(tmp, "resample-a.wav"), os.path.join(tmp, "resample-b.wav")
    save(a, below(x, -3.0), rate)
    run(["sox", "-D", "-V1", a, b, "rate", "-h", str(want)])
    return gain(load(b)[0], max(0.0, peak_db(x) + 3.0))


def like(x, rate, y, yrate, tmp):
    """x with the rate, the channels and the length of y."""
    x = resample(x, rate, yrate, tmp)
    if x.shape[1] != y.shape[1]:
        x = np.repeat(x.mean(axis=1, keepdims=True), y.shape[1], axis=1)
    return np.resize(x, y.shape) if len(x) < len(y) else x[:len(y)]


def active_mask(x, rate, floor_db=-35.0, hold=0.25):
    """Where a lead sounds: 50 ms blocks above the floor under its loudest; gaps up to `hold` s are filled."""
    n = max(1, round(0.05 * rate))
    blocks = np.square(x.mean(axis=1), dtype=np.float64)[:len(x) // n * n].reshape(-1, n).mean(axis=1)
    on = blocks > blocks.max() * 10 ** (floor_db / 10)
    last = None
    for i in np.flatnonzero(on):
        if last is not None and 1 < i - last <= hold / 0.05 + 1:
            on[last:i] = True
        last = i
    mask = np.repeat(on, n)
    return np.concatenate([mask, np.zeros(len(x) - len(mask), bool)])


def lay_over(lead, backing, rate, level):
    """lead + backing, the lead `level` dB over the backing while it sounds; and the active share."""
    mask = active_mask(lead, rate)
    g = level + db(backing[mask]) - db(lead[mask])
    return below(backing + gain(lead, g)), float(mask.mean())


# ---------------------------------------------------------------- Griffin-Lim from a mel spectrogram
def mel_bank(bands, bins, rate):
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    knots = 700 * (10 ** (np.linspace(0, mel(rate / 2), bands + 2) / 2595) - 1)
    hz = np.linspace(0, rate / 2, bins)[:, None]
    up, down = (hz - knots[:-2]) / np.diff(knots)[:-1], (knots[2:] - hz) / np.diff(knots)[1:]
    bank = np.maximum(0, np.minimum(up, down)).astype(np.float32)
    empty = bank.sum(axis=0) == 0           # bands narrower than a bin: the nearest bin
    bank[np.abs(hz - knots[1:-1]).argmin(axis=0)[empty], np.flatnonzero(empty)] = 1
    return bank


def griffin_mel(x, rate, bands, rng, size=2048, hop=512, rounds=32):
    """Mono audio rebuilt from its mel magnitudes alone (fast Griffin-Lim, as vocoder baselines do)."""
    mono, window = x.mean(axis=1), np.hanning(size + 1)[:-1].astype(np.float32)
    padded = np.pad(mono, size // 2, mode="reflect")
    frames = 1 + (len(padded) - size) // hop

    def forward(y):
        view = np.lib.stride_tricks.sliding_window_view(y, size)[::hop][:frames]
        return scipy.fft.rfft(view * window, axis=1)

    def backward(spec):
        y, norm = np.zeros(len(padded), np.float32), np.full(len(padded), 1e-8, np.float32)
        pieces = scipy.fft.irfft(spec, size, axis=1).astype(np.float32) * window
        for i, p in enumerate(pieces):
            y[i * hop:i * hop + size] += p
            norm[i * hop:i * hop + size] += window ** 2
        return y / np.maximum(norm, 1e-2)

    bank = mel_bank(bands, size // 2 + 1, rate)
    mel = np.abs(forward(padded)) @ bank
    mag = mel @ (bank / np.maximum(bank.sum(axis=0), 1e-9)).T       # start: each band spread over its bins
    for _ in range(30):                                             # multiplicative non-negative least squares
        mag *= (mel @ bank.T) / np.maximum((mag @ bank) @ bank.T, 1e-9)
    spec = mag * np.exp(2j * np.pi * rng.random(mag.shape)).astype(np.complex64)
    previous = np.zeros_like(spec)
    for _ in range(rounds):
        rebuilt = forward(backward(spec))
        turn = rebuilt - np.float32(0.497) * previous
        spec, previous = mag * turn / np.maximum(np.abs(turn), 1e-12), rebuilt
    y = backward(spec)[size // 2:size // 2 + len(mono), None]
    return below(gain(y, db(mono) - db(y)))


# ---------------------------------------------------------------- damage
CODECS = {  # (family, parameter): (encoder arguments, ending, decoded to FLAC afterwards)
    ("mp3", "128k"): (["-c:a", "libmp3lame", "-b:a", "128k"], "mp3", False),
    ("mp3", "64k"): (["-c:a", "libmp3lame", "-b:a", "64k"], "mp3", False),
    ("mp3", "32k-mono"): (["-c:a", "libmp3lame", "-b:a", "32k", "-ac", "1", "-ar", "22050"], "mp3", False),
    ("aac", "64k"): (["-c:a", "aac", "-b:a", "64k"], "m4a", False),
    ("vorbis", "q0"): (["-c:a", "libvorbis", "-q:a", "0"], "ogg", False),
    ("opus", "32k"): (["-c:a", "libopus", "-b:a", "32k"], "opus", True),
    ("opus", "16k"): (["-c:a", "libopus", "-b:a", "16k"], "opus", True),
    ("opus-low", "8k-mono"): (["-c:a", "libopus", "-b:a", "8k", "-ac", "1"], "opus", True),
    ("opus-low", "6k-mono"): (["-c:a", "libopus", "-b:a", "6k", "-ac", "1"], "opus", True),
    ("voice-codec", "gsm"): (["-c:a", "libgsm", "-ac", "1", "-ar", "8000"], "gsm", True),
    ("voice-codec", "speex-8k"): (["-c:a", "libspeex", "-b:a", "8k", "-ac", "1", "-ar", "8000"], "spx", True),
    ("voice-codec", "codec2-3200"): (["-c:a", "libcodec2", "-mode", "3200", "-ac", "1", "-ar", "8000"], "c2", True),
}
CHORUS = ["chorus", "0.7", "0.9", "55", "0.4", "0.25", "2", "-t"]


def damages():
    """(family, parameter) of class recording, the resynthesis families apart; the last two are layers."""
    r = [("clean", "-")] + sorted(CODECS)
    r += [("white", f"{s}dB") for s in (10, 5, 0)] + [("pink", f"{s}dB") for s in (10, 5, 0)]
    r += [("lowpass", "4000Hz"), ("telephone", "300-3400Hz-mulaw")] + [("eq", p) for p in EQ]
    r += [("compress", "heavy"), ("compress", "limiter"), ("reverb", "50"), ("reverb", "85")]
    r += [("clip", "+12dB"), ("clip", "overdrive20"), ("chorus", "-"), ("chorus-reverb", "50"), ("flanger", "-")]
    r += [("pitch", f"{p:+d}") for p in (-4, -1, 1, 2)]
    r += [("tempo", f"{p:+d}%") for p in (-20, -5, 5, 15)]
    r += [("speed", f"{s:.2f}") for s in (0.80, 0.95, 1.05, 1.25)]
    r += [("fraud-speed-eq-mp3", "1.04"), ("fraud-pitch-reverb", "+1"), ("fraud-silence-pad", "-")]
    r += [("fraud-loop", "10s-x4"), ("fraud-concat", "15s+15s"), ("fraud-mashup", "16s/16s-fade4s")]
    r += [("fraud-channels", p) for p in ("swap", "mono", "invert-right", "left-only")]
    return r + [("layer6", "other-music-6dB-below"), ("layer0", "other-music-as-loud")]


def needs_other(family):
    return family in ("layer6", "layer0", "fraud-concat", "fraud-mashup")


def pink(n, rng):
    spec = scipy.fft.rfft(rng.standard_normal(n).astype(np.float32))
    return scipy.fft.irfft(spec / np.sqrt(np.maximum(np.arange(len(spec)), 20)), n).astype(np.float32)


def under(x, y, snr):
    """x with y laid under it at snr dB of the whole."""
    return below(x + gain(y, db(x) - snr - db(y)))


def encode(wav, stem, key, tmp):
    args, ext, decode = CODECS[key]
    coded = (os.path.join(tmp, "coded") if decode else stem) + "." + ext
    run(FFMPEG + ["-i", wav, "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", *args, coded])
    if not decode:
        return coded
    run(FFMPEG + ["-i", coded, "-fflags", "+bitexact", "-sample_fmt", "s16", stem + ".flac"])
    return stem + ".flac"


def effects(family, par, x, rng):
    """sox effects of a family, with room for the boosts they make."""
    peak = peak_db(x)
    room = lambda boost: ["gain", f"{min(0.0, -1.0 - boost - peak):.2f}"]
    if family == "lowpass":
        return room(1) + ["sinc", "-4000"]
    if family == "eq":
        return room({"bass+12": 12, "treble+9": 9, "scoop": 6, "tilt": 7}[par]) + EQ[par]
    if family == "compress":
        if par == "limiter":
            return ["gain", f"{-peak - 0.5:.2f}", "gain", "-l", "14"]
        return ["gain", f"{-db(x) - 18:.2f}", "compand", "0.004,0.08", "-90,-90,-60,-30,-40,-17,-20,-12,0,-9", "5"]
    if family in ("reverb", "fraud-pitch-reverb"):
        return room(4) + REVERB(int(par) if family == "reverb" else 50)
    if family == "clip":
        if par == "+12dB":
            return ["gain", f"{12 - peak:.2f}", "gain", "-1"]
        return ["gain", f"{-1 - peak:.2f}", "overdrive", "20", "20", "gain", "-3"]
    if family == "chorus":
        return room(3) + CHORUS
    if family == "chorus-reverb":
        return room(6) + CHORUS + REVERB(50)
    if family == "flanger":
        return room(3) + ["flanger", "5", "3", "0", "80", "0.5"]
    if family == "fraud-channels":
        return ["remix"] + {"swap": ["2", "1"], "mono": ["1v0.5,2v0.5"], "invert-right": ["1", "2i"], "left-only": ["1"]}[par]
    if family == "fraud-silence-pad":
        return ["pad", f"{rng.uniform(1, 8):.2f}", f"{rng.uniform(0, 3):.2f}"]
    return ["gain", "-1"] if family in ("pitch", "tempo") else []


def before_effects(family, par, x, rate, wav, other, rng, tmp):
    """What no sox chain does; the WAV that goes on from here."""
    out = os.path.join(tmp, "before.wav")
    if family in ("pitch", "fraud-pitch-reverb"):
        run(["rubberband", "-q", "-p", str(int(par)), wav, out])
        return out
    if family == "tempo":
        run(["rubberband", "-q", "-T", f"{1 + int(par[:-1]) / 100:.4f}", wav, out])
        return out
    if family in ("speed", "fraud-speed-eq-mp3"):
        run(["sox", "-D", "-V1", wav, out, "gain", f"{min(0.0, -2 - peak_db(x)):.2f}", "speed", par, "rate", "-h", str(rate)])
        return out
    if family in ("white", "pink"):
        gen = np.random.default_rng(rng.randrange(1 << 30))
        noise = pink(len(x), gen) if family == "pink" else gen.standard_normal(len(x)).astype(np.float32)
        return save(out, under(x, np.repeat(noise[:, None], x.shape[1], axis=1), float(par[:-2])), rate)
    if needs_other(family):
        y = like(other[0], other[1], x, rate, tmp)
        y = gain(y, db(x) - db(y))
    if family in ("layer6", "layer0"):
        return save(out, under(x, y, float(family[5:])), rate)
    if family == "fraud-concat":
        return save(out, below(np.concatenate([x[:15 * rate], y[:15 * rate]])), rate)
    if family == "fraud-mashup":
        ramp = np.linspace(0, 1, 4 * rate, dtype=np.float32)[:, None]
        a, b = x[:16 * rate], y[:16 * rate]
        return save(out, below(np.concatenate([a[:-4 * rate], a[-4 * rate:] * (1 - ramp) + b[:4 * rate] * ramp, b[4 * rate:]])), rate)
    if family == "fraud-loop":
        return save(out, np.tile(x[:10 * rate], (4, 1)), rate)
    return wav


def make_damaged(family, par, wav, stem, other, rng, tmp):
    """The damaged copy of a WAV file; its path, and how it was written."""
    x, rate = load(wav)
    if (family, par) in CODECS:
        return encode(wav, stem, (family, par), tmp), "codec"
    if family == "telephone":
        out = stem + ".flac"
        mid = os.path.join(tmp, "mulaw.wav")
        run(["sox", "-D", "-V1", wav, "-e", "u-law", "-b", "8", "-c", "1", mid, "gain", f"{min(0.0, -3 - peak_db(x)):.2f}",
             "sinc", "300-3400", "compand", "0.01,0.2", "-50,-30,-30,-18,0,-6", "rate", "8000"])
        run(["sox", "-D", "-V1", mid, "-e", "signed", "-b", "16", out])
        return out, "8 kHz mono"
    start = before_effects(family, par, x, rate, wav, other, rng, tmp)
    fx = effects(family, par, load(start)[0], rng)
    if family == "fraud-speed-eq-mp3":
        name = rng.choice(sorted(EQ))
        mid = os.path.join(tmp, "eq.wav")
        run(["sox", "-D", "-V1", start, "-b", "16", mid, "gain", "-11"] + EQ[name])
        return encode(mid, stem, ("mp3", "128k"), tmp), name + ", mp3 128k"
    form = "native" if family == "fraud-channels" else rng.choices(["native", "mono", "mono22050", "mono16000"], [3, 2, 3, 2])[0]
    if form != "native":
        fx = fx + ["remix", "-"]
        if form != "mono" and rate > int(form[4:]):
            fx += ["gain", "-0.5", "rate", form[4:]]
    run(["sox", "-D", "-V1", start, "-b", "16", "-C", "5", stem + ".flac"] + fx)
    return stem + ".flac", form


# ---------------------------------------------------------------- resynthesis
RESYNTHESIS = {  # family: (extra arguments of riffuse.py, or None for Griffin-Lim with that many bands)
    "riffuse-plain": [], "riffuse-noise6-latent4": ["--noise", "6", "--latent", "4"],
    "riffuse-noise12-latent12": ["--noise", "12", "--latent", "12"], "riffuse-latent24": ["--latent", "24"],
    "griffin-mel256": 256, "griffin-mel128": 128,
}


def make_resynthesis(family, wav, stem, number, tmp):
    how = RESYNTHESIS[family]
    if isinstance(how, int):
        x, rate = load(wav)
        return save(stem + ".flac", griffin_mel(x, rate, how, np.random.default_rng(number)), rate)
    out = os.path.join(tmp, "riffused.wav")
    run([sys.executable, RIFFUSE, wav, out, "--seed", str(number), *how])
    x, rate = load(out)
    return save(stem + ".flac", x, rate)
