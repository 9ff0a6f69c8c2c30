"""Scores and leads for make_kinds.py: MIDI reading and writing, second performances, arrangements of
POP909 songs, spoken, sung and played leads.

Needs numpy, scipy, soundfile; runs fluidsynth and espeak-ng.
"""
import math, os, struct, subprocess

import numpy as np
import scipy.linalg
import scipy.signal

from kinds_audio import load, run

RATE = 44100
SOUNDFONTS = "/usr/share/sounds/sf2"
FLUID, TIM, OPL = (os.path.join(SOUNDFONTS, n) for n in ("FluidR3_GM.sf2", "TimGM6mb.sf2", "OPL-3_FM_128M.sf2"))
MELODIC = [0, 4, 6, 11, 13, 16, 19, 21, 24, 25, 26, 27, 30, 32, 33, 40, 42, 46, 48, 52, 56, 60, 61, 65, 68, 71, 73, 75, 79, 80, 81, 88]


# ---------------------------------------------------------------- standard MIDI files
def vlq(b, i):
    v = 0
    while True:
        c = b[i]
        i += 1
        v = v << 7 | c & 127
        if c < 128:
            return v, i


def events_of(body):
    """(tick, status, data) of one track; meta events have status 0xff and data type + payload."""
    k, tick, status = 0, 0, 0
    while k < len(body):
        d, k = vlq(body, k)
        tick += d
        s = body[k]
        if s == 0xff:
            n, k2 = vlq(body, k + 2)
            yield tick, 0xff, bytes([body[k + 1]]) + body[k2:k2 + n]
            k = k2 + n
        elif s in (0xf0, 0xf7):
            n, k = vlq(body, k + 1)
            k += n
        else:
            if s & 0x80:
                status, k = s, k + 1
            n = 1 if status >> 4 in (12, 13) else 2
            yield tick, status, body[k:k + n]
            k += n


class Score:
    """notes: (start, end, channel, pitch, velocity, track name) in seconds; controls: (time, channel, kind, data);
    beats: times of the quarter notes."""

    def __init__(self, notes=(), controls=(), beats=()):
        self.notes, self.controls, self.beats = sorted(notes), sorted(controls), list(beats)

    def length(self):
        return max((n[1] for n in self.notes), default=0.0)


def read_midi(path):
    with open(path, "rb") as f:
        data = f.read()
    hl, _, _, div = struct.unpack(">IHHH", data[4:14])
    i, tracks = 8 + hl, []
    while i + 8 <= len(data):
        n = struct.unpack(">I", data[i + 4:i + 8])[0]
        if data[i:i + 4] == b"MTrk":
            tracks.append(list(events_of(data[i + 8:i + 8 + n])))
        i += 8 + n
    tempi = sorted((t, int.from_bytes(d[1:4], "big")) for tr in tracks for t, s, d in tr if s == 0xff and d[0] == 0x51)
    marks, now, tick, us = [(0, 0.0, 500000)], 0.0, 0, 500000
    for t, u in tempi:
        now += (t - tick) * us / div / 1e6
        tick, us = t, u
        marks.append((t, now, u))
    ticks = np.array([m[0] for m in marks])

    def seconds(t):
        m = marks[int(np.searchsorted(ticks, t, "right")) - 1]
        return m[1] + (t - m[0]) * m[2] / div / 1e6

    notes, controls, last = [], [], 0
    for tr in tracks:
        name = next((d[1:].decode("latin1").strip() for _, s, d in tr if s == 0xff and d[0] == 3), "")
        sounding = {}
        for t, s, d in tr:
            ch, kind = s & 15, s >> 4
            if s == 0xff:
                continue
            if kind == 9 and d[1] > 0:
                sounding.setdefault((ch, d[0]), []).append((t, d[1]))
            elif kind in (8, 9):
                for t0, v in sounding.pop((ch, d[0]), [])[:]:
                    notes.append((seconds(t0), max(seconds(t), seconds(t0) + 0.03), ch, d[0], v, name))
                    last = max(last, t)
            elif kind in (11, 12, 14):
                controls.append((seconds(t), ch, kind, bytes(d)))
    return Score(notes, controls, [seconds(t) for t in range(0, last + 1, div)])


def window(score, start, seconds, lead_in=0.3):
    """The part of a score from start on; settings made before are kept, notes are cut off at the end."""
    move = lead_in - start
    notes = [(a + move, min(b, start + seconds) + move, *r) for a, b, *r in score.notes if start <= a < start + seconds - 0.05]
    controls = {}
    for t, ch, kind, d in score.controls:
        if t < start and kind in (11, 12):
            controls[ch, kind, d[0] if kind == 11 else 0] = (0.0, ch, kind, d)
    rest = [(t + move, ch, kind, d) for t, ch, kind, d in score.controls if start <= t < start + seconds]
    return Score(notes, list(controls.values()) + rest, [t + move for t in score.beats if start <= t < start + seconds])


def write_midi(score, path):
    """One track, 0.1 ms ticks."""
    order = []
    for t, ch, kind, d in score.controls:
        order.append((max(0, round(t * 1e4)), 0, bytes([kind << 4 | ch]) + d))
    for a, b, ch, pitch, v, _ in score.notes:
        order.append((max(0, round(a * 1e4)), 2, bytes([0x90 | ch, pitch, v])))
        order.append((max(1, round(b * 1e4)), 1, bytes([0x80 | ch, pitch, 0])))
    out, now = bytearray(b"\0\xff\x51\x03\x07\xa1\x20"), 0
    for t, _, msg in sorted(order):
        d, now = t - now, t
        head = [d & 127]
        while d := d >> 7:
            head.append(d & 127 | 128)
        out += bytes(reversed(head)) + msg
    out += b"\0\xff\x2f\0"
    with open(path, "wb") as f:
        f.write(b"MThd" + struct.pack(">IHHH", 6, 0, 1, 5000) + b"MTrk" + struct.pack(">I", len(out)) + out)


def render(score, soundfont, seconds, tmp, tag="render", rate=RATE):
    """float32 (samples, 2) of exactly that length."""
    mid, wav = os.path.join(tmp, tag + ".mid"), os.path.join(tmp, tag + ".wav")
    write_midi(score, mid)
    r = subprocess.run(["fluidsynth", "-ni", "-q", "-r", str(rate), "-g", "0.5", "-O", "float", "-T", "wav", "-F", wav, soundfont, mid],
                       capture_output=True, stdin=subprocess.DEVNULL)
    if r.returncode or not os.path.exists(wav):
        raise RuntimeError(f"fluidsynth: {r.stderr[-300:]!r}")
    x, _ = load(wav)
    os.remove(wav)
    n = round(seconds * rate)
    return np.pad(x, ((0, max(0, n - len(x))), (0, 0)))[:n]


# ---------------------------------------------------------------- a second performance
def wander(rng, top_ms, seconds):
    """Smooth random function of time (sines of 3 to 12 s), largest absolute value top_ms; returned in seconds."""
    parts = [(rng.uniform(0.5, 1), rng.uniform(3, 12), rng.uniform(0, 2 * math.pi)) for _ in range(4)]
    f = lambda t: sum(a * math.sin(2 * math.pi * t / p + ph) for a, p, ph in parts)
    top = max(abs(f(i / 50)) for i in range(round(seconds * 50)))
    return lambda t: f(t) / top * top_ms / 1000 if top_ms else 0.0


def perform(score, rng, jitter_ms, wander_ms, seconds):
    """The same notes played again: each onset moved on its own (normal, sd jitter_ms) and all of them along a
    wandering tempo; lengths 10 % and velocities 8 steps up and down."""
    e = wander(rng, wander_ms, seconds)
    notes = []
    for a, b, ch, pitch, v, name in score.notes:
        d = rng.gauss(0, jitter_ms / 1000)
        a2 = max(0.0, a + e(a) + d)
        length = max(0.04, (b - a) * max(0.5, rng.gauss(1, 0.1)))
        notes.append((a2, a2 + length, ch, pitch, min(127, max(10, round(rng.gauss(v, 8)))), name))
    return Score(notes, [(max(0.0, t + e(t)), *r) for t, *r in score.controls], score.beats)


def other_programs(score, rng):
    """Every melodic program exchanged for another."""
    table, out = {}, []
    used = {d[0] for _, ch, kind, d in score.controls if kind == 12 and ch != 9}
    for t, ch, kind, d in score.controls:
        if kind == 12 and ch != 9:
            if d[0] not in table:
                table[d[0]] = rng.choice([p for p in MELODIC if p not in used])
            d = bytes([table[d[0]]])
        out.append((t, ch, kind, d))
    return Score(score.notes, out, score.beats)


def with_programs(score, channels, programs):
    """Tracks put on channels, channels on programs."""
    notes = [(a, b, channels.get(name, ch), p, v, name) for a, b, ch, p, v, name in score.notes]
    return Score(notes, [(0.0, ch, 12, bytes([prog])) for ch, prog in sorted(programs.items())], score.beats)


def filled_programs(score):
    """Channels that play without a program are given program 0 outright."""
    have = {ch for _, ch, kind, _ in score.controls if kind == 12}
    more = [(0.0, ch, 12, b"\0") for ch in sorted({n[2] for n in score.notes} - have - {9})]
    return Score(score.notes, more + score.controls, score.beats)


# ---------------------------------------------------------------- POP909
def rhythm_section(score, rng):
    """Bass (the lowest note of each stroke of the piano) and drums on the beat."""
    strokes, notes = {}, []
    for a, b, ch, p, v, name in score.notes:
        if name == "PIANO":
            k = round(a / 0.12)
            if k not in strokes or p < strokes[k][3]:
                strokes[k] = (a, b, ch, p, v, name)
    for a, b, _, p, v, _ in strokes.values():
        while p > 47:
            p -= 12
        if p >= 28:
            notes.append((a, b, 3, p, min(127, v + 10), "BASS"))
    kick, snare = rng.choice([((0, 2), (1, 3)), ((0,), (2,)), ((0, 1, 2, 3), (1, 3)), ((0, 3), (2,))])
    hats = rng.choice([1, 2, 2, 4])
    beats = score.beats
    for i, (t, u) in enumerate(zip(beats, beats[1:])):
        step = u - t
        if i % 4 in kick:
            notes.append((t, t + 0.1, 9, 36, 105, "DRUMS"))
        if i % 4 in snare:
            notes.append((t, t + 0.1, 9, 38, 100, "DRUMS"))
        for k in range(hats):
            notes.append((t + k * step / hats, t + k * step / hats + 0.05, 9, 42, 60 + 20 * (k == 0), "DRUMS"))
    return notes


def pop_backing(score, rng):
    """Accompaniment without the tune: PIANO and BRIDGE on drawn instruments, mostly with bass and drums."""
    programs = {1: rng.choice([0, 4, 5, 24, 25, 27, 46, 88]), 2: rng.choice([48, 50, 25, 11, 61, 73, 89]), 3: rng.choice([32, 33, 38])}
    notes = [n for n in score.notes if n[5] != "MELODY"]
    if rng.random() < 0.75:
        notes = notes + rhythm_section(score, rng)
    return with_programs(Score(notes, [], score.beats), {"PIANO": 1, "BRIDGE": 2}, programs)


def pop_arranged(score, rng):
    """The whole song: half of them for one piano, half for a band."""
    if rng.random() < 0.5:
        return with_programs(score, {"PIANO": 0, "BRIDGE": 0, "MELODY": 0}, {0: 0})
    band = pop_backing(score, rng)
    notes = band.notes + [(a, b, 0, p, v, n) for a, b, _, p, v, n in score.notes if n == "MELODY"]
    return Score(notes, band.controls + [(0.0, 0, 12, bytes([rng.choice([65, 73, 40, 52, 80, 71, 68])]))], score.beats)


def melody(score, start, seconds):
    return [n for n in window(score, start, seconds).notes if n[5] == "MELODY"]


def phrases(notes, gap=0.35):
    out = []
    for n in notes:
        if out and n[0] - out[-1][-1][1] < gap:
            out[-1].append(n)
        else:
            out.append([n])
    return out


def share(notes, seconds):
    return sum(min(p[-1][1], seconds) - p[0][0] for p in phrases(notes)) / seconds


def singable(score, rng, seconds, low=0.58, high=0.69):
    """A window of a song whose tune sounds low to high of the time (an instrument rings on a little longer); where it
    sings on and on, ends of phrases are left out.  (start, notes), or None."""
    tries = [rng.uniform(0, max(0.0, score.length() - seconds)) for _ in range(25)]
    best = max(tries, key=lambda t: min(share(melody(score, t, seconds), seconds), high))
    notes = melody(score, best, seconds)
    while notes and share(notes, seconds) > high:
        longest = max(phrases(notes, 0.2), key=lambda p: p[-1][1] - p[0][0])
        if len(longest) < 2:
            break
        drop = set(longest[len(longest) // 2:len(longest) // 2 + 2] if len(longest) > 24 else longest[-max(1, len(longest) // 6):])
        notes = [n for n in notes if n not in drop]
    return (best, notes) if notes and low - 0.05 <= share(notes, seconds) <= high + 0.03 else None


# ---------------------------------------------------------------- leads
LINES = """walking on the water while the city falls asleep
every little promise is a secret that we keep
I left the kitchen window open for the rain
counting all the carriages of somebody's train
nobody ever told me that the summer could be cold
the paper on the table and the letters that I hold
turn it up and let it run until the morning light
seven miles of empty road and nobody in sight
we were only children when the river broke the wall
I can hear you laughing at the far end of the hall
give me one more minute and I promise I will go
everything you gave me I have lost it in the snow
money on the counter and a number on my hand
dancing in the doorway to a broken wedding band
say it like you mean it or do not say it at all
yellow is the colour of the leaves before they fall
open up the engine and I follow every sound
all the things I buried they are coming from the ground
my mother kept a garden where the railway used to be
nothing in the harbour but the wind that came to me
hold the line and tell me that you never really cared
running down the staircase with the secret that we shared
it is just another evening and I am waiting for the call
paint another picture for the hole inside the wall""".split("\n")
VOICES = ["en-us", "en-gb", "en-us+f2", "en-gb+f4", "en-us+m3", "en-gb-scotland", "en-us+f5", "en-gb-x-rp+m7"]
PLAYED = {"sax": 66, "choir": 53, "synth-lead": 81, "violin": 40, "flute": 73, "trumpet": 56}


def spoken_line(text, voice, speed, pitch, tmp):
    wav = os.path.join(tmp, "line.wav")
    run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", wav, text])
    x, rate = load(wav)
    x = x[:, 0]
    loud = np.flatnonzero(np.abs(x) > 0.02 * np.abs(x).max())
    return x[loud[0]:loud[-1] + 1], rate


def to_rate(x, rate, want=RATE):
    g = math.gcd(rate, want)
    return scipy.signal.resample_poly(x, want // g, rate // g).astype(np.float32)


def speech_lead(seconds, rng, tmp):
    """Lines read one after the other, silent for 25 to 40 % of the time."""
    voice, speed, pitch = rng.choice(VOICES), rng.randrange(130, 190), rng.randrange(35, 65)
    out, t, lines = np.zeros(round(seconds * RATE), np.float32), rng.uniform(0.3, 1.5), []
    active = rng.uniform(0.62, 0.74)
    while t < seconds - 1:
        if not lines:
            lines = rng.sample(LINES, len(LINES))
        x, rate = spoken_line(lines.pop(), voice, speed, pitch, tmp)
        x = to_rate(x, rate)
        a = round(t * RATE)
        n = min(len(x), len(out) - a)
        out[a:a + n] += x[:n]
        t += len(x) / RATE / active
    return np.repeat(out[:, None], 2, axis=1), f"espeak-ng {voice}"


def played_lead(notes, seconds, rng, tmp):
    name = rng.choice(sorted(PLAYED))
    score = Score([(a, b, 0, p, 100, n) for a, b, _, p, _, n in notes], [(0.0, 0, 12, bytes([PLAYED[name]])), (0.0, 0, 11, b"\x5b\x14")])
    return render(score, FLUID, seconds, tmp, "lead"), name


def lpc_frames(x, order, size, hop):
    """Prediction coefficients, gain and whether voiced, for frames of a line of speech."""
    w, out, plain = np.hanning(size), [], x
    x = np.append(x[0], x[1:] - 0.9 * x[:-1])
    for i in range(0, max(1, len(x) - size), hop):
        f = x[i:i + size]
        f = np.pad(f, (0, size - len(f))) * w
        r = np.correlate(f, f, "full")[size - 1:size + order]
        if r[0] < 1e-7:
            out.append(None)
            continue
        r[0] *= 1.0005
        a = scipy.linalg.solve_toeplitz(r[:-1], r[1:])
        err = max(r[0] - float(a @ r[1:]), 1e-9)
        p = plain[i:i + size]
        crossings = float(np.mean(np.signbit(p[1:]) != np.signbit(p[:-1])))
        out.append((np.append(1.0, -a), math.sqrt(err / size), crossings < 0.3))
    return out


def sing(phrase, line, rate, rng, octave):
    """A line of speech stretched over the notes of a phrase: its LPC filters, driven by pulses at the tune's pitch."""
    hop, order, size = rate // 200, 18, rate * 30 // 1000
    frames = lpc_frames(line, order, size, hop)
    start, end = phrase[0][0], phrase[-1][1]
    n = round((end - start) * rate)
    t = start + np.arange(n) / rate
    key = np.zeros(n)
    for a, b, _, p, _, _ in phrase:
        key[t >= a] = p + octave
        since = t - a
        key += np.where((t >= a) & (t < b), 0.25 * np.clip(since - 0.25, 0, 0.25) * 4 * np.sin(2 * np.pi * 5.6 * since), 0)
    smooth = round(0.04 * rate)
    key = np.convolve(np.pad(key, (smooth // 2, smooth - 1 - smooth // 2), mode="edge"), np.ones(smooth) / smooth, "valid")
    phase = np.cumsum(440 * 2 ** ((key - 69) / 12) / rate)
    gen = np.random.default_rng(rng.randrange(1 << 30))
    noise = gen.standard_normal(n)
    pulse = np.diff(np.floor(phase), prepend=0) * math.sqrt(rate / 150) + 0.05 * noise
    out, w = np.zeros(n + 8 * hop), np.hanning(2 * hop + 1)[:-1]
    for k in range(n // hop - 1):
        f = frames[min(len(frames) - 1, int(k * hop / n * len(frames)))]
        if f is None:
            continue
        a, g, voiced = f
        e = (pulse if voiced else 0.5 * noise)[k * hop:(k + 2) * hop] * w
        y = scipy.signal.lfilter([g], a, np.append(e, np.zeros(4 * hop)))
        out[k * hop:k * hop + 6 * hop] += y
    return scipy.signal.lfilter([1, -1], [1, -0.97], scipy.signal.lfilter([1], [1, -0.85], out[:n]))     # no DC


def sung_lead(notes, seconds, rng, tmp):
    """espeak-ng lines sung on a tune."""
    voice = rng.choice(VOICES)
    mean = sum(n[3] for n in notes) / len(notes)
    octave = 12 * round(((64 if "+f" in voice else 55) - mean) / 12)
    out, lines = np.zeros(round(seconds * 22050) + 22050), rng.sample(LINES, len(LINES))
    for p in phrases(notes):
        for part in [p[i:i + 14] for i in range(0, len(p), 14)]:
            if not lines:
                lines = rng.sample(LINES, len(LINES))
            line, rate = spoken_line(lines.pop(), voice, 150, 50, tmp)
            y = sing(part, line, rate, rng, octave)
            y *= 0.1 / max(1e-6, float(np.sqrt(np.mean(y ** 2))))
            a = round(part[0][0] * rate)
            n = max(0, min(len(y), len(out) - a))
            out[a:a + n] += y[:n]
    x = to_rate(out, 22050)[:round(seconds * RATE)]
    return np.repeat(x[:, None], 2, axis=1), f"sung, {voice}"
