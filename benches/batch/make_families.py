#!/usr/bin/env python3
"""Make a batch of uploads with planted families of near-duplicates and exact truth.

usage: make_families.py --split split.tsv --root DIR --out OUT [--seed families-1] [--jobs 2]
                        [--tracks 500] [--families 40] [--split-name dev] [--plan-only]
       make_families.py --riffusion DIR --out OUT [--jobs 2]

Python standard library; ffmpeg, sox and rubberband as subprocesses.  Deterministic: the plan
depends on the split file, the lists of related tracks and --seed, the audio also on the versions
of the tools.  A run that was interrupted goes on where it stopped.

OUT/uploads/uNNNN.EXT   the batch; names say nothing about the answer
OUT/truth.tsv           file family class parameters original source source_offset length
    family       f01.. or '-'
    class        original, or how the member differs: copy, reencode, gain, eq, limiter, trim, pitch, tempo,
                 speed, layer-music, layer-drums, layer-rain, reverb, chain; of family '-': unrelated, same-album
                 (as an original), shared-loop
    parameters   JSON: steps and encoder, the name of the shared loop, the story of the family
    original     upload that the family's original is
    source       corpus track it was cut from, source_offset and length in seconds of that track
OUT/manifest.csv        what the uploads declare (family_stories.py)

No track of the corpus is in two uploads unless they are a family; tracks that share audio or a
composition (same_piece.tsv, near_duplicates.tsv, the corpus's list of duplicates, stems of one
song) never both occur.  Layers are tracks of their own, one for each use.  A shared loop is 8 s of
another track inside otherwise different ones: the tracks are strangers.

--riffusion cuts the long interpolations into their clips of 5.11 s, a family each, beside the single
clips: neighbours are graded near-duplicates, clips far apart need not be.
"""
import argparse, collections, concurrent.futures as cf, csv, json, os, random, shutil, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import family_audio as audio
import family_stories as stories

ROBUSTNESS = os.path.join(HERE, "..", "robustness")
TRUTH = ["file", "family", "class", "parameters", "original", "source", "source_offset", "length"]
# How often each class of variant comes up.
CLASSES = {"copy": 14, "reencode": 44, "gain": 8, "eq": 10, "limiter": 8, "trim": 24, "pitch": 26, "tempo": 22, "speed": 26,
           "layer-music": 12, "layer-drums": 8, "layer-rain": 8, "reverb": 12, "chain": 34}
# What a legitimate family may hold.
MILD = {"copy", "reencode", "gain", "limiter", "trim"}
REENCODE = ["mp3-128", "mp3-64", "mp3-48", "aac-96", "opus-64", "vorbis-q2"]
DELIVERY = ["mp3-192", "mp3-128", "vorbis-q4", "aac-128", "mp3-192", "vorbis-q4", "flac"]
CHAINS = [("speed", "eq"), ("pitch", "trim"), ("tempo", "reverb"), ("layer-music", "speed"), ("pitch", "tempo"),
          ("pitch", "reverb"), ("trim", "limiter"), ("layer-rain", "speed"), ("speed", "trim"), ("layer-drums", "pitch"),
          ("eq", "tempo"), ("trim", "reverb")]
SHORTEST = 25.0
CLIP = 225351 / 44100      # a Riffusion clip of 512 columns


# ---------------------------------------------------------------- the tracks that may be used
def read_tsv(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def relatives(inventory):
    """Pairs of files that share audio or a piece."""
    for name in ("same_piece.tsv", "near_duplicates.tsv"):
        for row in read_tsv(os.path.join(ROBUSTNESS, name)):
            yield row["a"], row["b"]
    for path in (inventory,):
        if os.path.exists(path):
            for row in read_tsv(path):
                yield row["dropped"], row["kept"]


def strangers(rows, pairs, rng):
    """One track of each group of related ones, shuffled."""
    leader = {r["file"]: r["file"] for r in rows}

    def find(x):
        while leader.setdefault(x, x) != x:
            x = leader[x]
        return x

    for a, b in pairs:
        leader[find(a)] = find(b)
    folders = collections.defaultdict(list)
    for r in rows:      # stems of one song lie in a folder below "sequencer" or beside a song.ogg
        folder = os.path.dirname(r["file"])
        if "/sequencer/" in folder or os.path.exists(os.path.join(folder, "song.ogg")):
            folders[folder].append(r["file"])
    for files in folders.values():
        for f in files[1:]:
            leader[find(f)] = find(files[0])
    groups = collections.defaultdict(list)
    for r in sorted(rows, key=lambda r: r["file"]):
        groups[find(r["file"])].append(r)
    chosen = [rng.choice(g) for _, g in sorted(groups.items())]
    rng.shuffle(chosen)
    return chosen


class Deck:
    """Tracks not yet used; each is dealt once."""

    def __init__(self, rows):
        self.rows = rows

    def draw(self, shortest, longest=1e9, prefer=None):
        fits = [i for i, r in enumerate(self.rows) if shortest <= float(r["duration"]) <= longest]
        if not fits:
            sys.exit(f"the corpus has too few tracks of {shortest:.0f} s or more")
        liked = [i for i in fits if prefer and prefer(self.rows[i])]
        return self.rows.pop((liked or fits)[0])


def excerpt(row, rng, low, high):
    """(offset, length) of a stretch of low to high seconds, or the whole track where that is shorter."""
    have = float(row["duration"]) - 0.5
    length = min(have, rng.uniform(low, high))
    return round(rng.uniform(0, min(have, 330.0) - length) if have - length > 1 and length < 330 else 0.0, 3), round(length, 3)


# ---------------------------------------------------------------- variants
def signed(rng, low, high):
    return rng.choice((-1, 1)) * rng.uniform(low, high)


def step(kind, rng, deck, length):
    """The step of a class, with parameters drawn."""
    if kind == "gain":
        return dict(op="gain", db=round(signed(rng, 3, 9), 1))
    if kind == "eq":
        return dict(op="eq", name=rng.choice(sorted(audio.EQ)))
    if kind == "limiter":
        return dict(op="limit", db=round(rng.uniform(5, 12), 1))
    if kind == "trim":
        where = rng.choice(["start", "end", "both"])
        side = lambda name: round(rng.uniform(0.03, 0.15), 3) if where in (name, "both") else 0.0
        quiet = lambda: round(rng.uniform(0.3, 3.0), 2) if rng.random() < 0.5 else 0.0
        return dict(op="trim", start=side("start"), end=side("end"), before=quiet(), after=quiet())
    if kind == "pitch":
        return dict(op="pitch", semitones=round(signed(rng, 0.3, 2.0), 2), by=rng.choice(["rubberband", "sox"]))
    if kind == "tempo":
        return dict(op="tempo", factor=round(1 + signed(rng, 0.02, 0.10), 4), by=rng.choice(["rubberband", "sox"]))
    if kind == "speed":
        return dict(op="speed", factor=round(1 + signed(rng, 0.01, 0.12), 4))
    if kind == "reverb":
        return dict(op="reverb", amount=rng.randint(25, 60))
    below, seed = round(rng.uniform(6, 12), 1), rng.randrange(1 << 20)
    if kind == "layer-music":
        # Stretching may come first: a fifth more than the original is enough.
        other = deck.draw(min(length * 1.2, 110))
        room = float(other["duration"]) - length * 1.2
        return dict(op="layer", kind="music", below_db=below, file=other["file"], at=round(rng.uniform(0, max(room, 0)), 2), seed=seed)
    return dict(op="layer", kind=kind.removeprefix("layer-"), below_db=below, seed=seed)


def variant(kind, rng, deck, length):
    """Steps and encoder of a member."""
    if kind == "copy":
        return dict(steps=[], codec="copy")
    if kind == "reencode":
        return dict(steps=[], codec=rng.choice(REENCODE))
    names = rng.choice(CHAINS) if kind == "chain" else (kind,)
    codec = rng.choice(REENCODE if kind == "chain" else DELIVERY)
    return dict(steps=[step(n, rng, deck, length) for n in names], codec=codec)


class Kinds:
    """Deals classes in the proportions of CLASSES; a family holds one at most twice."""

    def __init__(self, rng):
        self.rng, self.pile = rng, []

    def deal(self, used, mild):
        for _ in range(2):
            for i, k in enumerate(self.pile):
                if used[k] < (3 if k == "reencode" else 2) and (not mild or k in MILD):
                    return self.pile.pop(i)
            more = [k for k, n in CLASSES.items() for _ in range(n)]
            self.rng.shuffle(more)
            self.pile += more
        return "reencode"


def sizes(count, rng):
    """Members of each family, the original among them: 4 to 13, six on average."""
    return [1 + rng.choice([3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8, 10, 12]) for _ in range(count)]


# ---------------------------------------------------------------- plan
def plan_families(count, deck, rng):
    telling = [(s, mild) for s, n, free in stories.STORIES for mild in [not free] for _ in range(n)]
    telling = [telling[i * len(telling) // count] for i in range(count)]
    kinds, jobs, rows = Kinds(rng), [], []
    for n, ((story, mild), size) in enumerate(zip(telling, sizes(count, rng))):
        short = n % 5 == 4
        track = deck.draw(34 if short else 75)
        offset, length = excerpt(track, rng, *((31, 58) if short else (65, 120)))
        family, used = f"f{n + 1:02d}", collections.Counter()
        base = dict(family=family, source=track["file"], source_offset=offset, length=length, story=story)
        jobs.append(base | dict(cls="original", steps=[], codec=rng.choice(DELIVERY)))
        while len(jobs) and sum(j["family"] == family for j in jobs) < size:
            kind = kinds.deal(used, mild)
            used[kind] += 1
            jobs.append(base | dict(cls=kind) | variant(kind, rng, deck, length))
        rows += stories.family(story, size, rng)
    return jobs, rows


def plan_loops(deck, rng):
    """Strangers that hold the same 8 s of a third track."""
    jobs = []
    for n, group in enumerate([2] * 8 + [3, 4]):
        source = deck.draw(30)
        loop = dict(id=f"loop{n + 1:02d}", file=source["file"], at=round(rng.uniform(5, min(float(source["duration"]), 120) - 13), 2), length=8.0)
        for _ in range(group):
            track = deck.draw(60)
            offset, length = excerpt(track, rng, 60, 110)
            times = rng.choice([1, 1, 1, 2]) if length > 80 else 1
            places = [round(length * (k + rng.uniform(0.1, 0.6)) / times, 2) for k in range(times)]
            jobs.append(dict(family="-", cls="shared-loop", source=track["file"], source_offset=offset, length=length,
                             loop=loop | dict(places=places, mixed=n % 3 == 2), steps=[], codec=rng.choice(DELIVERY), story=""))
    return jobs


def plan_singles(count, deck, albums, rng):
    jobs = []
    for n in range(count):
        like = n % 2 == 0
        # Strangers lie beside the originals: same album, same style.
        track = deck.draw(SHORTEST, prefer=lambda r: like and r["package"] in albums)
        short = n % 6 == 5
        offset, length = excerpt(track, rng, *((31, 58) if short else (60, 140)))
        copied = track["codec"] in ("vorbis", "opus", "mp3") and n % 3 != 0
        jobs.append(dict(family="-", cls="same-album" if track["package"] in albums else "unrelated", source=track["file"],
                         source_offset=offset, length=length, steps=[], story="",
                         codec="stream:" + track["codec"] if copied else rng.choice(DELIVERY)))
    return jobs


def make_plan(a):
    rng = random.Random(f"families/{a.seed}")
    rows = [r for r in read_tsv(a.split) if r["split"] == a.split_name and float(r["duration"]) >= SHORTEST]
    deck = Deck(strangers(rows, relatives(os.path.join(a.root, f"inventory-{a.split_name}.tsv.duplicates")), rng))
    jobs, declared = plan_families(a.families, deck, rng)
    package = {r["file"]: r["package"] for r in rows}
    albums = {package[j["source"]] for j in jobs}
    alone = plan_loops(deck, rng)
    alone += plan_singles(max(0, a.tracks - len(jobs) - len(alone)), deck, albums, rng)
    declared += stories.singles(len(alone), rng)
    jobs += alone
    order = list(range(len(jobs)))
    rng.shuffle(order)
    originals = {}
    for place, i in enumerate(order):
        jobs[i]["name"] = f"u{place + 1:04d}"
    for j in jobs:
        if j["cls"] == "original":
            originals[j["family"]] = j
    for j in jobs:
        if j["codec"] == "copy":
            j["as"] = originals[j["family"]]["codec"]
        j["file"] = f"uploads/{j['name']}.{ending(j)}"
    for j, d in zip(jobs, declared):
        j["declared"] = d | dict(filename=os.path.basename(j["file"]))
        j["original"] = originals[j["family"]]["file"] if j["family"] in originals else "-"
    return jobs


def ending(job):
    codec = job.get("as") or job["codec"]
    if codec.startswith("stream:"):
        return {"vorbis": "ogg", "opus": "opus", "mp3": "mp3"}[codec[7:]]
    return audio.CODECS[codec][0]


def plan_riffusion(folder):
    """Clips of the interpolations, and the clips that stand alone."""
    jobs = []
    longs = {"typing_to_jazz.mp3": 20, "detroit_rap_to_jazz_denoising_0_6_seed_50.mp3": 20, "arabic_gospel.mp3": 10}
    for n, (name, count) in enumerate(longs.items()):
        for k in range(count):
            jobs.append(dict(family=f"r{n + 1:02d}", cls="interpolation", source=name, source_offset=round(k * CLIP, 3),
                             length=round(CLIP, 3), clip=k))
    for name in ("funky_sax.mp3", "funky_sax_to_piano.mp3"):
        jobs.append(dict(family="r04", cls="image-to-image", source=name, source_offset=0.0, length=5.2))
    for name in ("hand_drawn.mp3", "mambo_but_from_jamaica.m4a", "pop_sample.mp3", "lora/piano_lora0_s30_st50.wav", "lora/piano_lora1_s10_st50.wav"):
        jobs.append(dict(family="-", cls="unrelated", source=name, source_offset=0.0, length=5.2))
    first = {}
    for j in jobs:
        stem = os.path.splitext(os.path.basename(j["source"]))[0]
        j["file"] = f"uploads/{stem[:24]}{'-%02d' % j['clip'] if 'clip' in j else ''}.mp3"
        first.setdefault(j["family"], j["file"])
        j |= dict(original=first[j["family"]] if j["family"] != "-" else "-", steps=[], codec="mp3-192", story="")
        j["declared"] = dict(filename=os.path.basename(j["file"]), title=stem.replace("_", " ") + (f" {j['clip'] + 1}" if "clip" in j else ""),
                             artist="Riffusion", account="acc-1000", ai="all", received_at=stories.stamp(len(first) * 7200 + 40 * j.get("clip", 0)))
    return jobs


# ---------------------------------------------------------------- making
def make(job, root, out, cuts):
    """Writes one upload."""
    target = os.path.join(out, job["file"])
    source = os.path.join(root, job["source"])
    stem, ext = os.path.splitext(target)
    part = f"{stem}.part{ext}"
    with tempfile.TemporaryDirectory(prefix=job.get("name", "clip") + "-", dir=os.path.join(out, ".work")) as tmp:
        if job["codec"].startswith("stream:"):
            audio.copy_stream(source, part, job["source_offset"], job["length"])
        else:
            wav = cuts.get(job["family"]) or os.path.join(tmp, "cut.wav")
            if not os.path.exists(wav):
                audio.cut(source, wav, job["source_offset"], job["length"])
            if "loop" in job:
                loop, joined = os.path.join(tmp, "loop.wav"), os.path.join(tmp, "joined.wav")
                spec = job["loop"]
                audio.cut(os.path.join(root, spec["file"]), loop, spec["at"], spec["length"])
                audio.with_loop(wav, loop, spec["places"], spec["mixed"], joined, tmp)
                wav = joined
            steps = [s | dict(file=os.path.join(root, s["file"])) if "file" in s else s for s in job["steps"]]
            audio.encode(audio.chain(steps, wav, tmp), part, job.get("as") or job["codec"])
        os.rename(part, target)


def recipe(job):
    """What the audio depends on; a changed recipe is made again."""
    return {k: job[k] for k in ("source", "source_offset", "length", "steps", "codec", "as", "loop") if k in job}


def make_group(jobs, root, out):
    """Uploads that start from the same cut; an exact copy is a copy of the original's file."""
    done, failed, cuts = 0, [], {}
    with tempfile.TemporaryDirectory(prefix="group-", dir=os.path.join(out, ".work")) as tmp:
        if jobs[0]["family"] != "-" and len(jobs) > 1 and jobs[0]["cls"] == "original":
            cuts[jobs[0]["family"]] = os.path.join(tmp, "cut.wav")
        for job in jobs:
            state = os.path.join(out, ".state", os.path.basename(job["file"]) + ".json")
            target = os.path.join(out, job["file"])
            try:
                if os.path.exists(target) and os.path.exists(state) and json.load(open(state)) == recipe(job):
                    continue
                if job["codec"] == "copy":
                    shutil.copyfile(os.path.join(out, job["original"]), target)
                else:
                    make(job, root, out, cuts)
                with open(state, "w") as f:
                    json.dump(recipe(job), f)
                done += 1
            except (RuntimeError, OSError, ValueError, AttributeError) as e:
                failed.append((job["file"], str(e)[-600:]))
    return done, failed


def write(jobs, out):
    with open(os.path.join(out, "truth.tsv"), "w", encoding="utf-8") as f:
        f.write("\t".join(TRUTH) + "\n")
        for j in sorted(jobs, key=lambda j: j["file"]):
            told = {k: j[k] for k in ("steps", "codec", "loop", "clip", "story") if j.get(k) not in (None, "", [])}
            row = j | dict(parameters=json.dumps(told, sort_keys=True))
            row["class"] = j["cls"]
            f.write("\t".join(str(row[c]) for c in TRUTH) + "\n")
    with open(os.path.join(out, "manifest.csv"), "w", encoding="utf-8", newline="") as f:
        w = csv.DictWriter(f, stories.COLUMNS, restval="", lineterminator="\n")
        w.writeheader()
        w.writerows(sorted((j["declared"] for j in jobs), key=lambda d: d["filename"]))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--split"), ap.add_argument("--root"), ap.add_argument("--riffusion")
    ap.add_argument("--out", required=True), ap.add_argument("--split-name", default="dev")
    ap.add_argument("--seed", default="families-1"), ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--tracks", type=int, default=500), ap.add_argument("--families", type=int, default=40)
    ap.add_argument("--plan-only", action="store_true")
    a = ap.parse_args()
    if not a.riffusion and not (a.split and a.root):
        ap.error("--split and --root are needed, or --riffusion")
    jobs = plan_riffusion(a.riffusion) if a.riffusion else make_plan(a)
    counts = collections.Counter(j["cls"] for j in jobs)
    print(f"{len(jobs)} uploads, {len({j['family'] for j in jobs} - {'-'})} families: " +
          ", ".join(f"{k} {n}" for k, n in sorted(counts.items())), file=sys.stderr)
    for name in ("uploads", ".state", ".work"):
        os.makedirs(os.path.join(a.out, name), exist_ok=True)
    write(jobs, a.out)
    if a.plan_only:
        return
    groups = collections.defaultdict(list)
    for j in jobs:
        groups[j["family"] if j["family"] != "-" and not a.riffusion else j["file"]].append(j)
    failed, made = [], 0
    with cf.ThreadPoolExecutor(a.jobs) as pool:
        for done, bad in pool.map(lambda g: make_group(g, a.riffusion or a.root, a.out), groups.values()):
            made += done
            failed += bad
            if made % 50 < done:
                print(f"{made} made", file=sys.stderr, flush=True)
    shutil.rmtree(os.path.join(a.out, ".work"))
    for name, why in failed:
        print(f"{name}: {why}", file=sys.stderr)
    # Truth must name what is there, no more.
    lost = {name for name, _ in failed}
    if lost:
        write([j for j in jobs if j["file"] not in lost], a.out)
        sys.exit(1)


if __name__ == "__main__":
    main()
