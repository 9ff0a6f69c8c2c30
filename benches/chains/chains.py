#!/usr/bin/env python3
"""What a scan finds in long queries that are made of many short, changed, noisy excerpts.

usage: chains.py DATA --split split.tsv --root DIR [--soundalike BIN] [--index DIR] [--depths standard,thorough]
                 [--levels hard,...] [--work DIR] [--md OUT.md] [--tsv OUT.tsv] [--fresh]

DATA          a folder that make_chains.py filled
--root        the corpus; all its tracks of role `ref` are indexed, unless --index names an index of them
--soundalike  the binary [default: $SOUNDALIKE]; results are kept apart for each, in DATA/results

Only matches that the program accepts count.  One with a relative (../robustness/same_piece.tsv and
near_duplicates.tsv, relatives.tsv here) of a track that the query holds is dropped.

  pairs         (query, reference): recall and precision over all of them, with the plain counts
  seconds       recall: share of the chunks' time that a segment of the right reference covers;
                "in place": on the right place of it too, within 0.5 s (music repeats itself, so this is a
                lower bound); precision: share of the time of all matches that lies on a chunk of that
                reference. Begins and ends are widened by 0.5 s, a mix of two counts for both
  chunks        found: the right reference has a segment that overlaps the chunk; by what was done
  CPU           user and system seconds of the scan of that level; unknown queries: accepted matches

Python standard library only.
"""
import argparse, csv, hashlib, json, os, shutil, subprocess, sys, tempfile, time
from collections import defaultdict
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
SLACK_S, PLACE_S, STEP_S = 0.5, 0.5, 0.05
SHORT_FREE_S = 4.5
RELATIVES = ("../robustness/same_piece.tsv", "../robustness/near_duplicates.tsv", "relatives.tsv")


# ---------------------------------------------------------------- reading
@dataclass
class Chunk:
    track: str
    begin: float
    end: float
    free: float
    source: float
    speed: float
    change: str
    noise: str
    snr: str
    level: str
    joins: tuple


@dataclass
class Query:
    file: str
    level: str
    chunks: list = field(default_factory=list)
    matches: dict = field(default_factory=dict)      # track: segments (begin, end, place at begin, speed)

    @property
    def held(self):
        return {c.track for c in self.chunks if self.level != "unknown"}


def read_tsv(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_truth(path):
    queries = {}
    for r in read_tsv(path):
        q = queries.setdefault(r["query_file"], Query(r["query_file"], r["level"]))
        q.chunks.append(Chunk(r["source_track"], float(r["query_begin"]), float(r["query_end"]),
                              float(r["free_end"]) - float(r["free_begin"]), float(r["source_begin"]), float(r["speed"]),
                              r["change"], r["noise"], r["snr"], r["level"], (r["before"], r["after"])))
    return queries


def read_relatives(*paths):
    out = defaultdict(set)
    for r in (r for p in paths for r in read_tsv(p)):
        out[r["a"]].add(r["b"])
        out[r["b"]].add(r["a"])
    return out


def segment_of(s):
    a, b = s["sample_begin_time_offset_ms"] / 1000, s["sample_end_time_offset_ms"] / 1000
    c, d = s["db_begin_time_offset_ms"] / 1000, s["db_end_time_offset_ms"] / 1000
    return a, b, c, (d - c) / max(b - a, 1e-9)


def read_records(records, queries, known):
    """Adds accepted matches to the queries; `known`: base path of the corpus tracks in any folder."""
    names = {os.path.basename(q.file): q for q in queries.values()}
    for q in queries.values():
        q.matches = {}
    for r in records:
        if r["type"] == "match" and r.get("accepted", True):
            q = names.get(os.path.basename(r["query"]["path"]))
            if q:
                track = known(r["reference"]["path"] or r["reference"]["ref_id"])
                q.matches.setdefault(track, []).extend(segment_of(s) for s in r["segments"])


def namer(tracks):
    """Turns a path that ends like a track of the corpus into that track's name."""
    tracks = set(tracks)

    def known(path):
        parts = path.split("/")
        return next((t for t in ("/".join(parts[i:]) for i in range(len(parts))) if t in tracks), path)
    return known


# ---------------------------------------------------------------- scoring
def dropped(q, relatives):
    """The matches without those with relatives of a track that is there."""
    near = {r for t in q.held for r in relatives.get(t, ())}
    if q.level == "unknown":
        near = {r for c in q.chunks for r in relatives.get(c.track, ())}
    return {t: s for t, s in q.matches.items() if t in q.held or t not in near}


@dataclass
class Tally:
    tp: int = 0
    fp: int = 0
    fn: int = 0
    want_s: float = 0.0
    got_s: float = 0.0
    place_s: float = 0.0
    told_s: float = 0.0
    told_right_s: float = 0.0
    chunks: list = field(default_factory=list)       # (query, chunk, found, share covered)
    wrong: list = field(default_factory=list)        # (query, track)
    queries: int = 0
    alarmed: int = 0


def covered(chunk, segments):
    """Seconds of the chunk under a segment, and under one on the right place."""
    n = max(1, round((chunk.end - chunk.begin) / STEP_S))
    got = right = 0
    near = [s for s in segments if s[1] > chunk.begin and s[0] < chunk.end]
    for i in range(n):
        t = chunk.begin + (i + 0.5) * (chunk.end - chunk.begin) / n
        places = [c + (t - a) * v for a, b, c, v in near if a <= t < b]
        got += bool(places)
        want = chunk.source + (t - chunk.begin) * chunk.speed
        right += any(abs(p - want) <= PLACE_S for p in places)
    step = (chunk.end - chunk.begin) / n
    return got * step, right * step


def union(spans):
    out = []
    for a, b in sorted(spans):
        if out and a <= out[-1][1]:
            out[-1][1] = max(out[-1][1], b)
        else:
            out.append([a, b])
    return out


def told_seconds(segments, chunks):
    """Seconds that a match claims, and those of them that lie on chunks of its track."""
    spans = union((a, b) for a, b, _, _ in segments)
    on = union((c.begin - SLACK_S, c.end + SLACK_S) for c in chunks)
    right = sum(max(0.0, min(b, d) - max(a, c)) for a, b in spans for c, d in on)
    return sum(b - a for a, b in spans), right


def score(queries, relatives):
    t = Tally()
    for q in queries:
        matches = dropped(q, relatives)
        false = [m for m in matches if m not in q.held]
        t.queries += 1
        t.alarmed += bool(false)
        t.wrong += [(q.file, m) for m in false]
        t.fp += len(false)
        t.tp += sum(m in matches for m in q.held)
        t.fn += sum(m not in matches for m in q.held)
        for track, segments in matches.items():
            told, right = told_seconds(segments, [c for c in q.chunks if c.track == track and q.held])
            t.told_s += told
            t.told_right_s += right
        for c in q.chunks if q.held else ():
            got, place = covered(c, matches.get(c.track, []))
            t.want_s += c.end - c.begin
            t.got_s += got
            t.place_s += place
            t.chunks.append((q.file, c, got > 0, got / (c.end - c.begin)))
    return t


# ---------------------------------------------------------------- tables
def share(a, b):
    return f"{100 * a / b:.1f}" if b else "-"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)] + ["| " + " | ".join(r) + " |" for r in rows]


def level_rows(level, by_depth):
    for depth, (t, cpu) in by_depth.items():
        yield [level, depth, str(t.queries), f"{share(t.tp, t.tp + t.fn)} / {share(t.tp, t.tp + t.fp)}",
               f"{t.tp} {t.fp} {t.fn}", f"{sum(f for _, _, f, _ in t.chunks)}/{len(t.chunks)}", share(t.got_s, t.want_s),
               share(t.place_s, t.want_s), share(t.told_right_s, t.told_s), f"{cpu:.1f}"]


KINDS = {
    "change": lambda c: c.change,
    "noise at": lambda c: "no noise" if c.noise == "none" else c.snr + " dB",
    "noise": lambda c: c.noise,
    "changed and noisy": lambda c: ("changed" if c.change != "none" else "plain") + (
        "" if c.noise == "none" else ", 5 or 0 dB" if c.snr in ("5", "0") else ", 15 or 10 dB"),
    "free part": lambda c: "under 4.5 s" if c.free < SHORT_FREE_S else "4.5 s and more",
    "joins": lambda c: {0: "plain ends", 1: "one soft end", 2: "two soft ends"}[sum(j in ("fade", "overlap") for j in c.joins)],
}
ORDER = ("none", "no noise", "15 dB", "10 dB", "5 dB", "0 dB")


def kind_table(by_depth):
    """Chunks found and share of their seconds, by what was done to them, for each depth."""
    rows = []
    for name, kind in KINDS.items():
        cells = defaultdict(dict)
        for depth, chunks in by_depth.items():
            groups = defaultdict(list)
            for entry in chunks:
                groups[kind(entry[1])].append(entry)
            for k, es in groups.items():
                cells[k]["n"] = len(es)
                cells[k][depth] = [str(sum(f for _, _, f, _ in es)), share(sum(x for _, _, _, x in es), len(es))]
        keys = sorted(cells, key=lambda k: (ORDER.index(k) if k in ORDER else 99, k))
        for i, k in enumerate(keys):
            rows.append([name if i == 0 else "", k, str(cells[k]["n"])] + [x for d in by_depth for x in cells[k][d]])
    return table(["", "", "chunks"] + [x for d in by_depth for x in (f"{d} found", "% covered")], rows)


# ---------------------------------------------------------------- running
def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()[:10]


def cpu_of(command):
    """Standard output and CPU seconds; an exit code of 3 (some input was not read) is a result."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3):
            sys.exit(f"chains.py: exit code {process.returncode}: {' '.join(command)}")
        out.seek(0)
        return out.read(), used.ru_utime + used.ru_stime


def write_list(path, lines):
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(line + "\n" for line in lines)
    return path


def index(args, work, tracks):
    where = args.index or os.path.join(work, "index")
    if not os.path.exists(where):
        refs = write_list(os.path.join(work, "references.txt"), [os.path.join(os.path.abspath(args.root), t) for t in tracks])
        _, cpu = cpu_of([args.soundalike, "index", "add", "--files-from", refs, "--index", where, "--threads",
                         str(args.threads), "--quiet"])
        print(f"indexed {len(tracks)} tracks: {cpu:.1f} CPU s", file=sys.stderr)
    return where


def scan(args, work, where, level, depth, files):
    """Records and CPU seconds of the scan of one level; kept."""
    path = os.path.join(work, f"{level}-{depth}.jsonl")
    if not os.path.exists(path):
        listed = write_list(os.path.join(work, f"{level}.txt"), [os.path.abspath(os.path.join(args.data, f)) for f in files])
        text, cpu = cpu_of([args.soundalike, "scan", "--files-from", listed, "--index", where, "--format", "jsonl",
                            "--no-cluster", "--no-evidence", "--exit-zero", "--depth", depth, "--limit", "40", "--threads",
                            str(args.threads), "--quiet"])
        with open(path + ".part", "w", encoding="utf-8") as f:
            f.write(json.dumps({"type": "cpu", "seconds": cpu}) + "\n" + text)
        os.rename(path + ".part", path)
    with open(path, encoding="utf-8") as f:
        records = [json.loads(line) for line in f if line.startswith("{")]
    return records, next(r["seconds"] for r in records if r["type"] == "cpu")


def details(by_depth):
    yield ["depth", "level", "query", "begin", "end", "track", "change", "noise", "snr", "free_s", "joins", "found", "covered"]
    for depth, entries in by_depth.items():
        for file, c, found, part in entries:
            yield [depth, c.level, file, f"{c.begin:.2f}", f"{c.end:.2f}", c.track, c.change, c.noise, c.snr, f"{c.free:.2f}",
                   "-".join(c.joins), str(int(found)), f"{part:.3f}"]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("data")
    ap.add_argument("--split", required=True)
    ap.add_argument("--root", required=True)
    ap.add_argument("--soundalike", default=os.environ.get("SOUNDALIKE"))
    ap.add_argument("--index", help="index of the references; made there if there is none")
    ap.add_argument("--depths", default="standard,thorough")
    ap.add_argument("--levels", default="")
    ap.add_argument("--work")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--md")
    ap.add_argument("--tsv")
    ap.add_argument("--fresh", action="store_true")
    args = ap.parse_args()
    if not args.soundalike:
        ap.error("which binary? --soundalike or $SOUNDALIKE")
    work = args.work or os.path.join(args.data, "results", digest(args.soundalike))
    if args.fresh:
        shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work, exist_ok=True)
    rows = read_tsv(args.split)
    known = namer(r["file"] for r in rows)
    relatives = read_relatives(*(os.path.join(HERE, n) for n in RELATIVES))
    queries = read_truth(os.path.join(args.data, "truth.tsv"))
    where = index(args, work, [r["file"] for r in rows if r["role"] == "ref"])
    levels = args.levels.split(",") if args.levels else list(dict.fromkeys(q.level for q in queries.values()))
    lines, chunks, wrong = [], defaultdict(list), defaultdict(list)
    for level in levels:
        mine = {f: q for f, q in queries.items() if q.level == level}
        by_depth = {}
        for depth in args.depths.split(","):
            records, cpu = scan(args, work, where, level, depth, mine)
            read_records(records, mine, known)
            by_depth[depth] = score(mine.values(), relatives), cpu
            chunks[depth] += by_depth[depth][0].chunks
            wrong[depth] += by_depth[depth][0].wrong
        lines += level_rows(level, by_depth)
    text = [f"{args.data}: binary {digest(args.soundalike)}, index {where}, {time.strftime('%Y-%m-%d')}", ""]
    text += table(["level", "depth", "queries", "pairs R / P", "TP FP FN", "chunks", "seconds R", "in place", "seconds P",
                   "CPU s"], lines)
    text += ["", "Chunks found, and share of their seconds covered (mean):", ""] + kind_table(chunks)
    for depth, pairs in wrong.items():
        text += ["", f"Wrong, {depth}: {len(pairs)}"] + [f"- {os.path.basename(q)}: {t}" for q, t in pairs]
    print("\n".join(text))
    if args.md:
        write_list(args.md, text)
    write_list(args.tsv or os.path.join(work, "chunks.tsv"), ["\t".join(d) for d in details(chunks)])


if __name__ == "__main__":
    main()
