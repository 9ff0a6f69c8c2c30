#!/usr/bin/env python3
"""usage: make_dev.py --midi FOLDER --corpus DIR --split SPLIT.tsv --out OUT [--seed works-1]

The same composition in renderings that share no audio, from the MIDI files of fetch_midi.sh, with the truth of each.
Needs fluidsynth, sox, ffmpeg; standard library only.  Interrupted runs go on; same seed, same plan.

OUT/ref/PIECE.flac     FluidR3, as written, 60 s
OUT/query/PIECE.flac   TimGM6mb or OPL3, -5..+6 semitones, x0.80..1.25, a third with other instruments as well, 60 s
OUT/query20/           20 s of that, from a drawn place
OUT/melody, reharm, accomp/  of the same notes, key and tempo: the upper voice alone on another instrument; that over other chords;
                       all but the upper voice.  The first 45 s
OUT/hook10, hook15/    10 s (15 s) of OUT/query between 10 s (15 s) of other music (unknown tracks of the corpus, role `neg`), equally loud
OUT/truth.tsv          query_file, ref_file, piece, group, kind, semitones, tempo, reference_second (where the query, or the hook in
                       it, begins in the reference), hook_begin, hook_end (seconds in the query, or '-'), font, instruments,
                       surroundings (the other music)
"""
import argparse, csv, hashlib, os, random, subprocess, sys
import midi
from render import ffmpeg, find_fonts, render

COLUMNS = ["query_file", "ref_file", "piece", "group", "kind", "semitones", "tempo", "reference_second", "hook_begin", "hook_end",
           "font", "instruments", "surroundings"]
STEPS = [-5, -4, -3, -2, -1, 0, 0, 1, 2, 3, 4, 5, 6]
TEMPI = [0.80, 0.85, 0.90, 0.95, 1.0, 1.0, 1.05, 1.10, 1.15, 1.20, 1.25]
LEADS = [73, 65, 68, 56, 40, 80, 11, 26]
HARD_S = 45


def loudness(path, start=0.0, seconds=None):
    """RMS in dB."""
    cut = ["-ss", str(start)] + (["-t", str(seconds)] if seconds else [])
    p = subprocess.run(["ffmpeg", "-v", "info", "-nostdin", *cut, "-i", path, "-af", "aformat=channel_layouts=mono,volumedetect", "-f", "null", "-"],
                       capture_output=True, check=True)
    return next(float(l.split("mean_volume:")[1].split()[0]) for l in p.stderr.decode(errors="replace").splitlines() if "mean_volume:" in l)


def other_programs(salt):
    def program(channel, was):
        if was >= 96:                        # effects and percussion stay
            return was
        h = int(hashlib.sha256(f"{salt}/{channel}/{was}".encode()).hexdigest()[:6], 16)
        return midi.MELODIC[h % len(midi.MELODIC)]
    return program


class Maker:
    def __init__(self, a):
        self.a, self.fonts = a, find_fonts(a.fonts or a.midi)
        with open(a.split, encoding="utf-8") as f:
            rows = [r for r in csv.DictReader(f, delimiter="\t") if r["role"] == "neg" and float(r["duration"]) > 40]
        self.others = sorted((r["file"], float(r["duration"])) for r in rows)

    def path(self, kind, piece):
        return os.path.join(self.a.out, kind, f"{piece}.flac")

    def piece(self, row):
        """All renderings of a piece; rows of truth."""
        piece = row["piece"]
        rng = random.Random(f"{self.a.seed}/{piece}")
        semitones, tempo, change = rng.choice(STEPS), rng.choice(TEMPI), rng.random() < 0.34
        font = "tim" if rng.random() < 0.7 else "opl3"
        with open(os.path.join(self.a.midi, row["midi"]), "rb") as f:
            data = f.read()
        programs = other_programs(f"{self.a.seed}/{piece}") if change else (lambda c, p: p)
        ref = render(data, self.fonts["fluid"], self.path("ref", piece), 60, trim=True)
        whole = render(midi.rewrite(data, tempo, semitones, programs), self.fonts[font], self.path("query", piece), 60, trim=True)
        if min(ref, whole) < 25:
            raise RuntimeError(f"too short: {ref:.0f} and {whole:.0f} s")
        base = {"ref_file": f"ref/{piece}.flac", "piece": piece, "group": row["group"], "semitones": semitones, "tempo": f"{tempo:.2f}",
                "hook_begin": "-", "hook_end": "-", "font": font, "instruments": "changed" if change else "same",
                "surroundings": "-"}

        def truth(folder, kind, second, **more):
            return dict(base, query_file=f"{folder}/{piece}.flac", kind=kind, reference_second=f"{second:.2f}", **more)
        rows = [truth("query", "same-60s", 0)]
        within = min(whole, ref / tempo)     # what the reference has too
        at = rng.uniform(0, max(0, within - 20))
        ffmpeg("-ss", f"{at:.3f}", "-t", "20", "-i", self.path("query", piece), self.path("query20", piece))
        rows.append(truth("query20", "same-20s", at * tempo))
        rows += self.hooks(rng, piece, within, tempo, truth)
        rows += self.hard(rng, os.path.join(self.a.midi, row["midi"]), piece, tempo, semitones, truth)
        return rows

    def hooks(self, rng, piece, within, tempo, truth):
        rows = []
        for seconds in (10, 15):
            name, duration = rng.choice(self.others)
            other = os.path.join(self.a.corpus, name)
            at, start = rng.uniform(0, max(0, within - seconds)), rng.uniform(0, duration - seconds - 1)
            before = rng.uniform(0.2, 0.8) * seconds
            whole = self.path("query", piece)
            gain = loudness(other, start, seconds) - loudness(whole, at, seconds)
            graph = (f"[1:a]aresample=22050,aformat=channel_layouts=mono,asplit[o1][o2];[o1]atrim={0}:{before:.3f},asetpts=PTS-STARTPTS[b];"
                     f"[o2]atrim={before:.3f}:{seconds},asetpts=PTS-STARTPTS[e];[0:a]volume={gain:.2f}dB,aresample=22050[h];[b][h][e]concat=n=3:v=0:a=1,volume=-3dB")
            folder = f"hook{seconds}"
            ffmpeg("-ss", f"{at:.3f}", "-t", str(seconds), "-i", whole, "-ss", f"{start:.3f}", "-t", str(seconds), "-i", other,
                   "-filter_complex", graph, "-ac", "1", self.path(folder, piece))
            rows.append(truth(folder, f"hook-{seconds}s", at * tempo, hook_begin=f"{before:.2f}", hook_end=f"{before + seconds:.2f}", surroundings=name))
        return rows

    def hard(self, rng, path, piece, tempo, semitones, truth):
        notes = midi.read(path)
        notes = [n for n in notes if n.begin < 30 + HARD_S * tempo]
        tune = midi.upper_voice(notes)
        lead = rng.choice(LEADS)
        mine = [midi.Note(n.begin, n.end, n.pitch, 105, 0, lead, "tune") for n in tune]
        took = {(n.begin, n.pitch, n.channel) for n in tune}
        rest = [n for n in notes if (n.begin, n.pitch, n.channel) not in took]
        first = min((n.begin for n in notes), default=0)
        rows = []
        for kind, these in (("melody", mine), ("reharm", mine + midi.other_chords(tune, notes, rng)), ("accomp", rest)):
            pitched = [n.begin for n in these if n.channel != midi.DRUMS]
            if len(pitched) < 20:
                continue
            dst = self.path(kind, piece)
            length = render(midi.write(these, tempo, semitones), self.fonts["tim"], dst, HARD_S, trim=True)
            if length < 20:
                os.remove(dst)
                continue
            rows.append(truth(kind, kind, min(n.begin for n in these) - first))
        return rows


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--midi", "--corpus", "--split", "--out"):
        ap.add_argument(name, required=True)
    ap.add_argument("--fonts", help="folder of the soundfonts [that of --midi]")
    ap.add_argument("--seed", default="works-1")
    a = ap.parse_args()
    maker = Maker(a)
    for d in ("ref", "query", "query20", "melody", "reharm", "accomp", "hook10", "hook15", "parts"):
        os.makedirs(os.path.join(a.out, d), exist_ok=True)
    with open(os.path.join(a.midi, "pieces.tsv"), encoding="utf-8") as f:
        pieces = sorted(csv.DictReader(f, delimiter="\t"), key=lambda r: r["piece"])
    for row in pieces:
        part = os.path.join(a.out, "parts", row["piece"] + ".tsv")
        if os.path.exists(part):
            continue
        try:
            rows = maker.piece(row)
        except (ValueError, RuntimeError, IndexError, subprocess.CalledProcessError) as e:
            print(f"left out: {row['piece']}: {e}", file=sys.stderr, flush=True)
            continue
        with open(part + ".part", "w", encoding="utf-8") as f:
            csv.DictWriter(f, COLUMNS, delimiter="\t", lineterminator="\n").writerows(rows)
        os.replace(part + ".part", part)
    with open(os.path.join(a.out, "truth.tsv"), "w", encoding="utf-8") as f:
        f.write("\t".join(COLUMNS) + "\n")
        for row in pieces:
            part = os.path.join(a.out, "parts", row["piece"] + ".tsv")
            if os.path.exists(part):
                with open(part, encoding="utf-8") as p:
                    f.write(p.read())


if __name__ == "__main__":
    main()
