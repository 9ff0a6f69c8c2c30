#!/usr/bin/env python3
"""usage: make_pop.py --pop909 SONGS --fonts FOLDER --out OUT [--test 110] [--seed works-1] [--only test|train] [--queries 1]

Songs of POP909 in another arrangement, on other instruments, in another key and tempo, with the truth of each.
SONGS is songs.tar.xz unpacked (music-x-lab/POP909-Dataset).  Needs numpy, fluidsynth and sox.  The songs are other
people's works: keep what this makes out of the repository.  Interrupted runs go on; same seed, same plan.

OUT/versions.tsv   how much each version keeps (versions.py)
OUT/test/          the songs whose accompaniment differs most, each in its most different version:
  ref/SONG.flac      the main file, FluidR3, its own instruments, the first 120 s
  query30/, query20/ 30 s from the part the reference has, and the middle 20 s of it: TimGM6mb or OPL3, tune and accompaniment on two
                     drawn instruments (the tune never on the piano), -6..+6 semitones, x0.80..1.25
OUT/train/         all other songs, never in test: 40 s of the main file, and the same stretch of a version played as above (query0),
                   and with an accompaniment made anew from the chords (query1)
  truth.tsv in each: query_file, ref_file, piece, group, kind, semitones and tempo (of the query, against the reference),
                     reference_second (where the query begins in the reference), accompaniment_kept, tune_kept, font, tune, accompaniment, version
"""
import argparse, csv, os, random, subprocess, sys
from dataclasses import replace
import midi, versions
from render import ffmpeg, find_fonts, render

COLUMNS = ["query_file", "ref_file", "piece", "group", "kind", "semitones", "tempo", "reference_second", "accompaniment_kept",
           "tune_kept", "font", "tune", "accompaniment", "version"]
LEAST_NOTES, LEAST_TUNE = 300, 0.5           # a version that keeps less of the tune may be another song
TEMPI = [0.80, 0.85, 0.90, 0.95, 1.05, 1.10, 1.15, 1.20, 1.25]
REFERENCE_S, TRAIN_S = 120, 40


def chosen(rows):
    """Each song's most different version that is surely the same song."""
    out = {}
    for r in rows:
        kept = float(r["accompaniment_kept"])
        if r["unit"] != "main" and int(r["notes"]) >= LEAST_NOTES and float(r["tune_kept"]) >= LEAST_TUNE and kept > 0:
            if r["song"] not in out or kept < float(out[r["song"]]["accompaniment_kept"]):
                out[r["song"]] = r
    return out


def played(notes, begin, end, tune, accompaniment):
    """The notes that begin within the stretch, from 0 on, on the two instruments."""
    out = []
    for n in notes:
        if begin <= n.begin < end:
            lead = versions.is_tune(n)
            out.append(replace(n, begin=n.begin - begin, end=min(n.end, end) - begin, channel=0 if lead else 1,
                               program=tune if lead else accompaniment))
    return out


def instruments(rng):
    tune = rng.choice([p for p in midi.MELODIC if p >= 8])
    return tune, rng.choice([p for p in midi.MELODIC if p != tune])


def revoiced(notes, rng):
    """The tune as it is, over a new accompaniment: for each beat the pitch classes that sound longest, in a pattern and octave of its own."""
    tune, others = ([n for n in notes if (n.channel == 0) == lead] for lead in (True, False))
    if len(others) < 20:
        return notes
    first, last = min(others, key=lambda n: n.beat), max(others, key=lambda n: n.beat)
    beat = (last.begin - first.begin) / max(1.0, last.beat - first.beat)
    step = beat * (2 if beat < 0.4 else 1)
    at, end = first.begin, max(n.end for n in others)
    pattern, base, parts = rng.choice(["block", "broken", "off", "long"]), rng.choice([43, 48, 55]), rng.choice([2, 3, 4])
    out, bass = [], rng.random() < 0.7
    while at < end:
        weight = [0.0] * 12
        for n in others:
            weight[n.pitch % 12] += max(0.0, min(n.end, at + step) - max(n.begin, at))
        use = sorted((k for k in range(12) if weight[k] > 0.2 * max(weight)), key=lambda k: -weight[k])[:4]
        lowest = min((n.pitch for n in others if n.begin < at + step and n.end > at), default=None)
        pitches = sorted(base + (k - base) % 12 for k in use)
        make = lambda a, e, p: out.append(replace(others[0], begin=a, end=min(e, a + 4), pitch=p, velocity=rng.randrange(60, 90)))
        if pattern == "broken" and pitches:
            for i in range(parts):
                make(at + i * step / parts, at + (i + 1) * step / parts, pitches[i % len(pitches)])
        else:
            begin = at + (step / 2 if pattern == "off" else 0)
            for p in pitches:
                make(begin, at + (2 * step if pattern == "long" else step), p)
        if bass and lowest is not None:
            make(at, at + step, 36 + lowest % 12)
        at += step
    return tune + out


class Song:
    def __init__(self, root, main_file, row):
        self.main = midi.read(os.path.join(root, main_file), pedal=True)
        self.row = row
        other = midi.read(os.path.join(root, row["file"]), pedal=True)
        line = versions.time_line(self.main, other, int(row["semitones"]), float(row["shift"]), row["unit"])
        if line[2] > 0.1:
            raise ValueError(f"the version's time wanders: {line[2]:.2f} s")
        self.other, (self.scale, self.offset) = other, line[:2]

    def query(self, rng, begin, seconds, font, fonts, dst, semitones, tempo, change=lambda notes: notes):
        """Renders `seconds` of the version from reference second `begin` on; gives the truth."""
        tune, accompaniment = instruments(rng)
        a = self.scale * begin + self.offset
        notes = change(played(self.other, a, a + seconds * tempo, tune, accompaniment))
        render(midi.write(notes, tempo, semitones), fonts[font], dst, seconds)
        return {"semitones": semitones + int(self.row["semitones"]), "tempo": f"{tempo / self.scale:.4f}", "reference_second": f"{begin:.3f}",
                "accompaniment_kept": self.row["accompaniment_kept"], "tune_kept": self.row["tune_kept"], "font": font,
                "tune": tune, "accompaniment": accompaniment, "version": self.row["file"]}


def first_seconds(notes, begin, seconds):
    return [replace(n, begin=n.begin - begin, end=min(n.end, begin + seconds) - begin) for n in notes if begin <= n.begin < begin + seconds]


def reference(song, begin, seconds, fonts, dst):
    if not os.path.exists(dst):
        render(midi.write(first_seconds(song.main, begin, seconds)), fonts["fluid"], dst, seconds)


def make_test(song, name, rng, fonts, out):
    semitones, tempo, font = rng.randrange(-6, 7), rng.choice(TEMPI), rng.choice(["tim", "opl3"])
    length = min(REFERENCE_S, song.main[-1].end)
    first = max(song.main[0].begin, (song.other[0].begin - song.offset) / song.scale)
    begin = rng.uniform(first, max(first, length - 30 * tempo / song.scale))
    long, short = (os.path.join(out, k, f"{name}.flac") for k in ("query30", "query20"))
    reference(song, 0, REFERENCE_S, fonts, os.path.join(out, "ref", f"{name}.flac"))
    state = rng.getstate()
    truth = song.query(rng, begin, 30, font, fonts, long, semitones, tempo)
    rng.setstate(state)
    ffmpeg("-ss", "5", "-t", "20", "-i", long, short)
    rows = []
    for kind, shift in (("pop-30s", 0), ("pop-20s", 5)):
        rows.append(dict(truth, query_file=f"query{kind[4:6]}/{name}.flac", ref_file=f"ref/{name}.flac", piece=name, group=f"pop909-{name}", kind=kind,
                         reference_second=f"{begin + shift * float(truth['tempo']):.3f}"))
    return rows


def make_train(song, name, rng, fonts, out, number, seed):
    """Rendering `number` of a song's stretch; those of odd numbers have an accompaniment of their own over the same chords."""
    end = song.main[-1].end
    begin = rng.uniform(song.main[0].begin, max(song.main[0].begin, min(end, 200) - TRAIN_S))
    reference(song, begin, TRAIN_S, fonts, os.path.join(out, "ref", f"{name}.flac"))
    if number:
        rng = random.Random(f"{seed}/train/{name}/{number}")
    tempo, font = rng.choice(TEMPI), rng.choice(["tim", "opl3", "fluid"])
    dst = os.path.join(out, f"query{number}", f"{name}.flac")
    seconds = min(TRAIN_S * 1.25, TRAIN_S * song.scale / tempo)
    change = (lambda notes: revoiced(notes, rng)) if number % 2 else (lambda notes: notes)
    truth = song.query(rng, begin, seconds, font, fonts, dst, rng.randrange(-6, 7), tempo, change)
    # both begin at the same place of the piece
    return [dict(truth, query_file=f"query{number}/{name}.flac", ref_file=f"ref/{name}.flac", piece=name, group=f"pop909-{name}",
                 kind="revoiced" if number % 2 else "train", reference_second="0.000")]


def make(folder, songs, root, one, suffix=""):
    """Makes what is missing; a part of the truth is kept for each song, so that an interrupted run goes on."""
    parts = os.path.join(folder, "parts")
    for d in ("ref", "parts"):
        os.makedirs(os.path.join(folder, d), exist_ok=True)
    left_out = 0
    for name, main_file, row in songs:
        part = os.path.join(parts, f"{name}{suffix}.tsv")
        if os.path.exists(part):
            continue
        try:
            rows = one(Song(root, main_file, row), name)
        except (ValueError, RuntimeError, subprocess.CalledProcessError) as e:
            print(f"left out: {name}: {e}", file=sys.stderr, flush=True)
            left_out += 1
            continue
        with open(part + ".part", "w", encoding="utf-8") as f:
            csv.DictWriter(f, COLUMNS, delimiter="\t", lineterminator="\n").writerows(rows)
        os.replace(part + ".part", part)
    with open(os.path.join(folder, "truth.tsv"), "w", encoding="utf-8") as f:
        f.write("\t".join(COLUMNS) + "\n")
        for name in sorted(os.listdir(parts)):
            if name.endswith(".tsv"):
                with open(os.path.join(parts, name), encoding="utf-8") as p:
                    f.write(p.read())
    print(f"{folder}: {len(songs) - left_out} songs, {left_out} left out", file=sys.stderr)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--pop909", "--fonts", "--out"):
        ap.add_argument(name, required=True)
    ap.add_argument("--test", type=int, default=110)
    ap.add_argument("--seed", default="works-1")
    ap.add_argument("--only", choices=["test", "train"])
    ap.add_argument("--queries", type=int, default=2, help="renderings of each song to train on; every second one over a new accompaniment")
    ap.add_argument("--train-songs", type=int, default=10 ** 6, help="at most so many songs to train on")
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    fonts, table = find_fonts(a.fonts), os.path.join(a.out, "versions.tsv")
    if not os.path.exists(table):
        subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "versions.py"), a.pop909, table], check=True)
    with open(table, encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    main_row = {r["song"]: r for r in rows if r["unit"] == "main"}
    most = chosen(rows)
    order = sorted(most, key=lambda s: (float(most[s]["accompaniment_kept"]), s))
    test = set(order[:a.test])
    songs = {"test": [(s, main_row[s]["file"], most[s]) for s in sorted(test)],
             "train": [(s, main_row[s]["file"], most.get(s) or dict(main_row[s], unit="begin", shift="0")) for s in sorted(set(main_row) - test)][:a.train_songs]}
    for part in ("test", "train"):
        out = os.path.join(a.out, part)
        if a.only == part or not a.only:
            for number in range(a.queries if part == "train" else 1):
                for d in (["query30", "query20"] if part == "test" else [f"query{number}"]):
                    os.makedirs(os.path.join(out, d), exist_ok=True)
                draw = lambda n: random.Random(f"{a.seed}/{part}/{n}")
                if part == "test":
                    make(out, songs[part], a.pop909, lambda song, n: make_test(song, n, draw(n), fonts, out))
                else:
                    make(out, songs[part], a.pop909, lambda song, n: make_train(song, n, draw(n), fonts, out, number, a.seed), f"-{number}")


if __name__ == "__main__":
    main()
