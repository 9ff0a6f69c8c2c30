#!/usr/bin/env python3
"""Make pairs of audio files whose kind of sameness is known: the same recording, another voice over the same
backing, another performance, a neighbour in a generated series.

usage: make_kinds.py --corpus DIR --midi DIR --riffusion DIR --out OUT --seed kinds-1 [--jobs 1] [--scale 1.0]
                     [--only REGEX] [--plan-only]

--corpus     folder with split-dev.tsv and unpacked/ (../robustness/fetch_corpus.sh DIR dev)
--midi       folder with pop909/NNN/NNN.mid, and where there pieces.tsv (piece, midi, split, group)
--riffusion  folder with typing_to_jazz.mp3 and the others
--seed       a name that ends in a number: odd numbers draw from one half of the music, even ones from the other
             (hash of the name; tracks of ../robustness/same_piece.tsv go together), so that they share nothing

Needs numpy, scipy, soundfile, pillow, ffmpeg, sox, rubberband, fluidsynth, espeak-ng and the soundfonts
FluidR3_GM, TimGM6mb and OPL-3_FM_128M.  Same arguments and tools, same audio; interrupted runs go on.

OUT/truth.tsv: query_file, reference_file, class, family, parameter, note.  Classes:
  recording    the query is the reference, damaged; the whole clip of 25 to 40 s
  layer        other music as loud over it (family layer0): reported apart
  backing      a lead over a backing track, against the backing alone, both ways; or two leads over one backing
  performance  the same score played again: onsets moved, tempo wandering, other instrument or soundfont
  regenerated  stand-ins for generated variants: neighbouring clips of real Riffusion interpolations
"""
import argparse, concurrent.futures as cf, csv, hashlib, json, os, random, re, shutil, sys, tempfile, threading, time

import kinds_audio as ka
import kinds_music as km

COLUMNS = ["query_file", "reference_file", "class", "family", "parameter", "note"]
DAMAGES, BACKINGS, EXACT, RESYNTHESES, ROUNDS = 7, 6, 8, {"riffuse": 3, "griffin": 5}, 2     # how many of each at --scale 1
JITTERS, WANDERS = (5, 8, 12, 20, 30), (0, 30, 80, 150)
SOUNDS = ("same-sound", "other-soundfont", "other-instrument", "other-both")
LEVELS = (-6, 0, 6)
LEADS = [("speech", "sung"), ("sung", "played"), ("played", "speech"), ("sung", "sung")]
CLIP = 5.11


# ---------------------------------------------------------------- what there is
def number(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def half_of(seed):
    digits = re.search(r"(\d+)$", seed)
    if not digits:
        sys.exit("--seed must end in a number")
    return int(digits[1]) % 2


def read_tsv(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def groups_of(pairs):
    """Union of pairs: name -> one name for all that hang together."""
    top = {}

    def find(x):
        while top.get(x, x) != x:
            x = top[x]
        return x

    for a, b in pairs:
        top[max(find(a), find(b))] = min(find(a), find(b))
    return find


def tracks_of(corpus, half):
    robust = os.path.join(ka.HERE, "..", "robustness")
    pairs = [(r["a"], r["b"]) for name in ("same_piece.tsv", "near_duplicates.tsv") for r in read_tsv(os.path.join(robust, name))]
    group = groups_of(pairs)
    rows, seen = [], set()
    for r in sorted(read_tsv(os.path.join(corpus, "split-dev.tsv")), key=lambda r: r["file"]):
        g = group(r["file"])
        if float(r["duration"]) >= 32 and number(g) % 2 == half and g not in seen:
            seen.add(g)                       # one track of each group
            rows.append(r)
    return rows


def pieces_of(midi, half):
    """POP909 songs and other pieces, as paths below midi."""
    songs = [f"pop909/{s}/{s}.mid" for s in sorted(os.listdir(os.path.join(midi, "pop909"))) if number("pop909/" + s) % 2 == half]
    other, seen = [], set()
    if os.path.exists(os.path.join(midi, "pieces.tsv")):
        for r in read_tsv(os.path.join(midi, "pieces.tsv")):
            if number(r["group"]) % 2 == half and r["group"] not in seen:
                seen.add(r["group"])
                other.append(r["midi"])
    return [s for s in songs if os.path.exists(os.path.join(midi, s))], other


# ---------------------------------------------------------------- plan
class Deck:
    """Every item comes up in turn, in shuffled order."""

    def __init__(self, items, rng):
        self.items, self.rng, self.left = list(items), rng, []

    def draw(self, want=lambda x: True):
        for _ in range(2):
            for i, x in enumerate(self.left):
                if want(x):
                    return self.left.pop(i)
            more = self.items[:]
            self.rng.shuffle(more)
            self.left += more
        raise SystemExit("nothing to draw")


def plan_recordings(tracks, rng, scale):
    clips = []                                # the references; each serves several families
    for t in rng.sample(tracks, min(len(tracks), 96)):
        seconds = round(min(rng.uniform(25, 40), float(t["duration"]) - 1), 2)
        starts = [round(rng.uniform(0, min(float(t["duration"]), 330) - seconds - 0.5), 2) for _ in range(6)]
        clips.append(dict(track=t["file"], channels=t["channels"], seconds=seconds, starts=starts))
    deck, jobs = Deck(range(len(clips)), rng), []
    n = max(1, round(DAMAGES * scale))
    for family, par in ka.damages():
        for _ in range(n):
            c = deck.draw(lambda i: family != "fraud-channels" or clips[i]["channels"] == "2")
            job = dict(make="damage", family=family, parameter=par, clip=clips[c])
            if ka.needs_other(family):
                job["other"] = clips[deck.draw(lambda i: i != c)]
            jobs.append(job)
    for family in ka.RESYNTHESIS:
        for _ in range(max(1, round(RESYNTHESES[family.split("-")[0]] * scale))):
            seconds = 2 * CLIP if family.startswith("riffuse") else 12.0
            c = dict(clips[deck.draw()], seconds=seconds)
            jobs.append(dict(make="resynthesis", family=family, parameter=f"{seconds:g}s", clip=c))
    return jobs


def plan_backings(tracks, songs, rng, scale):
    deck, tunes, jobs = {"corpus": Deck([t["file"] for t in tracks], rng), "pop909": Deck(songs, rng)}, Deck(songs, rng), []
    length = {t["file"]: float(t["duration"]) for t in tracks}
    for level in LEVELS:
        for kind in deck:
            for k in range(max(1, round(BACKINGS * scale))):
                source = deck[kind].draw()
                seconds = round(rng.uniform(25, 40), 2)
                job = dict(make="backing", kind=kind, source=source, level=level, leads=LEADS[(k + LEVELS.index(level)) % len(LEADS)])
                if kind == "corpus":
                    seconds = round(min(seconds, length[source] - 1), 2)
                    job["starts"] = [round(rng.uniform(0, min(length[source], 330) - seconds - 0.5), 2) for _ in range(6)]
                    job["tune"] = tunes.draw()
                jobs.append(dict(job, seconds=seconds, coded=k % 2 == 1))
    return jobs


def plan_performances(songs, other, rng, scale):
    pop, rest, jobs = Deck(songs, rng), Deck(other or songs, rng), []

    def piece():
        return pop.draw() if rng.random() < 0.6 else rest.draw()

    cells = [(s, j, w) for s in SOUNDS for j in JITTERS for w in WANDERS]
    for r in range(max(1, round(ROUNDS * scale))):
        rng.shuffle(cells)
        for s, j, w in cells[:max(1, round(len(cells) * min(1.0, ROUNDS * scale)))]:
            jobs.append(dict(make="performance", family=s, jitter=j, wander=w, piece=piece()))
    for s in SOUNDS[1:]:
        for _ in range(max(1, round(EXACT * scale))):
            jobs.append(dict(make="performance", family="exact-" + s, jitter=0, wander=0, piece=piece()))
    for job in jobs:
        job["seconds"] = round(rng.uniform(30, 40), 2)
    return jobs


def plan_regenerated(half, rng, scale):
    files = {1: [("typing_to_jazz", 20)], 0: [("detroit_rap_to_jazz_denoising_0_6_seed_50", 20), ("arabic_gospel", 10)]}[half]
    jobs = []
    for d in (1, 2, 3):
        pairs = [(f, i, i + d) for f, n in files for i in range(n - d)]
        rng.shuffle(pairs)
        jobs += [dict(make="regenerated", family="interpolation", parameter=f"distance {d}", file=f, a=a, b=b)
                 for f, a, b in pairs[:max(2, round(20 * scale))]]
    if half == 1:
        jobs.append(dict(make="regenerated", family="image-to-image", parameter="funky_sax"))
    return jobs


def make_plan(a):
    half, rng = half_of(a.seed), random.Random(f"kinds/{a.seed}")
    tracks, (songs, other) = tracks_of(a.corpus, half), pieces_of(a.midi, half)
    print(f"{a.seed}: {len(tracks)} tracks, {len(songs)} songs, {len(other)} other pieces", flush=True)
    jobs = plan_recordings(tracks, rng, a.scale) + plan_backings(tracks, songs, rng, a.scale)
    jobs += plan_performances(songs, other, rng, a.scale) + plan_regenerated(half, rng, a.scale)
    rng.shuffle(jobs)
    for i, job in enumerate(jobs):
        job["id"] = f"q{i + 1:04d}"
    return [j for j in jobs if re.search(a.only, f"{j['make']}/{j.get('family', '')}")]


# ---------------------------------------------------------------- making
class Maker:
    def __init__(self, a):
        self.a, self.lock, self.locks = a, threading.Lock(), {}

    def path(self, rel):
        return os.path.join(self.a.out, rel)

    def score(self, rel):
        return km.read_midi(os.path.join(self.a.midi, rel))

    def reference(self, name, build):
        """A reference made once: build(path) writes it."""
        rel = f"reference/{name}.flac"
        with self.lock:
            lock = self.locks.setdefault(rel, threading.Lock())
        with lock:
            if not os.path.exists(self.path(rel)):
                part = self.path(f"reference/.{name}.flac")
                build(part)
                os.rename(part, self.path(rel))
        return rel

    def cut_loud(self, source, starts, seconds, wav, **how):
        for start in starts:
            x, rate = ka.cut(os.path.join(self.a.corpus, source), start, seconds, wav, **how)
            if ka.db(x) > -42:
                break
        return x, rate, start

    def clip(self, c, tmp, tag="clip"):
        """(WAV of a clip, its reference file)."""
        wav = os.path.join(tmp, tag + ".wav")
        x, rate, start = self.cut_loud(c["track"], c["starts"], c["seconds"], wav, mono=None)
        name = f"c{number(json.dumps([c['track'], c['starts'], c['seconds']])) % 10 ** 8:08d}"
        return wav, self.reference(name, lambda p: ka.save(p, x, rate)), f"{c['track'].split('/')[-1]} @ {start}"

    def damage(self, job, rng, tmp):
        wav, ref, note = self.clip(job["clip"], tmp)
        other = None
        if "other" in job:
            other = ka.load(self.clip(job["other"], tmp, "other")[0])
        out, how = ka.make_damaged(job["family"], job["parameter"], wav, self.path("audio/" + job["id"]), other, rng, tmp)
        kind = "layer" if job["family"] == "layer0" else "recording"
        return [(os.path.relpath(out, self.a.out), ref, kind, job["family"], job["parameter"], f"{note}; {how}")]

    def resynthesis(self, job, rng, tmp):
        wav, ref, note = self.clip(job["clip"], tmp)
        out = ka.make_resynthesis(job["family"], wav, self.path("audio/" + job["id"]), rng.randrange(1 << 30), tmp)
        return [(os.path.relpath(out, self.a.out), ref, "recording", job["family"], job["parameter"], note)]

    def backing(self, job, rng, tmp):
        seconds = job["seconds"]
        if job["kind"] == "corpus":
            x, _, start = self.cut_loud(job["source"], job["starts"], seconds, os.path.join(tmp, "b.wav"), rate=km.RATE)
            tune = km.singable(self.score(job["tune"]), rng, seconds)
            name = f"{job['source'].split('/')[-1]} @ {start}"
        else:
            score = self.score(job["source"])
            tune = km.singable(score, rng, seconds)
            if tune:
                x = km.render(km.window(km.pop_backing(score, rng), tune[0], seconds), km.FLUID, seconds, tmp)
                name = os.path.basename(job["source"])
        if not tune:
            return []                         # no tune that sounds 60 to 75 % of the time
        x = ka.below(ka.gain(x, -20 - ka.db(x)), -3)
        ref = self.reference("b" + job["id"], lambda p: ka.save(p, x, km.RATE))
        level, rows, mixes = f"{job['level']:+d}dB", [], []
        for k, lead in enumerate(job["leads"]):
            if lead == "speech":
                y, who = km.speech_lead(seconds, rng, tmp)
            else:
                y, who = (km.sung_lead if lead == "sung" else km.played_lead)(tune[1], seconds, rng, tmp)
            y = y[:len(x)] if len(y) >= len(x) else ka.np.pad(y, ((0, len(x) - len(y)), (0, 0)))
            mix, active = ka.lay_over(y, x, km.RATE, job["level"])
            stem = f"audio/{job['id']}{'ab'[k]}"
            ka.save(self.path(stem + ".flac"), mix, km.RATE)
            rel = stem + ".flac"
            if job["coded"]:
                rel = os.path.relpath(ka.encode(self.path(rel), self.path(stem), ("mp3", "128k"), tmp), self.a.out)
                os.remove(self.path(stem + ".flac"))
            mixes.append(rel)
            note = f"{job['kind']}: {name}; {who}; lead sounds {active:.0%}"
            rows += [(rel, ref, "backing", lead, level + "/mix-in-backing", note),
                     (ref, rel, "backing", lead, level + "/backing-in-mix", note)]
        rows.append((mixes[0], mixes[1], "backing", "two-leads", level, f"{job['kind']}: {name}; {'+'.join(job['leads'])}"))
        return rows

    def performance(self, job, rng, tmp):
        score, seconds, sound = self.score(job["piece"]), job["seconds"], job["family"]
        if job["piece"].startswith("pop909/"):
            score = km.pop_arranged(score, rng)
        seconds = min(seconds, score.length() + 1)
        starts = [rng.uniform(0, max(0, score.length() - seconds)) for _ in range(8)]
        start = max(starts, key=lambda t: min(60, len(km.window(score, t, seconds).notes)))
        score = km.filled_programs(km.window(score, start, seconds))
        if seconds < 20 or len(score.notes) < 40:
            return []                         # too short or too sparse
        again = km.perform(score, rng, job["jitter"], job["wander"], seconds) if not sound.startswith("exact") else score
        if sound.endswith(("instrument", "both")):
            again = km.other_programs(again, rng)
        font = rng.choice([km.TIM, km.TIM, km.OPL]) if sound.endswith(("soundfont", "both")) else km.FLUID
        make = lambda s, f: (lambda y: ka.below(ka.gain(y, -18 - ka.db(y))))(km.render(s, f, seconds, tmp).mean(axis=1, keepdims=True))
        ref = self.reference("p" + job["id"], lambda p: ka.save(p, make(score, km.FLUID), km.RATE))
        rel = f"audio/{job['id']}.flac"
        ka.save(self.path(rel), make(again, font), km.RATE)
        if self.a.keep_midi:
            km.write_midi(score, self.path(f"midi/{job['id']}-a.mid"))
            km.write_midi(again, self.path(f"midi/{job['id']}-b.mid"))
        par = "-" if sound.startswith("exact") else f"jitter {job['jitter']:02d}/wander {job['wander']:03d}"
        used = len({d[0] for _, ch, kind, d in score.controls if kind == 12})
        note = f"{os.path.basename(job['piece'])} @ {start:.1f}; {os.path.basename(font)}; {used} programs; {len(score.notes)} notes"
        return [(rel, ref, "performance", sound, par, note)]

    def regenerated(self, job, rng, tmp):
        folder = self.a.riffusion
        if job["family"] == "image-to-image":
            names = []
            for f in ("funky_sax", "funky_sax_to_piano"):
                shutil.copyfile(os.path.join(folder, f + ".mp3"), self.path(f"reference/{f}.mp3"))
                names.append(f"reference/{f}.mp3")
            return [(a, b, "regenerated", job["family"], job["parameter"], "") for a, b in (names, names[::-1])]

        def clip(k):
            def build(path):
                x, rate = ka.cut(os.path.join(folder, job["file"] + ".mp3"), k * CLIP, CLIP, os.path.join(tmp, "r.wav"), mono=True)
                ka.save(path, x, rate)
            return self.reference(f"r-{job['file'][:12]}-{k:02d}", build)
        return [(clip(job["a"]), clip(job["b"]), "regenerated", job["family"], job["parameter"], f"{job['file']} {job['a']} {job['b']}")]

    def make(self, job):
        state = self.path(f".state/{job['id']}.json")
        if os.path.exists(state):
            with open(state, encoding="utf-8") as f:
                old = json.load(f)
            if old["job"] == json.loads(json.dumps(job)):
                return old["rows"]
        tmp = tempfile.mkdtemp(prefix=job["id"] + "-", dir=self.path(".tmp"))
        try:
            rows = getattr(self, job["make"])(job, random.Random(f"{self.a.seed}/{json.dumps(job, sort_keys=True)}"), tmp)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
        with open(state + ".part", "w", encoding="utf-8") as f:
            json.dump({"job": job, "rows": rows}, f)
        os.replace(state + ".part", state)
        return rows


def write_truth(out, rows):
    """All that is made so far: the plan is shuffled, so a run cut short is a smaller benchmark."""
    part = os.path.join(out, "truth.part")
    with open(part, "w", encoding="utf-8") as f:
        f.write("\t".join(COLUMNS) + "\n")
        for r in sorted(rows, key=lambda r: (r[2], r[3], r[4], r[0])):
            f.write("\t".join(c.replace("\t", " ") for c in r) + "\n")
    os.replace(part, os.path.join(out, "truth.tsv"))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("corpus", "midi", "riffusion", "out", "seed"):
        ap.add_argument("--" + name, required=True)
    ap.add_argument("--jobs", type=int, default=1), ap.add_argument("--scale", type=float, default=1.0)
    ap.add_argument("--only", default="", help="makes only what this matches, of 'damage/FAMILY', 'backing/', 'performance/FAMILY' ...")
    ap.add_argument("--keep-midi", action="store_true", help="keeps the two scores of every performance in OUT/midi")
    ap.add_argument("--plan-only", action="store_true")
    a = ap.parse_args()
    plan, began = make_plan(a), time.time()
    print(f"{len(plan)} things to make", flush=True)
    if a.plan_only:
        return
    for d in ("audio", "reference", "midi", ".tmp", ".state"):
        os.makedirs(os.path.join(a.out, d), exist_ok=True)
    maker, rows, bad, spent = Maker(a), [], [], {}

    def one(job):
        t = time.time()
        try:
            return job, maker.make(job), None, time.time() - t
        except Exception as e:
            return job, [], f"{type(e).__name__}: {e}"[:800], time.time() - t

    with cf.ThreadPoolExecutor(a.jobs) as pool:
        for n, (job, got, error, took) in enumerate(pool.map(one, plan), 1):
            rows += got
            spent[job["make"]] = spent.get(job["make"], 0) + took
            if error or not got:
                bad += [job["id"]] if error else []
                print("FAILED" if error else "left out", job["id"], job["make"], job.get("family", ""), error or "", file=sys.stderr, flush=True)
            if n % 50 == 0:
                write_truth(a.out, rows)
                print(f"{n}/{len(plan)}, {time.time() - began:.0f} s", flush=True)
    write_truth(a.out, rows)
    print(f"{a.out}/truth.tsv: {len(rows)} pairs in {time.time() - began:.0f} s;", *(f"{k} {v:.0f} s" for k, v in spent.items()))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
