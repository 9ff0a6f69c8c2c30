#!/usr/bin/env python3
"""Make degraded query excerpts with exact ground truth from a list of music tracks.

usage: make_queries.py --split split.tsv --root DIR --name dev --seed dev-1 --out DIR
                       [--jobs 2] [--scale 1.0] [--plan-only]

Python standard library only; runs ffmpeg (decoding, AAC), sox, rubberband, lame and opusenc as
subprocesses.
Deterministic: the plan depends only on the split file, --name, --seed and --scale; the audio
also on the versions of the tools.  Interrupted runs go on where they stopped.

split.tsv (tab separated, header): needs the columns file, package, duration, channels, split,
role; 'role' is ref (in the reference set) or neg (never in it: source of the negative queries
and of half of the layering backgrounds).  'file' is relative to --root.

OUT/audio/qNNNN.EXT   the queries (names say nothing about the answer)
OUT/truth.tsv         one row for each (query, source segment) pair:
  query_file source_track source_offset duration degradation parameter   <- the main columns
  query_id kind segment query_start query_total source_duration speed pitch role true_source out
    source_track   reference track that must be found, or '-' (negative or non-reference part)
    source_offset  where the segment starts in that track, in seconds
    duration       length of the segment in the query, in seconds
    query_start    where the segment starts in the query
    speed          source seconds per query second (1.04 = the query runs 4 % fast)
    pitch          pitch change in semitones (for 'speed' 12*log2(speed))
    role           main, background (layering) or part (concat, mashup, loop)
    true_source    the track it was really cut from (says so for negatives as well)
    out            native (16-bit FLAC, channels and rate as the source), mono, mono22050,
                   mono16000 (FLAC), or the codec; telephone is 8 kHz mono FLAC
"""
import argparse, array, concurrent.futures as cf, hashlib, json, math, operator, os, random, shutil
import subprocess, sys, tempfile, threading, wave

LOCK = threading.Lock()
MAIN = ["query_file", "source_track", "source_offset", "duration", "degradation", "parameter"]
EXTRA = ["query_id", "kind", "segment", "query_start", "query_total", "source_duration", "speed",
         "pitch", "role", "true_source", "out"]


# ---------------------------------------------------------------- plan
def recipes():
    """(degradation, parameter, count): the counts are for --scale 1.0, positives."""
    r = [("clean", "-", 56)]
    r += [("mp3", "128k", 40), ("mp3", "64k", 40), ("mp3", "32k-mono", 40),
          ("opus", "32k", 40), ("aac", "64k", 40)]
    r += [("white", f"{s}dB", 24) for s in (15, 10, 5, 0)]
    r += [("pink", f"{s}dB", 24) for s in (10, 5, 0)]
    r += [("layer", f"{s}dB", 40) for s in (6, 0)]
    r += [("lowpass", "4000Hz", 32), ("telephone", "300-3400Hz-mulaw", 36)]
    r += [("eq", p, 10) for p in ("bass+12", "treble+9", "scoop", "tilt")]
    r += [("compress", p, 16) for p in ("heavy", "limiter")]
    r += [("reverb", p, 18) for p in ("50", "85")]
    r += [("clip", p, 18) for p in ("+12dB", "overdrive20")]
    r += [("pitch", f"{p:+d}", 24) for p in (-4, -2, -1, 1, 2, 4)]
    r += [("tempo", f"{p:+d}%", 15) for p in (-20, -15, -10, -5, 5, 10, 15, 20)]
    r += [("speed", f"{s:.2f}", 11) for s in
          (0.80, 0.85, 0.90, 0.95, 0.98, 1.02, 1.05, 1.10, 1.15, 1.20, 1.25)]
    r += [("fraud-speed-eq-mp3", "1.04", 24), ("fraud-pitch-reverb", "+1", 24),
          ("fraud-silence-pad", "-", 24), ("fraud-loop", "-", 26), ("fraud-concat", "-", 26),
          ("fraud-mashup", "-", 26)]
    r += [("fraud-channels", p, 10) for p in ("swap", "mono", "invert-right", "left-only")]
    r += [("full", p, 4) for p in ("clean-opus96", "mp3-128k", "mp3-64k", "opus-32k",
                                   "speed-1.04-mp3", "pitch+1-mp3", "tempo-5%-opus", "reverb-mp3",
                                   "white10-mp3")]
    return r


NEG = 250
LENGTHS = [3, 5, 10, 30, 10, 5, 3, 10, 5, 10, 3, 30, 5, 10]


def read_tsv(path):
    with open(path, encoding="utf-8") as f:
        head = f.readline().rstrip("\n").split("\t")
        return [dict(zip(head, l.rstrip("\n").split("\t"))) for l in f if l.strip()]


def make_plan(rows, name, seed, scale):
    """Each query: id, degradation, parameter, kind, out format and candidate source cuts."""
    rng = random.Random(f"plan/{name}/{seed}")
    rows = [r for r in rows if r["split"] == name]
    ref = sorted((r for r in rows if r["role"] == "ref"), key=lambda r: r["file"])
    neg = sorted((r for r in rows if r["role"] == "neg"), key=lambda r: r["file"])
    if not ref or not neg:
        sys.exit(f"split {name}: {len(ref)} ref and {len(neg)} neg tracks; both are needed")
    decks = {}

    def draw(role, need, stereo=False, longest=1e9, avoid=()):
        """Next track of a shuffled deck that is long enough: every track comes up in turn."""
        pool = ref if role == "ref" else neg
        deck = decks.setdefault(role, [])
        for _ in range(2):
            for i, t in enumerate(deck):
                d = float(t["duration"])
                if d >= need + 1 and d <= longest and t["file"] not in avoid and \
                        (not stereo or t["channels"] == "2"):
                    return deck.pop(i)
            more = pool[:]
            rng.shuffle(more)
            deck.extend(more)
        raise SystemExit(f"no {role} track of {need} s")

    def cuts(track, need):
        room = min(float(track["duration"]), 330.0) - need - 0.5   # long tracks: their first 330 s
        return [round(rng.uniform(0, max(room, 0)), 3) for _ in range(6)]

    todo = []
    for deg, par, n in recipes():
        todo += [(deg, par, "positive")] * max(1, round(n * scale))
    base = [(d, p) for d, p, n in recipes() for _ in range(n) if d not in ("full",)]
    for i in range(round(NEG * scale)):
        d, p = rng.choice(base)
        todo.append((d, p, "negative"))
    for i in range(max(1, round(8 * scale))):
        todo.append(("full", rng.choice([p for d, p, n in recipes() if d == "full"]), "negative"))
    plan, seen = [], {}
    for deg, par, kind in todo:
        role = "ref" if kind == "positive" else "neg"
        k = seen.get((deg, par, kind), 0)
        seen[(deg, par, kind)] = k + 1
        length = LENGTHS[(k + sum(map(ord, deg + par)) + (0 if kind == "positive" else 5)) % len(LENGTHS)]
        q = dict(degradation=deg, parameter=par, kind=kind, seed=rng.randrange(1 << 30))
        speed, pitch = 1.0, 0.0
        if deg in ("speed", "fraud-speed-eq-mp3"):
            speed = float(par); pitch = 12 * math.log2(speed)
        elif deg == "tempo":
            speed = 1 + int(par[:-1]) / 100
        elif deg in ("pitch", "fraud-pitch-reverb"):
            pitch = float(int(par))
        elif deg == "full" and par.startswith("speed"):
            speed = 1.04; pitch = 12 * math.log2(speed)
        elif deg == "full" and par.startswith("tempo"):
            speed = 0.95
        elif deg == "full" and par.startswith("pitch"):
            pitch = 1.0
        if deg in ("fraud-pitch-reverb", "fraud-silence-pad", "fraud-speed-eq-mp3"):
            length = rng.choice([10, 15, 30])
        q["length"], q["speed"], q["pitch"] = length, speed, round(pitch, 4)
        srcs = []
        if deg == "full":
            t = draw(role, 20, longest=200)
            srcs.append(dict(file=t["file"], need=float(t["duration"]), cuts=[0.0], role="main"))
            q["length"] = float(t["duration"]) / speed
        elif deg in ("fraud-concat", "fraud-mashup"):
            part = rng.choice([10, 15]) if deg == "fraud-concat" else 16
            a = draw(role, part); b = draw(role, part, avoid=(a["file"],))
            for t in (a, b):
                srcs.append(dict(file=t["file"], need=part, cuts=cuts(t, part), role="part"))
            q["part"] = part
            q["parameter"] = f"{part}s+{part}s" if deg == "fraud-concat" else "16s/16s-fade4s"
        elif deg == "fraud-loop":
            part, times = rng.choice([(10, 4), (8, 4), (5, 7)])
            t = draw(role, part)
            srcs.append(dict(file=t["file"], need=part, cuts=cuts(t, part), role="part"))
            q["part"], q["times"], q["parameter"] = part, times, f"{part}s-x{times}"
        else:
            t = draw(role, length * speed, stereo=deg == "fraud-channels")
            srcs.append(dict(file=t["file"], need=length * speed, cuts=cuts(t, length * speed), role="main"))
            if deg == "layer":
                brole = "neg" if kind == "negative" or rng.random() < 0.5 else "ref"
                b = draw(brole, length, avoid=(t["file"],))
                srcs.append(dict(file=b["file"], need=length, cuts=cuts(b, length), role="background",
                                 nonref=brole == "neg"))
            if deg == "fraud-silence-pad":
                q["pad"] = round(rng.uniform(1, 8), 3)
                q["tail"] = round(rng.uniform(0, 3), 3)
                q["parameter"] = f"{q['pad']:.1f}s-before-{q['tail']:.1f}s-after"
        q["srcs"] = srcs
        # output format
        if deg in ("mp3", "opus", "aac", "full", "fraud-speed-eq-mp3", "fraud-channels"):
            q["fmt"] = "native"
        else:
            w = [3, 3, 3, 2] if q["length"] < 20 else [1, 3, 4, 3]
            q["fmt"] = rng.choices(["native", "mono", "mono22050", "mono16000"], w)[0]
        plan.append(q)
    rng.shuffle(plan)
    for i, q in enumerate(plan):
        q["id"] = f"q{i + 1:04d}"
    return plan


# ---------------------------------------------------------------- audio
def run(cmd):
    r = subprocess.run(cmd, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if r.returncode:
        raise RuntimeError(f"{' '.join(cmd)}\n{r.stderr[-2000:]}")
    return r.stderr


class Pcm:
    """16-bit PCM: rate, ch, interleaved samples."""

    def __init__(self, rate, ch, data):
        self.rate, self.ch, self.data = rate, ch, data

    @staticmethod
    def load(path, start=0.0, dur=None):
        with wave.open(path) as w:
            rate, ch, n = w.getframerate(), w.getnchannels(), w.getnframes()
            assert w.getsampwidth() == 2
            a = min(n, round(start * rate))
            k = n - a if dur is None else max(0, min(n - a, round(dur * rate)))
            w.setpos(a)
            d = array.array("h")
            d.frombytes(w.readframes(k))
            if sys.byteorder == "big":
                d.byteswap()
        return Pcm(rate, ch, d)

    def save(self, path):
        with wave.open(path, "wb") as w:
            w.setnchannels(self.ch); w.setsampwidth(2); w.setframerate(self.rate)
            w.writeframes(self.data.tobytes())

    def seconds(self):
        return len(self.data) / self.ch / self.rate

    def rms(self):
        """dBFS, of every 5th sample (5 is odd: takes both channels)."""
        d = self.data[::5]
        s = sum(map(operator.mul, d, d)) / max(1, len(d))
        return 10 * math.log10(s / 32768 ** 2) if s > 0 else -200.0

    def peak(self):
        p = max(max(self.data, default=0), -min(self.data, default=0), 1)
        return 20 * math.log10(p / 32768)

    def as_channels(self, ch):
        if ch == self.ch:
            return self
        if self.ch == 1:
            d = array.array("h", bytes(4 * len(self.data)))
            d[0::2] = self.data
            d[1::2] = self.data
            return Pcm(self.rate, 2, d)
        l, r = self.data[0::self.ch], self.data[1::self.ch]
        return Pcm(self.rate, 1, array.array("h", [(a + b) >> 1 for a, b in zip(l, r)]))


def like(p, q, tmp, tag):
    """p at the rate and channel count of q."""
    if p.rate != q.rate:
        a, b = os.path.join(tmp, tag + "_r0.wav"), os.path.join(tmp, tag + "_r1.wav")
        p.save(a)
        run(["sox", "-D", "-V1", a, b, "gain", "-0.5", "rate", "-h", str(q.rate)])
        p = Pcm.load(b)
    return p.as_channels(q.ch)


def noise_file(color, work):
    """120 s of noise, mono, 48 kHz, made once; queries use random stretches of it."""
    path = os.path.join(work, f"noise-{color}.wav")
    with LOCK:
        if not os.path.exists(path):
            run(["ffmpeg", "-hide_banner", "-nostdin", "-y", "-f", "lavfi", "-i",
                 f"anoisesrc=color={color}:r=48000:a=0.35:d=120:seed=1234", "-c:a", "pcm_s16le",
                 "-f", "wav", path + ".tmp"])
            os.rename(path + ".tmp", path)
    return path


EQ = {"bass+12": ["bass", "12", "120"], "treble+9": ["treble", "9", "4000"],
      "scoop": ["equalizer", "800", "0.6q", "-14", "bass", "6", "100"],
      "tilt": ["equalizer", "250", "0.8q", "-9", "equalizer", "1200", "1q", "7", "equalizer", "3500", "1q", "-8"]}
REVERB = lambda amount: ["reverb", str(amount), "50", "100", "100", "0", "0"]


def build(q, got, outdir):
    tmp = tempfile.mkdtemp(prefix=q["id"] + "_", dir=os.path.join(outdir, ".tmp"))
    try:
        return build_in(q, got, outdir, tmp)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


def build_in(q, got, outdir, tmp):
    """got: for each source (path of its cut as s16 WAV, offset really used)."""
    deg, par, srcs = q["degradation"], q["parameter"], q["srcs"]
    W = lambda n: os.path.join(tmp, n + ".wav")
    a = Pcm.load(got[0][0])
    cur, rate, ch, dur, length = got[0][0], a.rate, a.ch, a.seconds(), q["length"]
    pre, fx = [], []          # sox: files with -v / -m, effects
    ext, enc = "flac", None
    peak = a.peak()
    head = lambda db: ["gain", f"{min(0.0, -1.0 - db - peak):.2f}"]   # room for a boost of db

    codecs = {"mp3-128k": ("mp3", ["lame", "--quiet", "-b", "128"]), "mp3-64k": ("mp3", ["lame", "--quiet", "-b", "64"]),
              "mp3-32k-mono": ("mp3", ["lame", "--quiet", "-b", "32", "-m", "m"]),
              "opus-32k": ("opus", ["opusenc", "--quiet", "--serial", "1", "--bitrate", "32"]),
              "opus-96k": ("opus", ["opusenc", "--quiet", "--serial", "1", "--bitrate", "96"]),
              "aac-64k": ("m4a", ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-threads", "1", "-i"])}

    def mix_in(b, snr):
        """b under a at snr dB; both scaled so that the sum does not clip."""
        g = a.rms() - snr - b.rms()
        room = min(0.0, -0.5 - 20 * math.log10(10 ** (peak / 20) + 10 ** ((b.peak() + g) / 20)))
        b.save(W("under"))
        return ["-m", "-v", f"{10 ** (room / 20):.5f}", cur, "-v", f"{10 ** ((room + g) / 20):.5f}", W("under")]

    def noise(color):
        rng = random.Random(q["seed"])
        n = Pcm.load(noise_file(color, os.path.join(outdir, ".tmp")), rng.uniform(0, 85 if dur < 35 else 0), min(dur + 1, 120))
        if n.seconds() < dur + 0.5:
            k = math.ceil(dur / n.seconds()) + 1
            n = Pcm(n.rate, n.ch, n.data * k)
        n = like(n, a, tmp, "noise")
        n.data = n.data[:len(a.data)]
        return n

    if deg == "clean" or deg in ("mp3", "opus", "aac"):
        if deg != "clean":
            ext, enc = codecs[f"{deg}-{par}"]
    elif deg in ("white", "pink"):
        pre = mix_in(noise(deg), float(par[:-2]))
    elif deg == "layer":
        b = like(Pcm.load(got[1][0]), a, tmp, "bg")
        b.data = b.data[:len(a.data)]
        pre = mix_in(b, float(par[:-2]))
    elif deg == "lowpass":
        fx = head(1) + ["sinc", "-4000"]
    elif deg == "telephone":
        run(["sox", "-D", "-V1", cur, "-e", "u-law", "-b", "8", "-c", "1", W("tel"), *head(2), "sinc", "300-3400",
             "compand", "0.01,0.2", "-50,-30,-30,-18,0,-6", "rate", "8000"])
        cur = W("tel")
        q = dict(q, fmt="native")
    elif deg == "eq":
        fx = head({"bass+12": 12, "treble+9": 9, "scoop": 6, "tilt": 7}[par]) + EQ[par]
    elif deg == "compress":
        if par == "heavy":
            fx = ["gain", f"{-a.rms() - 18:.2f}", "compand", "0.004,0.08", "-90,-90,-60,-30,-40,-17,-20,-12,0,-9", "5"]
        else:
            fx = ["gain", f"{-peak - 0.5:.2f}", "gain", "-l", "14"]
    elif deg == "reverb":
        fx = head(4) + REVERB(int(par)) + ["trim", "0", f"{dur:.5f}"]
    elif deg == "clip":
        fx = ["gain", f"{12 - peak:.2f}", "gain", "-1"] if par == "+12dB" else \
            ["gain", f"{-1 - peak:.2f}", "overdrive", "20", "20", "gain", "-3"]
    elif deg in ("pitch", "fraud-pitch-reverb") or deg == "full" and par.startswith("pitch"):
        run(["rubberband", "-q", "-p", str(int(q["pitch"])), cur, W("rb")])
        cur = W("rb")
        fx = ["gain", "-1"] + (REVERB(50) if "reverb" in deg else [])
        if deg != "full":
            fx += ["trim", "0", f"{dur:.5f}"]
        if "reverb" in deg:
            fx = head(4) + fx
    elif deg == "tempo" or deg == "full" and par.startswith("tempo"):
        run(["rubberband", "-q", "-T", f"{q['speed']:.4f}", cur, W("rb")])
        cur, fx = W("rb"), ["gain", "-1"]
        if deg != "full":
            fx += ["trim", "0", f"{length:.5f}"]
    elif deg == "speed":
        fx = head(1) + ["speed", f"{q['speed']:.4f}", "rate", "-h", str(rate)]
    elif deg == "fraud-speed-eq-mp3":
        fx = head(12) + ["speed", "1.04", "rate", "-h", str(rate)] + EQ[sorted(EQ)[q["seed"] % len(EQ)]]
        ext, enc = codecs["mp3-128k"]
    elif deg == "fraud-silence-pad":
        fx = ["pad", f"{q['pad']}", f"{q['tail']}"]
    elif deg == "fraud-loop":
        a = Pcm(rate, ch, a.data * q["times"])
        a.save(W("x")); cur = W("x")
    elif deg in ("fraud-concat", "fraud-mashup"):
        a = a.as_channels(2) if ch == 1 else a
        b = like(Pcm.load(got[1][0]), a, tmp, "b")
        if deg == "fraud-concat":
            d = a.data + b.data
        else:
            n = round(4 * rate) * a.ch
            mid = array.array("h", [int(x * (1 - i / n) + y * (i / n)) for i, (x, y) in
                                    enumerate(zip(a.data[-n:], b.data[:n]))])
            d = a.data[:-n] + mid + b.data[n:]
        Pcm(rate, a.ch, d).save(W("x")); cur = W("x")
    elif deg == "fraud-channels":
        fx = ["remix"] + {"swap": ["2", "1"], "mono": ["1v0.5,2v0.5"], "invert-right": ["1", "2i"], "left-only": ["1"]}[par]
    elif deg == "full":
        ext, enc = codecs[{"clean-opus96": "opus-96k", "mp3-128k": "mp3-128k", "mp3-64k": "mp3-64k", "opus-32k": "opus-32k",
                           "tempo-5%-opus": "opus-96k"}.get(par, "mp3-128k")]
        if par.startswith("speed"):
            fx = head(1) + ["speed", "1.04", "rate", "-h", str(rate)]
        elif par.startswith("reverb"):
            fx = head(4) + REVERB(50)
        elif par.startswith("white"):
            pre = mix_in(noise("white"), 10)
    else:
        raise RuntimeError("unknown degradation " + deg)
    if deg == "full" and par.startswith(("pitch", "tempo")):
        ext, enc = codecs["mp3-128k" if par.startswith("pitch") else "opus-96k"]

    # segments
    def seg(i, qs, d, speed=1.0, pitch=0.0):
        return dict(true_source=srcs[i]["file"], source_offset=got[i][1], query_start=qs, duration=d,
                    source_duration=d * speed, speed=speed, pitch=pitch, role=srcs[i]["role"],
                    nonref=q["kind"] == "negative" or srcs[i].get("nonref", False))
    part = q.get("part")
    if deg == "fraud-loop":
        segs = [seg(0, k * part, part) for k in range(q["times"])]
    elif deg == "fraud-concat":
        segs = [seg(0, 0, part), seg(1, part, part)]
    elif deg == "fraud-mashup":
        segs = [seg(0, 0, part), seg(1, part - 4, part)]
    elif deg == "layer":
        segs = [seg(0, 0, length), seg(1, 0, length)]
    elif deg == "fraud-silence-pad":
        segs = [seg(0, q["pad"], length)]
    elif deg == "full":
        segs = [seg(0, 0, dur / q["speed"], q["speed"], q["pitch"])]
    else:
        segs = [seg(0, 0, length, q["speed"], q["pitch"])]

    # write
    rel = f"audio/{q['id']}.{ext}"
    dst = os.path.join(outdir, rel)
    if q["fmt"].startswith("mono") and not enc:
        fx = fx + ["remix", "-"]
        if len(q["fmt"]) > 4 and rate > int(q["fmt"][4:]):
            fx += ["gain", "-0.5", "rate", q["fmt"][4:]]
    if not enc:
        run(["sox", "-D", "-V1"] + (pre or [cur]) + ["-b", "16", "-C", "5", dst] + fx)
    else:
        if pre or fx:
            run(["sox", "-D", "-V1"] + (pre or [cur]) + ["-b", "16", W("enc")] + fx)
            cur = W("enc")
        if enc[0] == "ffmpeg":
            enc = enc + [cur, "-map_metadata", "-1", "-fflags", "+bitexact", "-c:a", "aac", "-b:a", "64k", dst]
            run(enc)
        else:
            run(enc + [cur, dst])
    total = {"fraud-silence-pad": q.get("pad", 0) + q.get("tail", 0) + length}.get(deg) or \
        max(g["query_start"] + g["duration"] for g in segs)
    rows = []
    for k, g in enumerate(segs):
        rows.append({"query_file": rel, "source_track": "-" if g["nonref"] else g["true_source"],
                     "source_offset": f"{g['source_offset']:.3f}", "duration": f"{g['duration']:.3f}",
                     "degradation": deg, "parameter": par, "query_id": q["id"], "kind": q["kind"],
                     "segment": str(k), "query_start": f"{g['query_start']:.3f}", "query_total": f"{total:.3f}",
                     "source_duration": f"{g['source_duration']:.3f}", "speed": f"{g['speed']:.4f}",
                     "pitch": f"{g['pitch']:.3f}", "role": g["role"], "true_source": g["true_source"],
                     "out": q["fmt"] if ext == "flac" else ext})
    return rows


class Maker:
    """Decodes every track once, cuts what the queries need from it, and makes each query as
    soon as all its sources are cut."""

    def __init__(self, plan, root, out):
        self.root, self.out, self.rows, self.bad, self.dropped = root, out, {}, [], []
        self.lock = threading.Lock()
        self.plan = {q["id"]: q for q in plan}
        self.need, self.got, self.missing = {}, {}, {}
        for q in plan:
            st = os.path.join(out, ".state", q["id"] + ".json")
            if os.path.exists(st):
                j = json.load(open(st))
                if j["plan"] == q and os.path.exists(os.path.join(out, j["rows"][0]["query_file"])):
                    self.rows[q["id"]] = j["rows"]
                    continue
            self.missing[q["id"]] = len(q["srcs"])
            for i, s in enumerate(q["srcs"]):
                self.need.setdefault(s["file"], []).append((q["id"], i))

    def track(self, f):
        d = os.path.join(self.out, ".tmp")
        wav = os.path.join(d, hashlib.sha256(f.encode()).hexdigest()[:16] + ".wav")
        wants = self.need[f]
        try:
            end = max(max(self.plan[i]["srcs"][k]["cuts"]) + self.plan[i]["srcs"][k]["need"] for i, k in wants) + 1
            run(["ffmpeg", "-hide_banner", "-nostdin", "-y", "-v", "error", "-threads", "1", "-t", f"{end:.2f}",
                 "-i", os.path.join(self.root, f), "-map", "0:a:0", "-c:a", "pcm_s16le", "-ac", "2"
                 if self.channels(f) > 2 else str(self.channels(f)), "-f", "wav", wav])
            for i, k in wants:
                q, s = self.plan[i], self.plan[i]["srcs"][k]
                for off in s["cuts"]:
                    p = Pcm.load(wav, off, None if q["degradation"] == "full" else s["need"])
                    if p.rms() > -42:
                        break
                if p.rms() < -75 and q["degradation"] != "full":
                    with self.lock:      # nothing but silence at all six places: no such query
                        self.dropped.append(i)
                    continue
                c = os.path.join(d, f"{i}-{k}.wav")
                p.save(c)
                with self.lock:
                    self.got[i, k] = (c, off)
                    self.missing[i] -= 1
                    ready = self.missing[i] == 0
                if ready:
                    self.make(q)
        except Exception as e:
            self.bad.append((f, str(e)[:800]))
        finally:
            if os.path.exists(wav):
                os.remove(wav)

    def channels(self, f):
        return self.ch.get(f, 2)

    def make(self, q):
        got = [self.got[q["id"], k] for k in range(len(q["srcs"]))]
        try:
            orig = json.loads(json.dumps(q))
            rows = build(q, got, self.out)
            json.dump({"plan": orig, "rows": rows}, open(os.path.join(self.out, ".state", q["id"] + ".json"), "w"))
            self.rows[q["id"]] = rows
        except Exception as e:
            self.bad.append((q["id"], q["degradation"], str(e)[:800]))
        for c, _ in got:
            os.remove(c)
        if len(self.rows) % 100 == 0:
            print(f"{len(self.rows)}/{len(self.plan)} queries", flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--split", required=True); ap.add_argument("--root", required=True)
    ap.add_argument("--name", required=True); ap.add_argument("--seed", required=True)
    ap.add_argument("--out", required=True); ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--scale", type=float, default=1.0)
    ap.add_argument("--plan-only", action="store_true")
    a = ap.parse_args()
    tracks = read_tsv(a.split)
    plan = make_plan(tracks, a.name, a.seed, a.scale)
    print(f"{a.name}: {len(plan)} queries planned, "
          f"{sum(q['kind'] == 'positive' for q in plan)} positive", flush=True)
    if a.plan_only:
        return
    for d in ("audio", ".tmp", ".state"):
        os.makedirs(os.path.join(a.out, d), exist_ok=True)
    m = Maker(plan, a.root, a.out)
    m.ch = {t["file"]: int(t["channels"]) for t in tracks}
    print(f"{len(m.rows)} already made; {len(m.need)} tracks to decode", flush=True)
    with cf.ThreadPoolExecutor(a.jobs) as ex:
        list(ex.map(m.track, sorted(m.need)))
    n = 0
    with open(os.path.join(a.out, "truth.tsv"), "w", encoding="utf-8") as o:
        o.write("\t".join(MAIN + EXTRA) + "\n")
        for q in plan:
            for r in m.rows.get(q["id"], []):
                o.write("\t".join(r[c] for c in MAIN + EXTRA) + "\n")
                n += 1
    for b in m.bad:
        print("FAILED", *b, file=sys.stderr)
    if not m.bad:
        shutil.rmtree(os.path.join(a.out, ".tmp"), ignore_errors=True)
    print(f"wrote {a.out}/truth.tsv: {n} rows, {len(m.rows)} queries, {len(m.bad)} failed, "
          f"{len(m.dropped)} left out (silent cut)")
    sys.exit(1 if m.bad else 0)


if __name__ == "__main__":
    main()
