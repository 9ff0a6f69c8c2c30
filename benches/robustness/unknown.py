#!/usr/bin/env python3
"""Whether the E-value holds on short pieces of unknown music; `unknown.sh` runs it.

usage: unknown.py --dir CORPUS --out OUT --binary SOUNDALIKE [--pieces 12000] [--only CLASS]...
                  [--seed S] [--threads 1] [--folds 4] [--limit-minutes M] [--pop909 FOLDER]
                  [--soundfont FILE] [--soundfont2 FILE] [--fresh]

Classes (queries at --pieces 12000):
  music      12,000 pieces of 4, 5.5, 7.3 and 10 s of every track of the corpus
  stretched  400 of them made 1.4 or 0.7 times as fast
  plain      250 clips against 250 of other packages: what the classes below would give with nothing made
  drone      400 clips over a held drone against 400 other clips, ten of them over the same drone
  sustained  200 of slow chords against 200 of other pieces, ten of them of one key and instrument, played
             with the samples of another soundfont: nothing that is recorded is shared
  sampled    the same with one soundfont: a chord that both hold is the same sound, as long as it lasts
  loops      250 of a drum loop under music against 250 of other loops and music, ten at one tempo
  tempo      250 further ones, made 1.4 or 0.7 times as fast, against the same

A scan that knows a piece's own track stops looking: it never searches other speeds, and compares
fewer tracks.  So the packages are dealt into folds, with relatives (same_piece.tsv,
near_duplicates.tsv) in one fold, and a piece is scanned against the tracks of the other folds only.
`--folds 1` indexes everything at once and leaves the own package's matches out afterwards; that
looks better than it is.  Whatever is left is chance, or a relative that nobody listed: read the list
(accepted.tsv). Where its column waveform is two and more times by_chance, both hold the same samples.

If E-values are honest, n pieces have about n * x best matches with E <= x, for small x.
Needs numpy, ffmpeg, sox and, for all classes but music, stretched and plain, fluidsynth and POP909.
"""
import argparse, bisect, csv, glob, hashlib, json, math, os, random, shutil, struct, subprocess, sys, time, wave
from collections import Counter, defaultdict
from pathlib import Path

try:
    import numpy as np
except ImportError:  # the arithmetic of the tables does without
    np = None

HERE = Path(__file__).resolve().parent
RATE = 16_000
LENGTHS = (4.0, 5.5, 7.3, 10.0)
FULL = 12_000
SHARES = {"music": 12_000, "stretched": 400, "plain": 250, "drone": 400, "sustained": 200, "sampled": 200, "loops": 250, "tempo": 250}
ACCEPTED = -3.0
POWERS = (0.0, -1.0, -2.0, -3.0, -4.0)
BUCKETS = ("unchanged", "pitch only", "ratio < 0.1", "0.1-0.25", "> 0.25")
CHUNK = 300


# ---- corpus -------------------------------------------------------------------------------------

def read_tsv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def families(packages, pairs):
    """Package -> family: packages that share music, directly or by way of others, are one family."""
    parent = {p: p for p in packages}

    def root(p):
        while parent[p] != p:
            p = parent[p]
        return p
    for a, b in pairs:
        if a in parent and b in parent and root(a) != root(b):
            parent[max(root(a), root(b))] = min(root(a), root(b))
    return {p: root(p) for p in packages}


def deal(hours, folds):
    """Family -> fold, the longest first, each to the fold with least music."""
    sums, fold = [0.0] * folds, {}
    for family in sorted(hours, key=lambda f: (-hours[f], f)):
        fold[family] = min(range(folds), key=lambda k: (sums[k], k))
        sums[fold[family]] += hours[family]
    return fold


def load_corpus(root, split, folds):
    tracks = read_tsv(root / f"split-{split}.tsv")
    by_file = {t["file"]: t["package"] for t in tracks}
    relatives = [(r["a"], r["b"]) for name in ("same_piece.tsv", "near_duplicates.tsv") for r in read_tsv(HERE / name)]
    pairs = [(by_file[a], by_file[b]) for a, b in relatives if a in by_file and b in by_file]
    family = families(set(by_file.values()), pairs)
    hours = defaultdict(float)
    for t in tracks:
        hours[family[t["package"]]] += float(t["duration"]) / 3600
    fold = deal(hours, folds)
    for number, t in enumerate(tracks):
        t.update(number=number, seconds=float(t["duration"]), family=family[t["package"]], fold=fold[family[t["package"]]])
    return tracks


def plan(tracks, count, seed):
    """(track, start, seconds) of `count` pieces: more from long tracks, by the root of their length,
    spread evenly, of all lengths in turn."""
    longest = max(LENGTHS)
    caps = [max(t["seconds"] / 2.5, 1) if t["seconds"] > 5 else 0 for t in tracks]
    low, high = 0.0, float(count)
    for _ in range(60):
        scale = (low + high) / 2
        if sum(min(c, scale * math.sqrt(t["seconds"])) for c, t in zip(caps, tracks)) < count:
            low = scale
        else:
            high = scale
    shares = [min(c, high * math.sqrt(t["seconds"])) for c, t in zip(caps, tracks)]
    pieces, owed, turn = [], 0.0, 0
    draw = random.Random(f"{seed}/plan")
    for t, share in zip(tracks, shares):
        owed += share
        mine = int(owed + 1e-6)
        owed -= mine
        for i in range(mine):
            length = LENGTHS[turn % len(LENGTHS)]
            turn += 1
            if t["seconds"] < longest:
                length = min(length, LENGTHS[0])
            at = (i + draw.random()) / mine * max(t["seconds"] - length - 0.05, 0)
            pieces.append((t, round(at, 3), length))
    return pieces


# ---- sound --------------------------------------------------------------------------------------

def decode(path, *where):
    done = subprocess.run(["ffmpeg", "-v", "fatal", "-nostdin", *where, "-i", str(path), "-map", "0:a:0", "-ac", "1", "-ar", str(RATE),
                           "-f", "s16le", "-"], stdout=subprocess.PIPE)
    return np.frombuffer(done.stdout[:len(done.stdout) // 2 * 2], dtype="<i2")


def write_wav(path, samples):
    if samples.dtype != np.int16:
        peak = max(float(np.abs(samples).max()), 1e-9)
        samples = np.round(samples * (0.7 * 32767 / peak)).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(RATE)
        out.writeframes(samples.tobytes())


def read_wav(path):
    with wave.open(str(path), "rb") as file:
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return data.reshape(-1, file.getnchannels()).mean(axis=1).astype(np.float32)


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float32))))) if len(samples) else 0.0


def over(top, bed, decibels):
    """`top` laid over `bed`, so much louder."""
    count = min(len(top), len(bed))
    top, bed = top[:count].astype(np.float32), bed[:count].astype(np.float32)
    return bed / max(rms(bed), 1e-9) + top / max(rms(top), 1e-9) * 10 ** (decibels / 20)


def stretch(source, target, factor):
    subprocess.run(["sox", "-V1", "-D", str(source), str(target), "tempo", "-m", f"{factor}"], check=True)


def tones(hz, phase, levels):
    """The sum of sines of fixed frequency whose levels (moments x sines, 4 ms apart) change slowly."""
    block = RATE // 250
    at = 2 * np.pi * np.outer(np.arange(len(levels)) * (block / RATE), hz) + phase
    within = 2 * np.pi * np.outer(hz, np.arange(block) / RATE)
    return (levels * np.sin(at) @ np.cos(within) + levels * np.cos(at) @ np.sin(within)).ravel()


def drone(kind, hz, identity, seconds, seed):
    """A held drone. `identity` settles its colour; beating, phases and plucks are each piece's own."""
    colour, own = np.random.default_rng(identity), np.random.default_rng(seed)
    t = np.arange(math.ceil(seconds * 250)) / 250
    partials = []

    def beat(depth, slow, fast):
        return 1 + depth * np.sin(2 * np.pi * own.uniform(slow, fast) * t + own.uniform(0, 6.3))

    def partial(f, level):
        if f < 7000:
            partials.append((f, own.uniform(0, 6.3), level))
    if kind == "tambura":
        bright, step, weights = colour.uniform(0.6, 1.1), colour.uniform(0.8, 1.2), colour.uniform(0.4, 1.0, 18)
        begin, number = -own.uniform(0, 4 * step) - 4, 0
        while begin < seconds:
            since = np.where(t < begin, np.inf, t - begin)
            for h in range(1, 19):
                fade = np.exp(-since / (3.5 / h ** 0.4))
                partial(hz * (1.5, 2.0, 2.0, 1.0)[number % 4] * h, weights[h - 1] / h ** bright * beat(0.5, 0.2, 0.9) * fade)
            begin, number = begin + step * own.uniform(0.93, 1.07), number + 1
    else:
        ratios, voices, cents, depth = ((1.0, 1.5, 2.0), 1, 1.0, 0.05) if kind == "pipe" else ((1.0, 1.5, 2.0, 3.0), 3, 4.0, 0.4)
        slope, weights = colour.uniform(0.7, 1.2), colour.uniform(0.3, 1.0, (len(ratios), 16))
        for n, ratio in enumerate(ratios):
            for h in range(1, 17):
                for _ in range(voices):
                    partial(hz * ratio * h * 2 ** (own.normal(0, cents) / 1200), weights[n, h - 1] / h ** slope * beat(depth, 0.1, 0.5))
    frequency, phase, levels = zip(*partials)
    return tones(np.array(frequency), np.array(phase), np.array(levels).T)[:int(seconds * RATE)]


# ---- MIDI ---------------------------------------------------------------------------------------

def read_midi(data):
    """Track name -> notes (seconds, length, pitch) of a standard MIDI file."""
    division = struct.unpack(">H", data[12:14])[0]
    at, tempi, tracks = 14, [(0, 500_000)], []
    while at + 8 <= len(data):
        size = struct.unpack(">I", data[at + 4:at + 8])[0]
        chunk, at = data[at + 8:at + 8 + size], at + 8 + size
        i, tick, status, name, held, notes = 0, 0, 0, "", {}, []

        def number(i):
            value = 0
            while True:
                value, i = value << 7 | chunk[i] & 127, i + 1
                if chunk[i - 1] < 128:
                    return value, i
        while i < len(chunk):
            delta, i = number(i)
            tick += delta
            if chunk[i] >= 128:
                status, i = chunk[i], i + 1
            if status == 255:
                kind = chunk[i]
                length, i = number(i + 1)
                if kind == 3:
                    name = chunk[i:i + length].decode("latin-1").strip()
                if kind == 81:
                    tempi.append((tick, int.from_bytes(chunk[i:i + 3], "big")))
                i += length
            elif status in (240, 247):
                length, i = number(i)
                i += length
            else:
                a, b = chunk[i], chunk[i + 1] if status >> 4 not in (12, 13) else 0
                i += 1 if status >> 4 in (12, 13) else 2
                if status >> 4 in (8, 9):
                    if a in held:
                        notes.append((held.pop(a), tick, a))
                    if status >> 4 == 9 and b:
                        held[a] = tick
        tracks.append((name, notes))
    tempi.sort()
    marks = [(0, 0.0, 500_000)]
    for tick, tempo in tempi:
        before, seconds, now = marks[-1]
        marks.append((tick, seconds + (tick - before) * now / 1e6 / division, tempo))
    ticks = [m[0] for m in marks]

    def seconds(tick):
        mark = marks[bisect.bisect_right(ticks, tick) - 1]
        return mark[1] + (tick - mark[0]) * mark[2] / 1e6 / division
    return {name: sorted((seconds(a), seconds(b) - seconds(a), p) for a, b, p in notes) for name, notes in tracks if notes}


def write_midi(events):
    """A MIDI file of (seconds, message) with 960 ticks a second."""
    out, now = bytearray(), 0

    def number(n):
        digits = [n & 127]
        while n > 127:
            n >>= 7
            digits.append(n & 127 | 128)
        return bytes(reversed(digits))
    # Ends of notes before begins at the same tick.
    for at, message in sorted(((round(s * 960), m) for s, m in events), key=lambda e: (e[0], e[1][0] >> 4 == 9)):
        out += number(at - now) + bytes(message)
        now = at
    out += b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(out)) + bytes(out)


def render(scores, soundfont, work, seconds=max(LENGTHS) + 0.5):
    """The sound of each score: notes (seconds, length, pitch, velocity), program, drums or not."""
    slot, rendered = seconds + 2.5, []
    for part in range(0, len(scores), 120):
        events = []
        for i, (notes, program, drums) in enumerate(scores[part:part + 120]):
            channel, begin = 9 if drums else 0, i * slot + 0.1
            events.append((begin - 0.08, (0xC0 | channel, program)))
            for at, length, pitch, velocity in notes:
                if at < seconds:
                    events.append((begin + at, (0x90 | channel, pitch, velocity)))
                    events.append((begin + min(at + length, seconds), (0x80 | channel, pitch, 0)))
        midi, sound = work / f"render-{os.getpid()}.mid", work / f"render-{os.getpid()}.wav"
        midi.write_bytes(write_midi(events))
        subprocess.run(["fluidsynth", "-niq", "-r", str(RATE), "-g", "0.4", "-O", "s16", "-F", str(sound), str(soundfont), str(midi)],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        samples = read_wav(sound)
        for i in range(len(scores[part:part + 120])):
            begin = int((i * slot + 0.1) * RATE)
            rendered.append(samples[begin:begin + int(seconds * RATE)])
        midi.unlink(), sound.unlink()
    return rendered


# Krumhansl and Kessler's key profiles.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def tonic(notes):
    """Pitch class of the tonic, of the relative major key where it is minor."""
    weight = [0.0] * 12
    for _, length, pitch in notes:
        weight[pitch % 12] += length

    def fit(key, profile):
        mean = sum(profile) / 12
        return sum(weight[(key + i) % 12] * (p - mean) for i, p in enumerate(profile))
    best = max(range(12), key=lambda k: fit(k, MAJOR))
    minor = max(range(12), key=lambda k: fit(k, MINOR))
    return best if fit(best, MAJOR) >= fit(minor, MINOR) else (minor + 3) % 12


def chords(notes, window=2.0):
    """The three or four pitch classes that sound most in each window, the lowest first."""
    out, end = [], max(at + length for at, length, _ in notes)
    for k in range(int(end / window)):
        weight, lowest = [0.0] * 12, (200, 0)
        for at, length, pitch in notes:
            shared = min(at + length, (k + 1) * window) - max(at, k * window)
            if shared > 0:
                weight[pitch % 12] += shared
                lowest = min(lowest, (pitch, pitch % 12))
        total = sum(weight)
        if total > window / 2:
            strong = sorted((p for p in range(12) if weight[p] > 0.12 * total), key=lambda p: -weight[p])[:4]
            if len(strong) >= 2:
                bass = lowest[1]
                out.append([bass] + [p for p in strong if p != bass])
    return out


def drum_pattern(draw):
    """Two bars of sixteenths: instrument -> steps."""
    four = draw.random() < 0.4
    kick = {0, 8, 16, 24} | ({4, 12, 20, 28} if four else set())
    kick |= {s for s in range(32) if draw.random() < (0.06 if four else 0.16)}
    snare = {8, 24} if draw.random() < 0.2 else {4, 12, 20, 28}
    snare |= {s for s in range(32) if draw.random() < 0.07}
    every = draw.choice((1, 2, 2, 4))
    hat = {s for s in range(draw.choice((0, 0, every // 2)), 32, every) if draw.random() < 0.9}
    pattern = {draw.choice((35, 36)): kick, draw.choice((38, 40)): snare, draw.choice((42, 42, 51)): hat}
    pattern[46] = {s for s in range(2, 32, 4) if draw.random() < 0.2}
    pattern[draw.choice((39, 54, 56, 70, 41, 45, 75))] = {s for s in range(32) if draw.random() < draw.choice((0.05, 0.12))}
    return pattern


def difference(a, b):
    """Strokes that only one of two patterns has."""
    return sum(len(a.get(i, set()) ^ b.get(i, set())) for i in set(a) | set(b))


def drum_score(pattern, bpm, draw):
    step = 60 / bpm / 4
    notes, bar = [], draw.randrange(32)
    for n in range(int((max(LENGTHS) + 0.5) / step)):
        for instrument, steps in pattern.items():
            if (n + bar) % 32 in steps:
                notes.append((n * step, 0.1, instrument, 112 if (n + bar) % 4 == 0 else 92))
    return notes


# ---- the classes --------------------------------------------------------------------------------

FIELDS = ("file", "class", "role", "group", "source", "family", "start", "seconds", "note")


class Maker:
    """Makes the pieces of one class, once, and their list."""

    def __init__(self, args, tracks):
        self.args, self.tracks = args, tracks
        self.root = args.out / "pieces" / f"{args.seed}-{args.pieces}"
        self.songs, self.parsed = {}, {}

    def count(self, name):
        return max(SHARES[name] * self.args.pieces // FULL, 1)

    def draw(self, *what):
        return random.Random("/".join(map(str, (self.args.seed, *what))))

    def make(self, name):
        folder = self.root / name
        listed = folder / "pieces.tsv"
        if not listed.exists():
            say(f"making {name}")
            shutil.rmtree(folder, ignore_errors=True)
            for role in ("query", "ref"):
                (folder / role).mkdir(parents=True)
            rows = getattr(self, name)(folder)
            with open(folder / "making.tsv", "w", encoding="utf-8") as out:
                out.write("\t".join(FIELDS) + "\n")
                for row in rows:
                    out.write("\t".join(str(row.get(f, "")) for f in FIELDS) + "\n")
            os.rename(folder / "making.tsv", listed)
        return read_tsv(listed)

    def music(self, folder):
        wanted = defaultdict(list)
        for t, at, length in plan(self.tracks, self.args.pieces, self.args.seed):
            wanted[t["number"]].append((at, length))
        rows = []
        for t in self.tracks:
            samples = decode(self.args.dir / t["file"]) if wanted[t["number"]] else ()
            draw = self.draw("music", t["number"])
            for i, (at, length) in enumerate(wanted[t["number"]]):
                for _ in range(6):
                    piece = samples[int(at * RATE):int((at + length) * RATE)]
                    if len(piece) > 2 * RATE and rms(piece) > 50:
                        break
                    at = draw.random() * max(len(samples) / RATE - length, 0)
                else:
                    continue
                path = folder / "query" / f"{t['number']:03}-{i:03}.wav"
                write_wav(path, piece)
                rows.append(dict(file=path, role="query", source=t["file"], family=t["family"], start=f"{at:.2f}",
                                 seconds=f"{len(piece) / RATE:.2f}", **{"class": "music"}))
        self.draw("order").shuffle(rows)
        return rows

    def stretched(self, folder):
        pieces = [p for p in self.make("music") if float(p["seconds"]) > 5]
        pieces = self.draw("stretched").sample(pieces, min(2 * self.count("stretched"), len(pieces)))
        rows = []
        for p in pieces:
            factor = 1.4 if len(rows) % 2 == 0 else 0.7
            if factor < 1 and float(p["seconds"]) > 8:
                continue
            path = folder / "query" / Path(p["file"]).name
            stretch(p["file"], path, factor)
            rows.append({**p, "file": path, "class": "stretched", "note": f"tempo {factor}"})
            if len(rows) == self.count("stretched"):
                break
        return rows

    # Made classes: the query half and the reference half share neither package nor song.

    def side(self, role):
        families = sorted({t["family"] for t in self.tracks})
        self.draw("sides").shuffle(families)
        hours = defaultdict(float)
        for t in self.tracks:
            hours[t["family"]] += t["seconds"]
        fold = deal(hours, 2)
        return [t for t in self.tracks if fold[t["family"]] == (role == "ref") and t["seconds"] > 30]

    def clips(self, role, count, name):
        """Clips of corpus music: (samples, track, start)."""
        draw, tracks = self.draw(name, role, "clips"), self.side(role)
        chosen = Counter(draw.choice(range(len(tracks))) for _ in range(count))
        out = []
        for number, times in sorted(chosen.items()):
            track = tracks[number]
            for k in range(times):
                for _ in range(8):
                    at = (k + draw.random()) / times * (track["seconds"] - 11)
                    clip = decode(self.args.dir / track["file"], "-ss", f"{at:.2f}", "-t", "10.5")
                    if len(clip) > 10 * RATE and rms(clip) > 300:
                        break
                out.append((clip, track, at))
        draw.shuffle(out)
        return out

    def pop(self):
        """The songs of POP909: number -> path."""
        if not self.songs:
            if subprocess.run(["tar", "-xJf", str(self.args.pop909 / "songs.tar.xz"), "-C", str(self.work()), "--skip-old-files"]).returncode:
                sys.exit("unknown.py: no POP909: give --pop909")
            found = sorted(glob.glob(str(self.work() / "**" / "[0-9][0-9][0-9].mid"), recursive=True))
            self.songs = {Path(path).stem: path for path in found}
        return self.songs

    def song(self, number):
        """Its tracks: name -> notes."""
        if number not in self.parsed:
            self.parsed[number] = read_midi(Path(self.pop()[number]).read_bytes())
        return self.parsed[number]

    def work(self):
        work = self.args.out / "work"
        work.mkdir(parents=True, exist_ok=True)
        return work

    def song_side(self, role):
        songs = sorted(self.pop())
        self.draw("songs").shuffle(songs)
        return songs[:len(songs) // 2] if role == "query" else songs[len(songs) // 2:]

    def melodies(self, role, groups, name):
        """One solo line a piece of each group (key, program): scores and songs."""
        draw, songs, out = self.draw(name, role, "melodies"), self.song_side(role), []
        for key, program in groups:
            song = draw.choice(songs)
            tracks = self.song(song)
            shift = (key - tonic(tracks["PIANO"]) + 6) % 12 - 6
            last = tracks["MELODY"][-1][0]
            for _ in range(20):
                begin = draw.choice(tracks["MELODY"])[0] - 0.05
                line = [n for n in tracks["MELODY"] if begin <= n[0] < begin + 10]
                if begin < last - 10 and len(line) >= 10:
                    break
            speed = draw.uniform(0.85, 1.15)
            notes = [((at - begin) / speed, length / speed, pitch + shift, 90) for at, length, pitch in line]
            out.append(((notes, program, False), song, begin))
        return out

    def plain(self, folder):
        rows = []
        for role in ("query", "ref"):
            for i, (clip, track, at) in enumerate(self.clips(role, self.count("plain"), "plain")):
                path, length = folder / role / f"{i:03}.wav", LENGTHS[i % 4]
                write_wav(path, clip[:int(length * RATE)])
                rows.append(dict(file=path, role=role, source=track["file"], start=f"{at:.2f}", seconds=length, **{"class": "plain"}))
        return rows

    def drone(self, folder):
        rows, each = [], 10
        groups = max(self.count("drone") // each, 2)
        programs = (0, 11, 24, 40, 42, 56, 65, 68, 71, 73, 75, 104, 109, 111)
        draw = self.draw("drones")
        drones = []
        for g in range(groups):
            key = draw.randrange(12)
            drones.append((("tambura", "pipe", "pad")[g % 3], key, 440 * 2 ** ((key + (48 if key < 7 else 36) - 69) / 12),
                           draw.choice(programs), g % 2))
        for role in ("query", "ref"):
            solo = [(g, i) for g, d in enumerate(drones) if d[4] for i in range(each)]
            lines = self.melodies(role, [(drones[g][1], drones[g][3]) for g, _ in solo], "drone")
            # Other samples on the other side: not even single notes are shared.
            font = self.args.soundfont if role == "query" else self.args.soundfont2
            sounds = dict(zip(solo, zip(render([l[0] for l in lines], font, self.work()), lines)))
            clips = iter(self.clips(role, groups * each - len(solo), "drone"))
            for g, (kind, key, hz, program, melodic) in enumerate(drones):
                for i in range(each):
                    draw = self.draw("drone", role, g, i)
                    if melodic:
                        top, (_, song, at) = sounds[g, i]
                        source = f"pop909/{song}"
                    else:
                        top, track, at = next(clips)
                        source = track["file"]
                    length, level = LENGTHS[i % 4], draw.uniform(-3, 3)
                    seed = int(hashlib.sha256(f"{self.args.seed}/{role}/{g}/{i}".encode()).hexdigest()[:12], 16)
                    bed = drone(kind, hz, 1000 + g, length, seed)
                    path = folder / role / f"{g:02}-{i}.wav"
                    write_wav(path, over(top[:int(length * RATE)], bed, level))
                    rows.append(dict(file=path, role=role, group=f"drone-{g}", source=source, start=f"{at:.2f}", seconds=length,
                                     note=f"{kind} {hz:.1f} Hz, {'line' if melodic else 'clip'} {level:+.1f} dB", **{"class": "drone"}))
        return rows

    def sustained(self, folder):
        return self.held(folder, "sustained", {"query": self.args.soundfont, "ref": self.args.soundfont2})

    def sampled(self, folder):
        return self.held(folder, "sampled", {"query": self.args.soundfont, "ref": self.args.soundfont})

    def held(self, folder, name, fonts):
        """Slow chords of different songs; no two classes differ in more than the soundfonts."""
        rows, each = [], 10
        groups = max(self.count(name) // each, 2)
        programs = (48, 49, 19, 16, 88, 89, 90, 91, 92, 52, 95, 20)
        for role in ("query", "ref"):
            songs, scores, about = self.song_side(role), [], []
            for g in range(groups):
                key, program = self.draw("sustained", g).randrange(12), programs[g % len(programs)]
                for i in range(each):
                    draw = self.draw("sustained", role, g, i)
                    song = draw.choice(songs)
                    piano = self.song(song)["PIANO"]
                    line, shift = chords(piano), key - tonic(piano)
                    begin, held, notes, at, told = draw.randrange(max(len(line) - 8, 1)), draw.uniform(1.5, 3.5), [], 0.0, []
                    begin_at = draw.uniform(0, held)
                    for chord in line[begin:begin + 9]:
                        chord = [(p + shift) % 12 for p in chord]
                        told.append(".".join(str((p - key) % 12) for p in sorted(set(chord))))
                        pitches = [36 + chord[0]] + [draw.choice((48, 60, 60)) + p for p in chord]
                        length = held if at else held - begin_at
                        notes += [(at, length * 0.98, pitch, 80) for pitch in sorted(set(pitches))]
                        at += length
                    scores.append((notes, program, False))
                    about.append((g, i, song, begin, held, told, program, key))
            for sound, (g, i, song, begin, held, told, program, key) in zip(render(scores, fonts[role], self.work()), about):
                length = LENGTHS[i % 4]
                path = folder / role / f"{g:02}-{i}.wav"
                write_wav(path, sound[:int(length * RATE)])
                rows.append(dict(file=path, role=role, group=f"chords-{g}", source=f"pop909/{song}", start=begin, seconds=length,
                                 note=f"program {program}, key {key}, {held:.2f} s a chord: {' '.join(told[:int(length / held) + 2])}",
                                 **{"class": name}))
        return rows

    def looped(self, folder, role, groups, each, name):
        """Drum loops under music, every loop another one."""
        kits, bpms = (0, 8, 16, 24, 25, 32, 40), (84, 90, 96, 100, 110, 120, 124, 128, 140, 174)
        scores, about = [], []
        for g in range(groups):
            bpm, kit = bpms[g % len(bpms)], self.draw("kit", g).choice(kits)
            patterns = [drum_pattern(self.draw("pattern", r, g, k)) for r in ("query", "ref", "tempo") for k in range(each)]
            mine = {"query": 0, "ref": each, "tempo": 2 * each}[role if name == "loops" else "tempo"]
            for i in range(each):
                draw, pattern, tries = self.draw(name, role, g, i), patterns[mine + i], 0
                others = patterns[:mine + i] + patterns[mine + i + 1:]
                while min(difference(pattern, o) for o in others) < 8:
                    tries += 1
                    pattern = drum_pattern(self.draw("pattern", role, name, g, i, tries))
                scores.append((drum_score(pattern, bpm, draw), kit, True))
                about.append((g, i, bpm, kit, draw.uniform(-3, 3)))
        sounds = render(scores, self.args.soundfont, self.work())
        rows = []
        for sound, (clip, track, at), (g, i, bpm, kit, level) in zip(sounds, self.clips(role, groups * each, name), about):
            length = LENGTHS[i % 4]
            path = folder / role / f"{g:02}-{i}.wav"
            write_wav(path, over(clip, sound, level)[:int(length * RATE)])
            rows.append(dict(file=path, role=role, group=f"loop-{g}", source=track["file"], family=track["family"], start=f"{at:.2f}",
                             seconds=length, note=f"{bpm} bpm, kit {kit}, music {level:+.1f} dB", **{"class": name}))
        return rows

    def loops(self, folder):
        groups = max(self.count("loops") // 10, 2)
        return self.looped(folder, "query", groups, 10, "loops") + self.looped(folder, "ref", groups, 10, "loops")

    def tempo(self, folder):
        rows = self.looped(folder, "query", max(self.count("tempo") // 10, 2), 10, "tempo")
        for n, row in enumerate(rows):
            # The longest ones are made shorter: what is longer than 12 s is not looked at as closely.
            factor = 0.7 if n % 2 == 0 else 1.4
            plain = row["file"].with_suffix(".plain.wav")
            os.rename(row["file"], plain)
            stretch(plain, row["file"], factor)
            plain.unlink()
            row["note"] += f", tempo {factor}"
        return rows


# ---- index and scan -----------------------------------------------------------------------------

def say(text):
    print(f"unknown.py: {text}", file=sys.stderr, flush=True)


def soundalike(args, *words, out=None):
    # Files that cannot be read are an exit status of their own.
    done = subprocess.run([str(args.binary), *map(str, words)], stdout=out or subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1) and "scan" in words:
        sys.exit(f"unknown.py: {' '.join(map(str, words))}: {done.stderr[-2000:]}")
    return done


def add(args, index, paths):
    """An index of `paths`, complete or not there."""
    if index.exists():
        return index
    part = index.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    listed = part.with_suffix(".txt")
    listed.write_text("".join(f"{p}\n" for p in paths))
    done = soundalike(args, "index", "add", "--files-from", listed, "--index", part, "--threads", args.threads)
    if done.returncode:
        say(f"{index.name}: {done.stderr[-500:]}")
    os.rename(part, index)
    return index


def fold_index(args, tracks, fold):
    """The index that pieces of `fold` are scanned against: all tracks of the other folds."""
    folder = args.results / "index"
    # A build may lack Opus; what it finds in the sound does not depend on who decoded it.
    for t in tracks:
        t["indexed"] = args.dir / t["file"]
        if t["codec"] == "opus":
            t["indexed"] = args.out / "decoded" / f"{t['number']:03}.wav"
            if not t["indexed"].exists():
                t["indexed"].parent.mkdir(parents=True, exist_ok=True)
                part = t["indexed"].with_suffix(".part")
                write_wav(part, decode(args.dir / t["file"]))
                os.rename(part, t["indexed"])
    parts = [add(args, folder / f"part-{k}", [t["indexed"] for t in tracks if t["fold"] == k]) for k in range(args.folds)]
    index = folder / f"without-{fold}"
    if args.folds == 1:
        return parts[0]
    if not index.exists():
        part, others = index.with_suffix(".part"), [p for k, p in enumerate(parts) if k != fold]
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(others[0], part)
        for words in (("index", "merge", "--index", part, *others[1:]), ("index", "compact", "--index", part)):
            if (done := soundalike(args, *words)).returncode:
                sys.exit(f"unknown.py: {done.stderr[-500:]}")
        os.rename(part, index)
    return index


def scan(args, index, pieces, target, limit, evidence=False):
    if target.exists() or not pieces:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    listed, part = target.with_suffix(".txt"), target.with_suffix(".part")
    listed.write_text("".join(f"{p['file']}\n" for p in pieces))
    with open(part, "w") as out:
        soundalike(args, "scan", "--files-from", listed, "--index", index, "--format", "jsonl", "--min-level", "candidate", "--limit", limit,
                   "--exit-zero", "--no-cluster", "--threads", args.threads, *([] if evidence else ["--no-evidence"]), out=out)
    os.rename(part, target)


def records(paths):
    for path in paths:
        with open(path) as file:
            for line in file:
                yield json.loads(line)


# ---- tables -------------------------------------------------------------------------------------

def poisson_interval(count, level=0.95):
    """Garwood's exact interval for the mean of a Poisson count."""
    def below(mean, most):
        term = total = math.exp(-mean)
        for k in range(1, most + 1):
            term *= mean / k
            total += term
        return total

    def solve(wanted, most):
        low, high = 0.0, 10.0 + 2 * count + 10 * math.sqrt(count)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle, most) > wanted else (low, middle)
        return low
    if count > 300:
        # Wilson and Hilferty's: better than a hundredth here, where exp(-mean) would get lost.
        def root(n, z):
            return n * (1 - 1 / (9 * n) + z / (3 * math.sqrt(n))) ** 3
        return root(count, -1.96), root(count + 1, 1.96)
    tail = (1 - level) / 2
    return 0.0 if count == 0 else solve(1 - tail, count - 1), solve(tail, count)


def bucket(match):
    """How far a match's tempo is from the query's own."""
    ratio = abs(math.log(match["time_factor"]))
    if abs(match["time_factor"] - 1) <= 0.005:
        return "unchanged" if abs(match["pitch_cents"]) <= 21 else "pitch only"
    return BUCKETS[2] if ratio < 0.1 else BUCKETS[3] if ratio <= 0.25 else BUCKETS[4]


def best_matches(found, pieces, related):
    """Piece -> its best match that is no relative's, or None where only chance was too weak to be listed.

    `found` are records; a piece without features is not in the result.
    """
    best = {}
    for record in found:
        if record["type"] not in ("match", "scanned"):
            continue
        name = record["query"]["path"]
        if name not in pieces or record.get("result") == "no_features":
            continue
        best.setdefault(name, None)
        if record["type"] == "match" and not related(pieces[name], record["reference"]["path"]):
            if best[name] is None or record["log10_evalue"] < best[name]["log10_evalue"]:
                best[name] = record
    return best


def table(best):
    """Rows: E, expected, observed, its interval, observed by bucket."""
    rows = []
    for power in POWERS:
        under = [m for m in best.values() if m and m["log10_evalue"] <= power]
        expected, (low, high) = len(best) * 10 ** power, poisson_interval(len(under))
        by = Counter(bucket(m) for m in under)
        rows.append((power, expected, len(under), low, high, [by[b] for b in BUCKETS]))
    return rows


def print_table(name, best, out):
    print(f"\n**{name}**, {len(best)} pieces\n", file=out)
    print("| E at most | expected | observed | 95 % | times | " + " | ".join(BUCKETS) + " |", file=out)
    print("| ---: " * (5 + len(BUCKETS)) + "|", file=out)
    for power, expected, count, low, high, by in table(best):
        mark = " !" if low > expected else ""
        print(f"| {10 ** power:g} | {expected:.2f} | {count} | {low:.1f}-{high:.1f} | {count / max(expected, 1e-9):.1f}{mark} | "
              + " | ".join(map(str, by)) + " |", file=out)


def distinct(evidence):
    """Frequencies, half a semitone apart, and moments, 50 ms apart, among the matched query peaks."""
    met = [evidence["query"]["peaks"][a] for a, _, _ in evidence["pairs"]]
    return len({round(p[1] / 50) for p in met}), len({round(p[0] / 50) for p in met}), len(met)


def whitened(samples):
    """150 to 5,000 Hz with its spectrum made flat: a tone that both hold should not carry a correlation."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hz < 150) | (hz > 5000)] = 0
    level = np.convolve(np.abs(spectrum), np.ones(401) / 401, "same")
    return np.fft.irfft(spectrum / (np.maximum(level, np.abs(spectrum)) + 1e-9), len(samples))


def sample_correlation(query, reference, apart):
    """Highest correlation of the waveform `query` inside `reference`, within 50 ms of `apart` samples, and
    beyond 0.2 s of it, which is what chance gives. Shared samples show as two and more times the latter."""
    a, b = whitened(query.astype(np.float32)), whitened(reference.astype(np.float32))
    size = 1 << (len(a) + len(b)).bit_length()
    found = np.abs(np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)[:max(len(b) - len(a), 0) + 1])
    found /= np.linalg.norm(a) * np.linalg.norm(b) * math.sqrt(len(a) / len(b)) + 1e-9
    off = np.abs(np.arange(len(found)) - apart) / RATE
    return max(found[off < 0.05], default=0.0), max(found[off > 0.2], default=0.0)


def shared_samples(path, match):
    """That of a match at its own speed and pitch."""
    if bucket(match) != "unchanged":
        return "", ""
    s = max(match["segments"], key=lambda s: s["matched_peaks"])
    begin, end = (s[f"sample_{side}_time_offset_ms"] * RATE // 1000 for side in ("begin", "end"))
    there = s["db_begin_time_offset_ms"] / 1000
    before = min(1.5, there)
    around = decode(match["reference"]["path"], "-ss", f"{there - before:.3f}", "-t", f"{(end - begin) / RATE + before + 1.5:.3f}")
    query = read_wav(path)[begin:end]
    if min(len(query), len(around) - len(query)) < RATE // 10:
        return "", ""
    return tuple(round(float(c), 3) for c in sample_correlation(query, around, int(before * RATE)))


COLUMNS = ("class", "log10_e", "bucket", "time_factor", "pitch_cents", "kind", "query", "at", "reference", "query_ms", "reference_ms",
           "matched", "peaks", "per_second", "share", "pitches", "moments", "waveform", "by_chance", "segments", "piece", "note")


def accepted_rows(name, best, pieces, source_of, shown):
    rows = []
    for path, m in best.items():
        if m and m["log10_evalue"] <= ACCEPTED:
            piece, segments = pieces[path], m["segments"]
            s = max(segments, key=lambda s: s["matched_peaks"])
            pitches, moments, _ = distinct(shown[m["match_id"]]) if m["match_id"] in shown else ("", "", "")
            rows.append(dict(zip(COLUMNS, (
                name, m["log10_evalue"], bucket(m), m["time_factor"], m["pitch_cents"], m["match_kind"], piece["source"], piece["start"],
                source_of(m["reference"]["path"]), f"{s['sample_begin_time_offset_ms']}-{s['sample_end_time_offset_ms']}",
                f"{s['db_begin_time_offset_ms']}-{s['db_end_time_offset_ms']}", s["matched_peaks"], s["query_peaks"], s["peaks_per_second"],
                round(s["matched_peaks"] / max(s["query_peaks"], 1), 2), pitches, moments, *shared_samples(path, m), len(segments),
                Path(path).relative_to(Path(path).parents[2]), piece["note"]))))
    return sorted(rows, key=lambda r: r["log10_e"])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=Path, required=True), parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--binary", type=Path, required=True), parser.add_argument("--split", default="dev")
    parser.add_argument("--pieces", type=int, default=FULL), parser.add_argument("--only", action="append", choices=list(SHARES))
    parser.add_argument("--seed", default="unknown-1"), parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folds", type=int, default=4), parser.add_argument("--limit-minutes", type=float, default=1e9)
    parser.add_argument("--pop909", type=Path, default=Path("pop909")), parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    parser.add_argument("--soundfont2", type=Path, default=Path("/usr/share/sounds/sf2/TimGM6mb.sf2"))
    args = parser.parse_args()
    args.dir, args.out, args.binary = args.dir.resolve(), args.out.resolve(), args.binary.resolve()
    build = hashlib.sha256(args.binary.read_bytes()).hexdigest()[:10]
    args.results = args.out / "results" / (build + (f"-folds{args.folds}" if args.folds != 4 else ""))
    run = args.results / f"{args.seed}-{args.pieces}"
    if args.fresh:
        shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True, exist_ok=True)
    tracks = load_corpus(args.dir, args.split, args.folds)
    by_path, maker, began = {}, Maker(args, tracks), time.time()
    label = "".join(f"-{name}" for name in args.only or ())
    summary, listed = open(run / f"tables{label}.md", "w"), []
    for name in args.only or list(SHARES):
        rows = maker.make(name)
        queries = [r for r in rows if r["role"] == "query"]
        if name in ("music", "stretched"):
            indexes = {str(k): fold_index(args, tracks, k) for k in range(args.folds)}
            by_path, fold_of = {str(t["indexed"]): t for t in tracks}, {t["file"]: str(t["fold"]) for t in tracks}
            queries = [{**q, "fold": fold_of[q["source"]]} for q in queries]
            limit = 10
        else:
            refs = [r["file"] for r in (maker.make("loops") if name == "tempo" else rows) if r["role"] == "ref"]
            indexes = {"": add(args, args.results / "index" / f"{args.seed}-{args.pieces}-{'loops' if name == 'tempo' else name}", refs)}
            queries = [{**q, "fold": ""} for q in queries]
            limit = 20
        # Chunks of all folds in turn, so that the scans of an interrupted run are a fair sample.
        chunks = []
        for fold, index in indexes.items():
            mine = [q for q in queries if q["fold"] == fold]
            chunks += [(i, fold, index, mine[i:i + CHUNK]) for i in range(0, len(mine), CHUNK)]
        chunks.sort(key=lambda c: (c[0], c[1]))
        done = []
        for number, (i, fold, index, mine) in enumerate(chunks):
            target = run / name / f"{fold or 0}-{i:05}.jsonl"
            if not target.exists() and time.time() - began > 60 * args.limit_minutes:
                break
            scan(args, index, mine, target, limit)
            done.append(target)
            say(f"{name}: {number + 1} of {len(chunks)} parts, {time.time() - began:.0f} s")
        pieces = {q["file"]: q for q in queries}

        def related(piece, path):
            return path in by_path and by_path[path]["family"] == piece["family"]
        best = best_matches(records(done), pieces, related)
        # Once more with the peaks of what was accepted.
        good = [p for p, m in best.items() if m and m["log10_evalue"] <= ACCEPTED]
        shown = {}
        for fold, index in indexes.items():
            mine = sorted((pieces[p] for p in good if pieces[p]["fold"] == fold), key=lambda p: p["file"])
            sum_of = hashlib.sha256("".join(p["file"] for p in mine).encode()).hexdigest()[:8]
            target = run / name / f"evidence-{fold or 0}-{sum_of}.json"
            scan(args, index, mine, target, limit, evidence=True)
            if mine:
                shown.update((r["match_id"], r) for r in records([target]) if r["type"] == "evidence")
        sources = {r["file"]: f"{r['source']} @{r['start']} ({r['note']})" for r in (maker.make("loops") if name == "tempo" else rows)}
        found = accepted_rows(name, best, pieces, lambda p: by_path[p]["file"] if p in by_path else sources.get(p, p), shown)
        listed += found
        featureless = sum(1 for r in records(done) if r["type"] == "scanned" and r["result"] == "no_features")
        for out in (sys.stdout, summary):
            print_table(name + (f" ({featureless} more without features)" if featureless else ""), best, out)
            if name == "music":
                for length in LENGTHS:
                    part = {p: m for p, m in best.items() if abs(float(pieces[p]["seconds"]) - length) < 0.1}
                    counts = [sum(1 for m in part.values() if m and m["log10_evalue"] <= power) for power in POWERS]
                    print(f"\n{length} s, {len(part)} pieces: observed {counts}", file=out)
            if limit == 20 and name != "plain":
                group = {r["file"]: r["group"] for r in (maker.make("loops") if name == "tempo" else rows)}
                size = Counter(g for p, g in group.items() if "/ref/" in p)
                pairs = {(r["query"]["path"], r["reference"]["path"]) for r in records(done) if r["type"] == "match" and r["accepted"]}
                own = sum(group[r] == pieces[q]["group"] for q, r in pairs)
                total = sum(size[q["group"]] for q in queries)
                print(f"\npairs of one group accepted: {own} of {total} ({100 * own / max(total, 1):.2f} %); of different groups: {len(pairs) - own} "
                      f"of {len(queries) * sum(size.values()) - total}", file=out)
    with open(run / f"accepted{label}.tsv", "w", encoding="utf-8") as out:
        out.write("\t".join(COLUMNS) + "\n")
        for row in listed:
            out.write("\t".join(str(row[c]) for c in COLUMNS) + "\n")
    summary.close()
    print(f"\n{len(listed)} pieces have an accepted match: {run}/accepted{label}.tsv; tables: {run}/tables{label}.md")


if __name__ == "__main__":
    main()
