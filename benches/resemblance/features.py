#!/usr/bin/env python3
"""usage: features.py FILE...    prints the chroma features of each: 4 rows a second, 12 values (C first)

Chroma that keeps harmony and drops timbre, computed apart from the Rust code so that the two can be compared:
1. 16 kHz mono; Hann windows of 4096 every 2000 samples (8 a second, the first centred on sample 0); power in 228 triangular bands, 36 an
   octave from 55 Hz, each as wide as one band or one FFT bin, whichever is wider; dB.
2. Whitening: less the mean of the 37 bands around (an octave), clipped to 0..25 dB; 0 where a band lies 45 dB or more below
   the 90th percentile of the frames' largest.
3. Tuning: of the three offsets of a third of a semitone the one where most peaks lie; a semitone is the largest of its three bands;
   folded to 12 by sum.
4. Square root; smoothed over 3 frames (1 2 1); less its own mean; less half the mean of the 8 s around; less its own mean again;
   unit length; frames with less than 5 % of the track's loud length are 0.  Every second frame is kept.
Needs numpy and ffmpeg."""
import os, subprocess, sys
import numpy as np

RATE, WINDOW, HOP, BANDS, PER_OCTAVE, LOWEST = 16000, 4096, 2000, 228, 36, 55.0
FPS = 8


def decode(path, seconds=None):
    cmd = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", path]
    if seconds:
        cmd += ["-t", str(seconds)]
    raw = subprocess.run(cmd + ["-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.float32)


def band_matrix():
    hz = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    m = np.zeros((len(hz), BANDS), np.float32)
    for b in range(BANDS):
        f = LOWEST * 2 ** (b / PER_OCTAVE)
        half = max(f * (2 ** (1 / PER_OCTAVE) - 1), RATE / WINDOW)
        m[:, b] = np.clip(1 - np.abs(hz - f) / half, 0, None)
    return m


MATRIX = band_matrix()
USED = np.nonzero(MATRIX.any(1))[0][-1] + 1


def spectrum(x):
    """dB in bands, one row for each 1/8 s."""
    window = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32) * (2.0 / WINDOW)
    x = np.concatenate([np.zeros(WINDOW // 2, np.float32), x, np.zeros(WINDOW // 2 + HOP, np.float32)])
    count = max(1, (len(x) - WINDOW) // HOP)
    out = np.empty((count, BANDS), np.float32)
    for a in range(0, count, 256):
        at = np.arange(a, min(a + 256, count))[:, None] * HOP + np.arange(WINDOW)[None]
        p = np.abs(np.fft.rfft(x[at] * window, axis=1)[:, :USED]) ** 2
        out[a:a + 256] = p.astype(np.float32) @ MATRIX[:USED]
    return 10 * np.log10(out + 1e-10)


def whiten(db, span=PER_OCTAVE // 2, gate=45.0, top=25.0):
    padded = np.pad(db.astype(np.float64), ((0, 0), (span + 1, span)), mode="edge")
    c = np.cumsum(padded, 1)
    mean = (c[:, 2 * span + 1:] - c[:, :-2 * span - 1]) / (2 * span + 1)
    w = np.clip(db - mean, 0, top).astype(np.float32)
    w[db < np.percentile(db.max(1), 90) - gate] = 0
    return w


def tuning(w):
    """The offset (0, 1, 2 bands) at which most peaks lie, in the lower five octaves."""
    inner = w[:, 1:-1]
    p = np.zeros_like(w)
    p[:, 1:-1] = np.where((inner >= w[:, :-2]) & (inner > w[:, 2:]), inner, 0)
    h = p[:, :180].sum(0)
    return int(np.argmax([h[o::3].sum() for o in range(3)]))


def raw_chroma(db):
    """12 pitch classes from C, before compression."""
    w = whiten(db)
    offset = tuning(w)
    first = 9 + (offset == 2)                # 55 Hz is an A; two thirds of a semitone above is a flat B flat
    q = np.pad(w, ((0, 0), (1, 3)))
    middle = 3 * np.arange((BANDS - offset) // 3) + offset
    semitone = np.maximum(np.maximum(q[:, middle], q[:, middle + 1]), q[:, middle + 2])
    out = np.zeros((len(w), 12), np.float32)
    for i in range(semitone.shape[1]):
        out[:, (i + first) % 12] += semitone[:, i]
    return out


def along(x, kernel):
    return np.apply_along_axis(np.convolve, 0, x, kernel, mode="same").astype(np.float32)


def context(raw, local=8 * FPS):
    """Step 4, 8 rows a second."""
    x = along(raw.astype(np.float32) ** 0.5, np.array([.25, .5, .25]))
    level = np.linalg.norm(x, axis=1)
    x = x - x.mean(1, keepdims=True)
    if local:
        n = min(local, len(x))
        x = x - 0.5 * along(x, np.ones(n) / n)
        x = x - x.mean(1, keepdims=True)
    norm = np.linalg.norm(x, axis=1)
    live = (level > 0.05 * np.percentile(level, 95) + 1e-9) & (norm > 1e-6)
    return np.where(live[:, None], x / np.maximum(norm, 1e-6)[:, None], 0).astype(np.float32)


def features(raw, local=8 * FPS):
    """4 rows a second."""
    return context(raw, local)[:-1:2] if len(raw) > 1 else context(raw, local)


# ---------------------------------------------------------------- patches for the candidates' codes
PATCH = 16                                   # half seconds


def half_seconds(x, tempo=1.0):
    """2 rows a second of what a work at its own speed would give, if x is `tempo` times as fast as it."""
    s = (x + np.concatenate([x[1:], x[-1:]])) / 2
    t = np.arange(0, len(s) - 1, 2 / tempo)
    i = t.astype(int)
    f = (t - i)[:, None].astype(np.float32)
    return s[i] * (1 - f) + s[np.minimum(i + 1, len(s) - 1)] * f


def patches(x, tempo=1.0, hop=2):
    """Unit rows of 16 x 12 values, one each `hop` half seconds; what is shorter than a patch is padded with 0."""
    y = half_seconds(x, tempo)
    if len(y) < PATCH:
        y = np.pad(y, ((0, PATCH - len(y)), (0, 0)))
    w = np.lib.stride_tricks.sliding_window_view(y, PATCH, axis=0)[::hop]
    p = np.ascontiguousarray(w.transpose(0, 2, 1)).reshape(-1, PATCH * 12)
    return p / np.maximum(np.linalg.norm(p, axis=1, keepdims=True), 1e-6)


def rotate(p, semitones):
    """Patches moved up by so many semitones."""
    return np.roll(p.reshape(len(p), PATCH, 12), semitones, 2).reshape(len(p), -1)


def save(path, dst, seconds=None):
    """Saves what steps 1 to 3 give, for train.py."""
    os.makedirs(os.path.dirname(dst), exist_ok=True)
    np.savez_compressed(dst + ".part.npz", raw=raw_chroma(spectrum(decode(path, seconds))).astype(np.float16))
    os.replace(dst + ".part.npz", dst)


def main():
    args = sys.argv[1:]
    if not args or args[0] in ("-h", "--help"):
        sys.exit(__doc__)
    for f in args:
        print("#", f)
        for row in features(raw_chroma(spectrum(decode(f)))):
            print(" ".join(f"{v:.4f}" for v in row))


if __name__ == "__main__":
    main()
