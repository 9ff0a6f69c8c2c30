#!/usr/bin/env python3
"""Make edited copies of music tracks and of speech, with the exact truth of every edit.

usage: make_edits.py --split split.tsv --root DIR --seed edits-1 --out OUT [--per 10] [--only REGEX]

DIR holds the corpus of ../robustness (fetch_corpus.sh), split.tsv is its list.  Needs ffmpeg, sox,
lame, rubberband and espeak-ng; Python standard library only.  Deterministic: the plan depends on the
list, --seed and --per alone, the audio on the versions of the tools as well.  Runs that were cut off
go on where they stopped.  Odd seeds (edits-1) take tracks of one parity of the hash of their name,
even seeds (edits-2, held out) those of the other.

OUT/sources/NAME.flac  the originals: the first 60-120 s of tracks, and speech with pauses
OUT/others.txt         tracks of the corpus that only make the index larger
OUT/audio/NAME.EXT     edited copies: MP3 at 128 kbit/s, AAC at 96 kbit/s or FLAC in turn
OUT/truth.tsv          one row for each copy:
  query_file    the copy
  source_track  its source in OUT/sources
  family        cut, insert, jump-1-2s, jump-2-5s, pauses, stutter, segments, segments+jumps
  parameter     what was done, in short
  set           main: one copy of its source; extra: made for groups only
  group         copies of one group and their source are what `cluster` must put together, or '-'
  fade          1: pieces are joined by a crossfade of 5 ms; 0: hard cuts
  corpus_file   track or text that the source was made of
  edits         JSON list of pieces, in order of the copy: [query begin, query end, source begin,
                source end, speed, cents], in seconds; speed is source seconds per query second; what
                comes from elsewhere (silence, another track) has null as source begin and end
"""
import argparse, array, hashlib, json, os, random, re, shutil, sys, tempfile
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "robustness"))
from make_queries import Pcm, like, read_tsv, run

COLUMNS = ["query_file", "source_track", "family", "parameter", "set", "group", "fade", "corpus_file", "edits"]
CUTS_MS = (60, 80, 150, 300, 500)
FADE_S = 0.005
OTHERS = 12
SHORTEST, LONGEST = 60.0, 120.0
LICENCES = "/usr/share/common-licenses"
VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-us+f3", "en-gb+m7", "en+f2", "en-us+m3", "en-gb+f4")
TEXTS = ("GPL-3", "Artistic", "MPL-2.0", "Apache-2.0", "GFDL-1.3", "CC0-1.0", "MPL-1.1", "LGPL-2.1")
EQS = (["bass", "5"], ["treble", "4"], ["treble", "-6"], ["bass", "-6"], ["equalizer", "900", "0.8q", "-7"],
       ["equalizer", "2200", "1q", "5"])


# ---------------------------------------------------------------- audio with truth
@dataclass
class Piece:
    """Frames [q0, q1) of the copy come from frames [s0, s1) of the source, or from elsewhere (None)."""
    q0: float
    q1: float
    s0: float | None
    s1: float | None
    speed: float = 1.0
    cents: float = 0.0

    def moved(self, by):
        return Piece(self.q0 + by, self.q1 + by, self.s0, self.s1, self.speed, self.cents)

    def clipped(self, a, b):
        """The part within [a, b) of the copy, or None."""
        lo, hi = max(self.q0, a), min(self.q1, b)
        if hi <= lo:
            return None
        at = lambda q: None if self.s0 is None else self.s0 + (q - self.q0) * self.speed
        return Piece(lo, hi, at(lo), at(hi), self.speed, self.cents)


@dataclass
class Edit:
    """Audio, and where it comes from."""
    pcm: Pcm
    pieces: list

    @staticmethod
    def whole(pcm):
        n = len(pcm.data) // pcm.ch
        return Edit(pcm, [Piece(0, n, 0, n)])

    @staticmethod
    def foreign(pcm):
        return Edit(pcm, [Piece(0, len(pcm.data) // pcm.ch, None, None)])

    def frames(self):
        return len(self.pcm.data) // self.pcm.ch

    def part(self, a, b):
        a, b = max(0, round(a)), min(self.frames(), round(b))
        ch = self.pcm.ch
        pieces = [c.moved(-a) for c in (p.clipped(a, b) for p in self.pieces) if c]
        return Edit(Pcm(self.pcm.rate, ch, self.pcm.data[a * ch:b * ch]), pieces)


def joined(edits, fade):
    """One after the other; `fade` frames overlap at each join."""
    rate, ch = edits[0].pcm.rate, edits[0].pcm.ch
    data, pieces = array.array("h"), []
    for e in edits:
        n = min(fade, e.frames(), len(data) // ch) if data else 0
        at = len(data) // ch - n
        if n:
            tail, head = data[at * ch:], e.pcm.data[:n * ch]
            data[at * ch:] = array.array("h", (int(x + (y - x) * (i // ch + 0.5) / n)
                                               for i, (x, y) in enumerate(zip(tail, head))))
        data.extend(e.pcm.data[n * ch:])
        middle = at + n / 2
        pieces = [c for c in (p.clipped(0, middle) for p in pieces) if c]
        pieces += [c for c in (p.moved(at).clipped(middle, 1e18) for p in e.pieces) if c]
    return Edit(Pcm(rate, ch, data), pieces)


def merged(pieces):
    """Neighbours that run on without a break become one."""
    out = []
    for p in pieces:
        last = out[-1] if out else None
        same = last and last.speed == p.speed and last.cents == p.cents and (
            last.s0 is None and p.s0 is None or
            last.s0 is not None and p.s0 is not None and abs(last.s1 - p.s0) < 0.5)
        if same:
            out[-1] = Piece(last.q0, p.q1, last.s0, p.s1, p.speed, p.cents)
        else:
            out.append(p)
    return out


def listed(edit):
    r = edit.pcm.rate
    sec = lambda x: None if x is None else round(x / r, 5)
    return [[sec(p.q0), sec(p.q1), sec(p.s0), sec(p.s1), round(p.speed, 6), p.cents] for p in merged(edit.pieces)]


# ---------------------------------------------------------------- the edits
class Tools:
    """What an edit needs besides the audio: chance, a folder, other music, the length of a crossfade."""

    def __init__(self, rng, tmp, fade_s, elsewhere):
        self.rng, self.tmp, self.fade_s, self.elsewhere = rng, tmp, fade_s, elsewhere

    def fade(self, edit):
        return round(self.fade_s * edit.pcm.rate)

    def wav(self, name):
        return os.path.join(self.tmp, name + ".wav")


def removed(edit, holes, fade):
    """Without the frames of the holes."""
    keep, at = [], 0
    for a, b in holes:
        keep.append(edit.part(at, a))
        at = b
    keep.append(edit.part(at, edit.frames()))
    return joined([k for k in keep if k.frames()], fade)


def cut(edit, parameter, t):
    n = round(int(parameter[:-2]) / 1000 * edit.pcm.rate)
    at = round(edit.frames() * t.rng.uniform(0.4, 0.6))
    return removed(edit, [(at, at + n)], t.fade(edit))


def insert(edit, parameter, t):
    what, length = parameter.split("-")
    n = round(int(length[:-2]) / 1000 * edit.pcm.rate)
    at = round(edit.frames() * t.rng.uniform(0.4, 0.6))
    if what == "silence":
        new = Edit.foreign(Pcm(edit.pcm.rate, edit.pcm.ch, array.array("h", bytes(2 * n * edit.pcm.ch))))
    elif what == "stutter":
        new = edit.part(at - n, at)
    else:
        new = Edit.foreign(Pcm(edit.pcm.rate, edit.pcm.ch, like(t.elsewhere(), edit.pcm, t.tmp, "other").data[:n * edit.pcm.ch]))
    return joined([edit.part(0, at), new, edit.part(at, edit.frames())], t.fade(edit))


def every(edit, t, least, most):
    """Frames at distances of `least` to `most` seconds."""
    at = edit.pcm.rate * t.rng.uniform(least, most)
    while at < edit.frames() - edit.pcm.rate:
        yield round(at)
        at += edit.pcm.rate * t.rng.uniform(least, most)


def jumps(edit, parameter, t):
    least, most = map(float, parameter[:-1].split("-"))
    holes = [(a, a + round(t.rng.uniform(0.06, 0.25) * edit.pcm.rate)) for a in every(edit, t, least, most)]
    return removed(edit, holes, t.fade(edit))


def stutter(edit, parameter, t):
    parts, at = [], 0
    for a in every(edit, t, 2, 5):
        n = round(t.rng.uniform(0.05, 0.2) * edit.pcm.rate)
        parts += [edit.part(at, a), edit.part(a - n, a)]
        at = a
    return joined(parts + [edit.part(at, edit.frames())], t.fade(edit))


def pauses(edit, parameter, t):
    """Takes out what is quieter than -45 dBFS for long enough, but for what is left on either side."""
    longer, left = (int(x[:-2]) / 1000 for x in parameter.split("-")[:2])
    rate, ch = edit.pcm.rate, edit.pcm.ch
    block, line, data = rate // 200, 184, edit.pcm.data
    quiet = [max(data[i:i + block * ch], default=0) < line and min(data[i:i + block * ch], default=0) > -line
             for i in range(0, len(data), block * ch)]
    holes, start = [], None
    for i, q in enumerate(quiet + [False]):
        if q and start is None:
            start = i
        if not q and start is not None:
            a, b = start * block + round(left * rate), i * block - round(left * rate)
            if (i - start) * block >= longer * rate and b > a:
                holes.append((a, b))
            start = None
    return removed(edit, holes, t.fade(edit))


def changed(edit, t, speed, cents, eq):
    """The part at another tempo, pitch or colour: rubberband, then sox."""
    rate = edit.pcm.rate
    room = Pcm(rate, edit.pcm.ch, edit.pcm.data)
    src, out = t.wav("seg"), t.wav("rb")
    room.save(src)
    if speed != 1 or cents:
        run(["rubberband", "-q", "-T", f"{speed:.5f}", "-p", f"{cents / 100:.4f}", src, out])
        src, out = out, t.wav("eq")
    if eq:
        run(["sox", "-D", "-V1", src, out, "gain", "-4", *eq])
        src = out
    pcm = Pcm.load(src)
    n = len(pcm.data) // pcm.ch
    base = edit.pieces[0]
    assert len(edit.pieces) == 1 and base.s0 is not None
    return Edit(pcm, [Piece(0, n, base.s0, base.s0 + n * speed, speed, cents)])


def segments(edit, parameter, t):
    """Every 5 to 15 s another pitch, tempo or colour."""
    out, at, last = [], 0, None
    while at < edit.frames():
        end = at + round(t.rng.uniform(5, 15) * edit.pcm.rate)
        if edit.frames() - end < 3 * edit.pcm.rate:
            end = edit.frames()
        kind = t.rng.choice([k for k in ("pitch", "tempo", "both", "eq") if k != last])
        cents = t.rng.choice((-1, 1)) * t.rng.randrange(50, 151) if kind in ("pitch", "both") else 0
        speed = round(t.rng.choice((t.rng.uniform(0.95, 0.985), t.rng.uniform(1.015, 1.06))), 4) \
            if kind in ("tempo", "both") else 1.0
        eq = t.rng.choice(EQS) if kind == "eq" or t.rng.random() < 0.4 else []
        out.append(changed(edit.part(at, end), t, speed, cents, eq))
        at, last = end, kind
    return joined(out, t.fade(edit))


def segments_and_jumps(edit, parameter, t):
    return jumps(segments(edit, parameter, t), "2-5s", t)


# family: (what does it, parameters in turn)
FAMILIES = {
    "cut": (cut, [f"{ms}ms" for ms in CUTS_MS]),
    "insert": (insert, [f"{w}-{ms}ms" for ms, w in zip((60, 120, 200, 300, 500, 80, 150, 400, 250),
                                                       ("silence", "stutter", "foreign") * 3)]),
    "jump-1-2s": (jumps, ["1-2s"]),
    "jump-2-5s": (jumps, ["2-5s"]),
    "pauses": (pauses, ["150ms-40ms", "100ms-20ms", "250ms-80ms"]),
    "stutter": (stutter, ["50-200ms"]),
    "segments": (segments, ["5-15s"]),
    "segments+jumps": (segments_and_jumps, ["5-15s+2-5s"]),
}
MUSIC = [f for f in FAMILIES if f != "pauses"]


# ---------------------------------------------------------------- plan
def parity(name):
    return hashlib.sha256(name.encode()).digest()[0] & 1


def pairs_of(*names):
    """All tracks that share audio or a composition with another."""
    out = set()
    for name in names:
        for r in read_tsv(os.path.join(HERE, "..", "robustness", name)):
            out |= {r["a"], r["b"]}
    return out


def usable(rows, seed):
    side = int(re.search(r"\d+$", seed).group()) & 1
    shared = pairs_of("same_piece.tsv", "near_duplicates.tsv")
    return sorted((r for r in rows if float(r["duration"]) >= SHORTEST + 1 and r["role"] == "ref" and
                   r["file"] not in shared and parity(r["file"]) == side), key=lambda r: r["file"])


def spread(tracks, rng):
    """Shuffled, but packages take turns: no package fills a family."""
    by = {}
    for t in rng.sample(tracks, len(tracks)):
        by.setdefault(t["package"], []).append(t)
    order = []
    while by:
        for p in rng.sample(sorted(by), len(by)):
            order.append(by[p].pop())
            if not by[p]:
                del by[p]
    return order


def make_plan(rows, seed, per):
    """Sources, copies and the tracks that only fill the index."""
    rng = random.Random("plan/" + seed)
    tracks = spread(usable(rows, seed), rng)
    sources, copies, groups = [], [], 0

    def copy(source, family, k, kind, group, turn):
        parameters = FAMILIES[family][1]
        copies.append(dict(source=source, family=family, parameter=parameters[k % len(parameters)], set=kind,
                           group=group, fade=k % 2, ext=("mp3", "m4a", "flac")[turn % 3],
                           seed=f"{seed}/{source}/{family}/{kind}/{k}"))

    for n in range(per):
        for turn, family in enumerate(FAMILIES, n):
            speech = family == "pauses"
            if speech and n >= len(TEXTS):
                continue
            name = f"{'speech' if speech else 'music'}-{len(sources) + 1:03d}"
            if speech:
                sources.append(dict(name=name, text=TEXTS[n], voice=VOICES[n], shift=rng.randrange(40), seed=f"{seed}/{name}"))
            else:
                t = tracks.pop(0)
                longest = min(LONGEST, float(t["duration"]) - 0.5)
                sources.append(dict(name=name, file=t["file"], seconds=round(rng.uniform(SHORTEST, longest), 2)))
            group = "-"
            if n == 0 or n == 1 and not speech:
                groups += 1
                group = f"g{groups:02d}"
            copy(name, family, n, "main", group, turn)
            if group != "-":
                i = MUSIC.index(family) if not speech else 0
                more = [family] * 2 if n == 0 else [MUSIC[(i + 1) % len(MUSIC)], MUSIC[(i + 3) % len(MUSIC)]]
                for k, f in enumerate(more):
                    copy(name, f, n + k + 1, "extra", group, turn + k + 1)
    for c, name in zip(copies, rng.sample(range(100, 100 + len(copies)), len(copies))):
        c["id"] = f"e{name}"
    return sources, copies, [t["file"] for t in tracks[:OTHERS]]


# ---------------------------------------------------------------- making
def decode(path, out, seconds):
    run(["ffmpeg", "-hide_banner", "-nostdin", "-y", "-v", "error", "-threads", "1", "-t", f"{seconds:.2f}",
         "-i", path, "-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "wav", out])
    pcm = Pcm.load(out)
    return pcm if pcm.ch <= 2 else Pcm(pcm.rate, 1, pcm.data[0::pcm.ch])


def sentences(name, shift):
    with open(os.path.join(LICENCES, name), encoding="utf-8", errors="replace") as f:
        text = re.sub(r"\s+", " ", f.read())
    found = [s for s in re.split(r"(?<=[,.;:]) ", text) if 25 <= len(s) <= 110 and re.search("[a-z]{3}", s)]
    return found[shift % max(1, len(found) - 40):]


def speech(source, tmp):
    """A text read phrase by phrase over nothing, with pauses of 0.2 to 1.2 s in between."""
    rng, parts, rate = random.Random(source["seed"]), [], 22050
    total, wav = 0.0, os.path.join(tmp, "say.wav")
    for s in sentences(source["text"], source["shift"]):
        run(["espeak-ng", "-v", source["voice"], "-s", "165", "-w", wav, s])
        p = Pcm.load(wav)
        rest = array.array("h", bytes(2 * round(rng.uniform(0.2, 1.2) * p.rate)))
        parts += [p.data, rest]
        rate = p.rate
        total += (len(p.data) + len(rest)) / p.rate
        if total > 100:
            break
    data = array.array("h")
    for p in parts:
        data.extend(p)
    return Pcm(rate, 1, data)


class Maker:
    def __init__(self, args):
        self.root, self.out, self.tmp = args.root, args.out, tempfile.mkdtemp(prefix="edits_")

    def source(self, s):
        path = os.path.join(self.out, "sources", s["name"] + ".flac")
        wav = os.path.join(self.tmp, "source.wav")
        if os.path.exists(path):
            return decode(path, wav, 10 * LONGEST)
        pcm = speech(s, self.tmp) if "text" in s else decode(os.path.join(self.root, s["file"]), wav, s["seconds"])
        self.flac(pcm, path)
        return pcm

    def flac(self, pcm, path):
        wav, part = os.path.join(self.tmp, "x.wav"), path[:-5] + ".part.flac"
        pcm.save(wav)
        run(["sox", "-D", "-V1", wav, "-C", "3", part])
        os.rename(part, path)

    def encode(self, pcm, path):
        if path.endswith(".flac"):
            return self.flac(pcm, path)
        wav = os.path.join(self.tmp, "x.wav")
        pcm.save(wav)
        if path.endswith(".mp3"):
            return run(["lame", "--quiet", "-b", "128", wav, path])
        run(["ffmpeg", "-hide_banner", "-nostdin", "-y", "-v", "error", "-threads", "1", "-i", wav, "-c:a", "aac",
             "-b:a", "96k", "-map_metadata", "-1", "-fflags", "+bitexact", path])

    def elsewhere(self, others, rng):
        def get():
            wav = os.path.join(self.tmp, "elsewhere.wav")
            return Pcm.load(wav, 20, 2) if decode(os.path.join(self.root, rng.choice(others)), wav, 30) else None
        return get

    def copy(self, c, pcm, others, corpus_file):
        rel = f"audio/{c['id']}.{c['ext']}"
        state = os.path.join(self.out, ".state", c["id"] + ".json")
        if os.path.exists(state):
            with open(state) as f:
                known = json.load(f)
            if known["plan"] == c:
                return known["row"]
        rng = random.Random(c["seed"])
        tools = Tools(rng, self.tmp, FADE_S if c["fade"] else 0, self.elsewhere(others, rng))
        edit = FAMILIES[c["family"]][0](Edit.whole(pcm), c["parameter"], tools)
        self.encode(edit.pcm, os.path.join(self.out, rel))
        row = dict(query_file=rel, source_track=f"sources/{c['source']}.flac", family=c["family"],
                   parameter=c["parameter"], set=c["set"], group=c["group"], fade=str(c["fade"]),
                   corpus_file=corpus_file, edits=json.dumps(listed(edit), separators=(",", ":")))
        with open(state, "w") as f:
            json.dump({"plan": c, "row": row}, f)
        return row


def write_truth(path, rows):
    with open(path + ".part", "w", encoding="utf-8") as f:
        f.write("\t".join(COLUMNS) + "\n")
        for r in rows:
            f.write("\t".join(r[c] for c in COLUMNS) + "\n")
    os.rename(path + ".part", path)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--split", required=True)
    ap.add_argument("--root", required=True)
    ap.add_argument("--seed", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--per", type=int, default=10, help="copies a family")
    ap.add_argument("--only", default="", help="families to make (regular expression)")
    args = ap.parse_args()
    sources, copies, others = make_plan(read_tsv(args.split), args.seed, args.per)
    for d in ("audio", "sources", ".state"):
        os.makedirs(os.path.join(args.out, d), exist_ok=True)
    with open(os.path.join(args.out, "others.txt"), "w", encoding="utf-8") as f:
        f.writelines(o + "\n" for o in others)
    maker, rows = Maker(args), []
    try:
        for s in sources:
            wanted = [c for c in copies if c["source"] == s["name"] and re.search(args.only, c["family"])]
            if not wanted:
                continue
            pcm = maker.source(s)
            rows += [maker.copy(c, pcm, others, s.get("file") or f"{LICENCES}/{s['text']}") for c in wanted]
            print(f"{len(rows)}/{len(copies)} copies", flush=True)
    finally:
        shutil.rmtree(maker.tmp, ignore_errors=True)
    write_truth(os.path.join(args.out, "truth.tsv"), rows)
    print(f"{args.out}: {len(sources)} sources, {len(rows)} copies, {len(others)} other tracks")


if __name__ == "__main__":
    main()
