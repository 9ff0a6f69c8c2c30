#!/usr/bin/env python3
"""Make long queries out of many short excerpts, changed and noisy, joined one after the other.

usage: make_chains.py --split split.tsv --root DIR --seed chains-1 --out OUT
                      [--levels hard:60,medium:40,easy:40,unknown:15]

Queries in the manner of Pexeso's audio-fingerprinting-benchmark-toolkit; the code and the noises are our
own.  A query has 3 to 9 chunks.  A chunk is 4.5 to 30 s of a reference with at most one change, noise
under half of them; neighbours are concatenated, faded out and in, or overlapped by 2 to 5 s.  No
reference, and no relative of one, is twice in a query.  `unknown` queries are hard ones out of tracks
that are never indexed.  MP3, mono, 44.1 kHz, 128 kbit/s.

DIR holds the corpus of ../robustness (fetch_corpus.sh), split.tsv is its list.  Needs ffmpeg, sox, lame,
rubberband and espeak-ng; Python standard library only.  Deterministic: the plan depends on the list,
--seed and the level alone, the audio on the versions of the tools as well.  Levels are made in the order
given; runs that were cut off go on where they stopped.

OUT/audio/LEVEL-NNN.mp3
OUT/truth.tsv, one row for each chunk:
  query_file level source_track(role neg for unknown)
  query_begin query_end          where the chunk sounds, with what is under its neighbours
  free_begin free_end            the part that no fade and no neighbour touches
  source_begin source_end        where it was cut from
  speed cents                    source seconds per query second; change of pitch
  change parameter               none, highpass, lowpass, pitch, tempo, speed, echo, reverb
  noise snr                      none, white, pink, brown, babble, street, park; dB
  before after                   edge, concat, fade or overlap
"""
import argparse, array, json, math, os, random, shutil, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "robustness"))
from make_queries import Pcm, read_tsv, run

COLUMNS = ("query_file level source_track query_begin query_end free_begin free_end source_begin source_end speed "
           "cents change parameter noise snr before after").split()
RATE = 44100
CHUNKS, CHUNK_S, OVERLAP_S, FADE_S = (3, 9), (4.5, 30.0), (2.0, 5.0), (1.0, 3.0)
CHANGED, NOISY, TRIES = 0.36, 0.5, 6
QUIET_DB = -45
NOISES = ("white", "pink", "brown", "babble", "street", "park")
NOISE_S = 120
LEVELS = {
    "easy": dict(changes=("highpass", "lowpass", "pitch", "tempo", "speed"), cents=100, tempo=0.06,
                 high=(100, 300), low=(4000, 8000), snr=(15, 10)),
    "medium": dict(changes=("highpass", "lowpass", "pitch", "tempo", "speed", "echo"), cents=300, tempo=0.16,
                   high=(250, 700), low=(2000, 5000), snr=(15, 10, 5)),
    "hard": dict(changes=("highpass", "lowpass", "pitch", "tempo", "speed", "echo", "reverb"), cents=600, tempo=0.4,
                 high=(500, 1500), low=(1000, 3000), snr=(15, 10, 5, 0)),
}
VOICES = (("en-us", "the train to the coast leaves from platform nine in twenty minutes and it is said to be late again"),
          ("de", "gestern haben wir am Fluss gesessen und den Leuten zugesehen, die mit ihren Booten vorbei kamen"),
          ("fr", "il faudrait acheter du pain et des fruits avant que le magasin ne ferme pour la semaine"),
          ("es", "no recuerdo quien dijo eso pero me parece que tenia razon desde el principio del asunto"),
          ("it", "domani andiamo tutti insieme al mare se il tempo rimane bello come nella settimana passata"),
          ("pl+f2", "w zeszlym roku kupilismy stary dom pod lasem i od tego czasu nie mamy wolnej chwili"),
          ("sv+f4", "jag har aldrig sett en sa stor hund i en sa liten bil och jag tror inte att jag vill se det"),
          ("pt+m5", "quando cheguei a casa ja era tarde e toda a gente estava sentada na sala a conversar"))


# ---------------------------------------------------------------- plan
def change_of(level, rng):
    """(change, parameter, source seconds per query second, cents)"""
    p = LEVELS[level]
    if rng.random() >= CHANGED:
        return "none", "-", 1.0, 0.0
    what = rng.choice(p["changes"])
    if what in ("highpass", "lowpass"):
        lo, hi = p["high" if what == "highpass" else "low"]
        return what, f"{round(math.exp(rng.uniform(math.log(lo), math.log(hi))))}Hz", 1.0, 0.0
    if what == "pitch":
        cents = rng.choice((-1, 1)) * rng.uniform(0.2, 1) * p["cents"]
        return what, f"{cents:+.0f}", 1.0, float(round(cents))
    if what in ("tempo", "speed"):
        x = rng.uniform(0.2, 1) * p["tempo"]
        speed = round(1 + x if rng.random() < 0.5 else 1 / (1 + x), 4)
        return what, f"{speed:.4f}", speed, round(1200 * math.log2(speed), 1) if what == "speed" else 0.0
    if what == "echo":
        return what, f"{rng.randrange(80, 500)}ms-{rng.uniform(0.3, 0.6):.2f}", 1.0, 0.0
    return what, f"{rng.randrange(50, 95)}", 1.0, 0.0


def draw(deck, pool, need, avoid, rng):
    """The next track of a shuffled deck that is long enough: every track comes up in turn."""
    for _ in range(2):
        for i, t in enumerate(deck):
            if float(t["duration"]) >= need + 1 and t["file"] not in avoid:
                return deck.pop(i)
        deck.extend(rng.sample(pool, len(pool)))
    raise SystemExit(f"no track of {need:.0f} s")


def chunk_plan(level, rng):
    change, parameter, speed, cents = change_of(level, rng)
    noise = rng.choice(NOISES) if rng.random() < NOISY else "none"
    return dict(length=round(rng.uniform(*CHUNK_S), 2), change=change, parameter=parameter, speed=speed, cents=cents,
                noise=noise, snr=rng.choice(LEVELS[level]["snr"]) if noise != "none" else None,
                at=round(rng.uniform(0, NOISE_S - 1 - CHUNK_S[1]), 2))


def joint(a, b, rng):
    """How two chunks are joined, and for how many seconds."""
    how = rng.choice(("concat", "fade", "overlap"))
    room = 0.45 * min(a["length"], b["length"])
    if how == "concat":
        return how, 0.0
    return how, round(min(room, rng.uniform(*(OVERLAP_S if how == "overlap" else FADE_S))), 2)


def make_plan(rows, relatives, seed, level, count):
    rng = random.Random(f"plan/{seed}/{level}")
    role = "neg" if level == "unknown" else "ref"
    pool = sorted((r for r in rows if r["role"] == role), key=lambda r: r["file"])
    deck, plan = [], []
    for k in range(count):
        chunks = [chunk_plan("hard" if level == "unknown" else level, rng) for _ in range(rng.randint(*CHUNKS))]
        avoid = set()
        for c in chunks:
            need = c["length"] * c["speed"]
            t = draw(deck, pool, need, avoid, rng)
            avoid |= {t["file"]} | relatives.get(t["file"], set())
            room = min(float(t["duration"]), 600.0) - need - 0.5
            c.update(file=t["file"], cuts=[round(rng.uniform(0, room), 2) for _ in range(TRIES)])
        joins = [joint(a, b, rng) for a, b in zip(chunks, chunks[1:])]
        plan.append(dict(id=f"{level}-{k + 1:03d}", level=level, chunks=chunks, joins=joins))
    return plan


# ---------------------------------------------------------------- audio
def sox(*command):
    run(["sox", "-D", "-R", "-V1", *map(str, command)])


class Noises:
    """Two minutes of each noise, made once."""

    def __init__(self, folder):
        self.folder, self.cache = folder, {}
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name + ".wav")

    def get(self, name, at, frames):
        if name not in self.cache:
            if not os.path.exists(self.path(name)):
                getattr(self, name)(self.path(name))
            self.cache[name] = Pcm.load(self.path(name))
        start = round(at * RATE)
        return Pcm(RATE, 1, self.cache[name].data[start:start + frames])

    def coloured(self, colour, path):
        run(["ffmpeg", "-hide_banner", "-nostdin", "-y", "-v", "error", "-f", "lavfi", "-i",
             f"anoisesrc=color={colour}:r={RATE}:a=0.3:d={NOISE_S}:seed=77", "-c:a", "pcm_s16le", path])

    def white(self, path):
        self.coloured("white", path)

    def pink(self, path):
        self.coloured("pink", path)

    def brown(self, path):
        self.coloured("brown", path)

    def made(self, name):
        if not os.path.exists(self.path(name)):
            getattr(self, name)(self.path(name))
        return self.path(name)

    def voice(self, k, path):
        """One voice that says the same in changing speed and height for two minutes."""
        name, text = VOICES[k]
        rng, parts, total = random.Random(k), [], 0.0
        while total < NOISE_S + 1:
            one = self.path("one")
            words = text.split()
            rng.shuffle(words)
            run(["espeak-ng", "-v", name, "-s", str(rng.randrange(130, 200)), "-p", str(rng.randrange(20, 80)), "-w", one,
                 " ".join(words)])
            p = Pcm.load(one)
            parts.append(p.data + array.array("h", bytes(2 * round(rng.uniform(0.05, 0.4) * p.rate))))
            total += len(parts[-1]) / p.rate
        raw = self.path("raw")
        Pcm(p.rate, 1, sum(parts[1:], parts[0])).save(raw)
        sox(raw, path, "gain", "-6", "rate", "-h", RATE, "trim", 0, NOISE_S)

    def mixed(self, sources, path, *effects):
        args = []
        for source, volume in sources:
            args += ["-v", volume, source]
        sox("-m", *args, path, *effects)

    def babble(self, path):
        voices = []
        for k in range(len(VOICES)):
            self.voice(k, self.path(f"voice{k}"))
            voices.append((self.path(f"voice{k}"), 0.3))
        self.mixed(voices, path, "reverb", 30, "gain", -3, "trim", 0, NOISE_S)

    def street(self, path):
        """Traffic that comes and goes, and two people who pass."""
        self.made("babble")
        slow, fast = self.path("slow"), self.path("fast")
        sox(self.made("brown"), slow, "tremolo", 0.17, 90, "gain", -1)
        sox(self.made("pink"), fast, "lowpass", 1800, "tremolo", 0.41, 95, "gain", -6)
        self.mixed([(slow, 0.7), (fast, 0.5), (self.path("voice1"), 0.2), (self.path("voice4"), 0.2)], path, "gain", -1)

    def park(self, path):
        """Rain, and a crowd behind it."""
        rain = self.path("rain")
        sox(self.made("white"), rain, "highpass", 900, "tremolo", 7.3, 60, "tremolo", 0.23, 40, "gain", -4)
        self.mixed([(rain, 0.5), (self.made("babble"), 0.5)], path, "gain", -1)


class Maker:
    def __init__(self, args):
        self.root, self.out, self.tmp = args.root, args.out, tempfile.mkdtemp(prefix="chains_")
        self.noises = Noises(os.path.join(args.out, ".noise"))

    def wav(self, name):
        return os.path.join(self.tmp, name + ".wav")

    def excerpt(self, file, start, seconds):
        run(["ffmpeg", "-hide_banner", "-nostdin", "-y", "-v", "error", "-threads", "1", "-ss", f"{start:.3f}", "-t",
             f"{seconds:.4f}", "-i", os.path.join(self.root, file), "-map", "0:a:0", "-ac", "1", "-ar", str(RATE),
             "-c:a", "pcm_s16le", "-f", "wav", self.wav("cut")])
        return Pcm.load(self.wav("cut"))

    def cut(self, c):
        """The first of the places that is not nearly silent."""
        for start in c["cuts"]:
            pcm = self.excerpt(c["file"], start, c["length"] * c["speed"])
            if pcm.rms() > QUIET_DB:
                break
        return pcm, start

    def changed(self, c):
        """The chunk as mono PCM of the planned length, and where it was cut."""
        pcm, start = self.cut(c)
        src, out, what, par = self.wav("cut"), self.wav("fx"), c["change"], c["parameter"]
        if what in ("highpass", "lowpass"):
            sox(src, out, "gain", -3, what, par[:-2], what, par[:-2])
        elif what == "pitch":
            run(["rubberband", "-q", "-p", f"{c['cents'] / 100:.4f}", src, out])
        elif what == "tempo":
            run(["rubberband", "-q", "-T", f"{c['speed']:.5f}", src, out])
        elif what == "speed":
            sox(src, out, "gain", -2, "speed", f"{c['speed']:.5f}", "rate", "-h", RATE)
        elif what == "echo":
            delay, decay = par.split("ms-")
            sox(src, out, "gain", -4, "echo", 0.8, 0.8, delay, decay)
        elif what == "reverb":
            sox(src, out, "gain", -6, "reverb", par, 50, 100, 100, 0, 0)
        data = (pcm if what == "none" else Pcm.load(out)).data[:round(c["length"] * RATE)]
        return Pcm(RATE, 1, data), start

    def noisy(self, pcm, c):
        if c["noise"] == "none":
            return pcm
        noise = self.noises.get(c["noise"], c["at"], len(pcm.data))
        gain = pcm.rms() - c["snr"] - noise.rms()
        room = min(0.0, -0.5 - 20 * math.log10(10 ** (pcm.peak() / 20) + 10 ** ((noise.peak() + gain) / 20)))
        pcm.save(self.wav("a"))
        noise.save(self.wav("b"))
        sox("-m", "-v", f"{10 ** (room / 20):.5f}", self.wav("a"), "-v", f"{10 ** ((room + gain) / 20):.5f}", self.wav("b"),
            self.wav("mix"))
        return Pcm.load(self.wav("mix"))

    def query(self, q):
        rel, state = f"audio/{q['id']}.mp3", os.path.join(self.out, ".state", q["id"] + ".json")
        if os.path.exists(state):
            with open(state) as f:
                known = json.load(f)
            if known["plan"] == json.loads(json.dumps(q)):
                return known["rows"]
        out, rows = array.array("h"), []
        joins = [("edge", 0.0)] + q["joins"] + [("edge", 0.0)]
        for c, (before, a_s), (after, b_s) in zip(q["chunks"], joins, joins[1:]):
            pcm, start = self.changed(c)
            pcm = self.noisy(pcm, c)
            begin = laid(out, pcm.data, before, round(a_s * RATE), after, round(b_s * RATE))
            end, length = len(out) / RATE, len(pcm.data) / RATE
            rows.append(dict(query_file=rel, level=q["level"], source_track=c["file"], query_begin=f"{begin / RATE:.3f}",
                             query_end=f"{end:.3f}", free_begin=f"{begin / RATE + a_s:.3f}", free_end=f"{end - b_s:.3f}",
                             source_begin=f"{start:.3f}", source_end=f"{start + length * c['speed']:.3f}",
                             speed=f"{c['speed']:.4f}", cents=f"{c['cents']:.1f}", change=c["change"],
                             parameter=c["parameter"], noise=c["noise"], snr="-" if c["snr"] is None else str(c["snr"]),
                             before=before, after=after))
        Pcm(RATE, 1, out).save(self.wav("query"))
        run(["lame", "--quiet", "-q", "7", "-m", "m", "-b", "128", self.wav("query"), os.path.join(self.out, rel)])
        with open(state, "w") as f:
            json.dump({"plan": q, "rows": rows}, f)
        return rows


def ramped(data, n, up):
    """The first (up) or last n samples with a straight fade."""
    part = data[:n] if up else data[len(data) - n:]
    return array.array("h", (int(x * ((i + 0.5) / n if up else 1 - (i + 0.5) / n)) for i, x in enumerate(part)))


def laid(out, data, before, a, after, b):
    """Appends a chunk to the query; its first sample's place."""
    data = array.array("h", data)
    if after != "concat" and b:
        data[len(data) - b:] = ramped(data, b, False)
    if before != "concat" and a:
        data[:a] = ramped(data, a, True)
    begin = len(out)
    if before == "overlap":
        begin -= a
        out[begin:] = array.array("h", (max(-32768, min(32767, x + y)) for x, y in zip(out[begin:], data[:a])))
        data = data[a:]
    out.extend(data)
    return begin


def relatives_of_corpus():
    out = {}
    for name in ("same_piece.tsv", "near_duplicates.tsv"):
        for r in read_tsv(os.path.join(HERE, "..", "robustness", name)):
            out.setdefault(r["a"], set()).add(r["b"])
            out.setdefault(r["b"], set()).add(r["a"])
    return out


def write_truth(path, rows):
    with open(path + ".part", "w", encoding="utf-8") as f:
        f.write("\t".join(COLUMNS) + "\n")
        f.writelines("\t".join(r[c] for c in COLUMNS) + "\n" for r in rows)
    os.rename(path + ".part", path)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--split", required=True)
    ap.add_argument("--root", required=True)
    ap.add_argument("--seed", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--levels", default="hard:60,medium:40,easy:40,unknown:15")
    args = ap.parse_args()
    for d in ("audio", ".state"):
        os.makedirs(os.path.join(args.out, d), exist_ok=True)
    tracks, relatives = read_tsv(args.split), relatives_of_corpus()
    maker, rows = Maker(args), []
    try:
        for level, count in (l.split(":") for l in args.levels.split(",")):
            plan = make_plan(tracks, relatives, args.seed, level, int(count))
            for q in plan:
                rows += maker.query(q)
            write_truth(os.path.join(args.out, "truth.tsv"), rows)
            print(f"{level}: {len(plan)} queries, {sum(len(q['chunks']) for q in plan)} chunks", flush=True)
    finally:
        shutil.rmtree(maker.tmp, ignore_errors=True)


if __name__ == "__main__":
    main()
