#!/usr/bin/env python3
"""usage: resemblance.py --sets OUT --corpus DIR --split SPLIT.tsv --soundalike BIN --work FOLDER
                      [--kinds REGEX] [--references N] [--null N] [--index INDEX] [--channels harmony|all] [--no-plain] [--threads 1] [--out TABLES.md]

Measures `soundalike scan --works`: the same composition played anew must be found, other music must not.

--sets    the folder of make.sh: dev/ and pop/test/ with their truth.tsv
--corpus  real music: its references (role `ref`) are indexed too, its unknown tracks (role `neg`) are the unrelated queries, cut
          into stretches of 20 s.  --references, --null: at most so many of these
--work    index and records; runs that were cut off go on.  Use one for each binary

A reference and a query belong together when their groups are the same, or ../robustness/same_piece.tsv says so.  What the columns say:
  rank 1            of the records of a query the best one (least E-value, then largest z) names the right work
  at 0, at 1 %      the right work's score lies above the highest wrong score of every query of the class; of all but one in a hundred
                    (an accepted match of the recording with it counts as found: it is told before any resemblance, and instead of it)
  said              a record of the right work is `accepted`: what the product itself says
  false             queries with an accepted record of a wrong work
Python standard library and ffmpeg only."""
import argparse, csv, json, math, os, re, resource, subprocess, sys
from collections import defaultdict
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
NULL_S = 20
LINES = (0.001, 0.01, 0.1, 1.0)


# ---------------------------------------------------------------- what is read
@dataclass(frozen=True)
class Find:
    query: str
    reference: str
    channel: str
    transposition: int                      # semitones the query lies above the reference
    tempo: float                            # above 1: the query is faster
    query_span: tuple                       # seconds
    reference_span: tuple
    agreement: float
    z: float
    expected: float
    accepted: bool

    @property
    def score(self):
        """Larger is better; compares by the E-value first."""
        return (-self.expected, self.z)


def read_finds(path):
    """The resemblance records of a scan and its accepted matches, which are not told again; the one place that knows their names."""
    with open(path, encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            if r.get("type") == "match" and r["accepted"]:
                yield Find(r["query"]["path"], r["reference"]["path"], "recording", 0, 0.0, (), (), 1.0, 0.0, 0.0, True)
            if r.get("type") == "resemblance":
                spans = [tuple(r[f"{side}_{end}_time_offset_ms"] / 1000 for end in ("begin", "end")) for side in ("sample", "db")]
                yield Find(r["query"]["path"], r["reference"]["path"], r["channel"], int(r["transposition_semitones"]), float(r["time_factor"]),
                           *spans, float(r["agreement_pct"]) / 100, float(r["z"]), 10 ** float(r["log10_evalue"]), bool(r["accepted"]))


@dataclass(frozen=True)
class Query:
    path: str
    kind: str
    groups: frozenset                       # what it holds: compositions, or the name of a corpus track
    truth: dict


@dataclass
class Works:
    """Which reference is what."""
    group: dict                             # path -> group
    same: dict                              # corpus file -> partners

    def related(self, query, reference):
        g = self.group.get(os.path.abspath(reference), "?")
        return g in query.groups or any(g in self.same.get(q, ()) for q in query.groups)

    def right(self, query, reference):
        return query.truth.get("group") == self.group.get(os.path.abspath(reference), "?")


def read_tsv(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_same(path):
    same = defaultdict(set)
    for r in read_tsv(path):
        same[r["a"]].add(r["b"])
        same[r["b"]].add(r["a"])
    return same


def sets(folder, kinds):
    """Queries and references of dev/ and pop/test/."""
    queries, group = [], {}
    for part in ("dev", "pop/test"):
        root = os.path.abspath(os.path.join(folder, part))
        for r in read_tsv(os.path.join(root, "truth.tsv")):
            group[os.path.join(root, r["ref_file"])] = r["group"]
            if re.fullmatch(kinds, r["kind"]):
                holds = {r["group"]} | ({r["surroundings"]} if r.get("surroundings", "-") != "-" else set())
                queries.append(Query(os.path.join(root, r["query_file"]), r["kind"], frozenset(holds), r))
    return queries, group


def unrelated(corpus, split, work, most):
    """Stretches of the unknown tracks of the corpus."""
    folder = os.path.abspath(os.path.join(work, "null"))
    os.makedirs(folder, exist_ok=True)
    out, tracks = [], [r for r in read_tsv(split) if r["role"] == "neg"]
    each = max(1, math.ceil(most / max(1, len(tracks))))
    for number, r in enumerate(tracks):
        room = int(float(r["duration"]) // NULL_S)
        for k in sorted({int(i * room / each) for i in range(each)})[:room]:
            dst = os.path.join(folder, f"{number:03d}-{k * NULL_S:04d}.flac")
            if not os.path.exists(dst):
                subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", str(k * NULL_S), "-t", str(NULL_S), "-i", os.path.join(corpus, r["file"]),
                                "-map", "0:a:0", "-map_metadata", "-1", "-ac", "1", "-ar", "22050", "-f", "flac", dst + ".part"], check=True)
                os.replace(dst + ".part", dst)
            out.append(Query(dst, "unrelated", frozenset({r["file"]}), {}))
    return out[:most]


# ---------------------------------------------------------------- what is run
def timed(command, log):
    """Runs it; CPU seconds of it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, "wb") as f:
        done = subprocess.run(command, stdout=f, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{' '.join(command[:6])} …: exit {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def index(a, files, works):
    """The folder of the index; its CPU seconds are kept beside it."""
    folder = os.path.join(a.work, "index-works" if works else "index-plain")
    spent = folder + ".cpu"
    if not os.path.exists(spent):
        command = [a.soundalike, "index", "add", *files, "--index", folder, "--threads", str(a.threads)] + ([f"--works={a.channels}"] if works else [])
        cpu = timed(command, folder + ".log")
        with open(spent, "w", encoding="utf-8") as f:
            f.write(f"{cpu:.1f}\n")
    with open(spent, encoding="utf-8") as f:
        return folder, float(f.read())


def scan(a, folder, queries, kind):
    """Records of the queries of one kind, and the CPU seconds."""
    out = os.path.join(a.work, f"scan-{kind}.jsonl")
    if not os.path.exists(out):
        command = [a.soundalike, "scan", *(q.path for q in queries), "--index", folder, "--works", "--min-level", "candidate", "--limit", "100", "--no-evidence",
                   "--no-cluster", "--exit-zero", "--format", "jsonl", "--quiet", "--threads", str(a.threads)]
        cpu = timed(command, out + ".part")
        with open(out + ".cpu", "w", encoding="utf-8") as f:
            f.write(f"{cpu:.1f}\n")
        os.replace(out + ".part", out)
    with open(out + ".cpu", encoding="utf-8") as f:
        return list(read_finds(out)), float(f.read())


# ---------------------------------------------------------------- what it means
NOTHING = (-math.inf, -math.inf)


@dataclass
class Scored:
    query: Query
    right: tuple                            # the best score of the right work, of a wrong one
    wrong: tuple
    best: object                            # the right work's best Find, or None
    said: bool
    false: list                             # accepted Finds of wrong works

    @property
    def first(self):
        return self.right > NOTHING and self.right > self.wrong


def judge(queries, finds, works):
    by_query = defaultdict(list)
    for f in finds:
        by_query[os.path.abspath(f.query)].append(f)
    out = []
    for q in queries:
        mine = by_query[os.path.abspath(q.path)]
        right = [f for f in mine if works.right(q, f.reference)]
        wrong = [f for f in mine if not works.related(q, f.reference)]
        best = max(right, key=lambda f: f.score, default=None)
        out.append(Scored(q, best.score if best else NOTHING, max((f.score for f in wrong), default=NOTHING), best,
                          any(f.accepted for f in right), [f for f in wrong if f.accepted]))
    return out


def recall(scored, allowed):
    """The share of queries whose right score lies above the wrong ones of all but `allowed` queries."""
    worst = sorted((s.wrong for s in scored), reverse=True)
    line = worst[min(allowed, len(worst) - 1)] if worst else NOTHING
    return sum(s.right > line for s in scored) / max(1, len(scored))


def place_is_right(s):
    """Key, tempo (5 %) and place (2 s) of a find against the truth."""
    t, f = s.query.truth, s.best
    key = (f.transposition - int(t["semitones"])) % 12 == 0
    tempo = abs(f.tempo / float(t["tempo"]) - 1) <= 0.05
    hook = 0.0 if t.get("hook_begin", "-") == "-" else float(t["hook_begin"])
    middle = (f.query_span[0] + f.query_span[1]) / 2
    expected = float(t["reference_second"]) + (middle - hook) * float(t["tempo"])
    return key, tempo, abs((f.reference_span[0] + f.reference_span[1]) / 2 - expected) <= 2.0


def percent(n, of):
    return "-" if not of else f"{100 * n / of:.0f} %"


def class_table(classes):
    lines = ["| queries | n | rank 1 | at 0 | at 1 % | said | false | right key | right tempo | right place | channel of the right ones |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name, scored in classes:
        n, found = len(scored), [s for s in scored if s.first]
        places = [place_is_right(s) for s in found if s.best.channel != "recording"]
        channels = defaultdict(int)
        for s in found:
            channels[s.best.channel] += 1
        lines.append("| " + " | ".join([
            name, str(n), percent(len(found), n), percent(recall(scored, 0), 1), percent(recall(scored, max(1, math.ceil(n / 100))), 1),
            percent(sum(s.said for s in scored), n), str(sum(bool(s.false) for s in scored)),
            *(percent(sum(p[i] for p in places), len(places)) for i in range(3)),
            ", ".join(f"{k} {v}" for k, v in sorted(channels.items())) or "-"]) + " |")
    return lines


def split_pop(name, scored):
    """POP909 by the kept share of the accompaniment."""
    bands = (("under .35", 0, 0.35), (".35 to .75", 0.35, 0.75), ("over .75", 0.75, 2))
    return [(f"{name}, kept {label}", [s for s in scored if lo <= float(s.query.truth["accompaniment_kept"]) < hi]) for label, lo, hi in bands]


def poisson_upper(k, level=0.95):
    """The largest mean that k or fewer are seen of with a chance of 1 - level."""
    lo, hi = 0.0, k + 20 + 5 * math.sqrt(k + 1)
    for _ in range(60):
        mid = (lo + hi) / 2
        below = sum(math.exp(-mid) * mid ** i / math.factorial(i) for i in range(k + 1))
        lo, hi = (mid, hi) if below > 1 - level else (lo, mid)
    return hi


def poisson_at_least(k, mean):
    """The chance of k or more."""
    return max(0.0, 1 - sum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(k)))


def expected_table(groups, works):
    """Wrong records with an E-value below some lines, against what the E-values say."""
    lines = ["| queries | n | " + " | ".join(f"E < {e:g}: expected / seen (chance of so many)" for e in LINES) + " |", "| --- | --- |" + " --- |" * len(LINES)]
    for name, queries, finds in groups:
        by_path = {os.path.abspath(q.path): q for q in queries}
        wrong = [f for f in finds if not works.related(by_path[os.path.abspath(f.query)], f.reference)]
        cells = []
        for e in LINES:
            # one record for each pair: a work is said once
            seen = len({(f.query, f.reference) for f in wrong if f.expected < e})
            mean = e * len(queries)
            cells.append(f"{mean:.3g} / {seen} ({poisson_at_least(seen, mean):.2g})")
        lines.append(f"| {name} | {len(queries)} | " + " | ".join(cells) + " |")
    return lines


def tail_table(queries, finds, works):
    """How often unrelated pairs exceed some z, what an E-value rests on: of all pairs, those without a record count as below."""
    by_path = {os.path.abspath(q.path): q for q in queries}
    wrong = [f for f in finds if not works.related(by_path[os.path.abspath(f.query)], f.reference)]
    pairs = max(1, len(queries) * len(works.group))
    lines = ["| z above | of unrelated pairs | share | of the right ones |", "| --- | --- | --- | --- |"]
    for z in (2, 3, 4, 5, 6, 7, 8, 10, 12):
        above = sum(f.z > z for f in wrong)
        right = sum(f.z > z and works.right(by_path[os.path.abspath(f.query)], f.reference) for f in finds)
        lines.append(f"| {z} | {above} | {above / pairs:.1e} | {right} |")
    return lines


def worst_table(scored, works, most=12):
    rows = sorted(((s.query, f) for s in scored for f in s.false), key=lambda r: r[1].score, reverse=True)[:most]
    if not rows:
        return ["No accepted record of a wrong work."]
    lines = ["| query | reference | channel | E | z | agreement | query s | reference s |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for q, f in rows:
        holds = ", ".join(sorted(os.path.basename(g) for g in q.groups))
        work = os.path.basename(works.group.get(os.path.abspath(f.reference), f.reference))
        lines.append(f"| {q.kind}: {holds} | {work} | {f.channel} | {f.expected:.2g} | {f.z:.1f} | {f.agreement:.2f} | "
                     f"{f.query_span[0]:.0f}-{f.query_span[1]:.0f} | {f.reference_span[0]:.0f}-{f.reference_span[1]:.0f} |")
    return lines


def tables(a, classes, null, group, works, cpu):
    songs = sum(g.startswith("pop909-") for g in group.values())
    pieces = sum(p.startswith(os.path.abspath(a.sets) + os.sep) for p in group) - songs
    out = [f"{len(group)} works: {songs} songs of POP909, {pieces} pieces from MIDI, {len(group) - songs - pieces} tracks of real music.", ""]
    judged = [(kind, judge(queries, finds, works)) for kind, queries, finds in classes]
    rows = []
    for kind, scored in judged:
        rows += [(kind, scored)] + (split_pop(kind, scored) if kind.startswith("pop") else [])
    out += ["## The same composition", ""] + class_table(rows)
    queries, finds = null
    no = judge(queries, finds, works)
    k, n = sum(bool(s.false) for s in no), len(no)
    out += ["", "## Unrelated music", "", f"{n} stretches of {NULL_S} s of {len({g for q in queries for g in q.groups})} tracks: accepted records on {k}; "
            f"at most {poisson_upper(k) / max(1, n):.2%} of queries with 95 % confidence."]
    out += ["", "## E-values", ""] + expected_table([("unrelated, 20 s", queries, finds)] + [(kind, q, f) for kind, q, f in classes], works)
    everything = (queries + [q for _, mine, _ in classes for q in mine], finds + [f for _, _, mine in classes for f in mine])
    out += ["", "## The tail of z", "", f"{len(everything[0])} queries x {len(group)} works; all classes together.", ""] + tail_table(*everything, works)
    out += ["", "## Accepted records of wrong works", ""] + worst_table(no + [s for _, scored in judged for s in scored], works)
    out += ["", "## Cost", "", "| step | CPU seconds |", "| --- | --- |"] + [f"| {name} | {seconds:.1f} |" for name, seconds in cpu]
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--sets", "--corpus", "--split", "--soundalike", "--work"):
        ap.add_argument(name, required=True)
    ap.add_argument("--same", default=os.path.join(HERE, "..", "robustness", "same_piece.tsv"))
    ap.add_argument("--kinds", default=".*")
    ap.add_argument("--references", type=int, default=10 ** 6)
    ap.add_argument("--null", type=int, default=265)
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--index", help="an index of the references that is there [one is made in --work]")
    ap.add_argument("--channels", choices=["harmony", "all"], default="harmony", help="what is indexed of works")
    ap.add_argument("--no-plain", action="store_true", help="do not measure an index without works")
    ap.add_argument("--out")
    a = ap.parse_args()
    os.makedirs(a.work, exist_ok=True)
    queries, group = sets(a.sets, a.kinds)
    for r in [r for r in read_tsv(a.split) if r["role"] == "ref"][:a.references]:
        group[os.path.abspath(os.path.join(a.corpus, r["file"]))] = r["file"]
    works, files = Works(group, read_same(a.same)), sorted(group)
    cpu, folder = [], a.index
    if not folder:
        folder, spent = index(a, files, True)
        cpu.append(("index add --works", spent))
    if not a.no_plain:
        cpu.append(("index add", index(a, files, False)[1]))
    classes = []
    for kind in sorted({q.kind for q in queries}):
        mine = [q for q in queries if q.kind == kind]
        finds, spent = scan(a, folder, mine, kind)
        classes.append((kind, mine, finds))
        cpu.append((f"scan --works, {kind} ({len(mine)} queries)", spent))
    null = unrelated(a.corpus, a.split, a.work, a.null)
    finds, spent = scan(a, folder, null, "unrelated")
    cpu.append((f"scan --works, unrelated ({len(null)} queries)", spent))
    text = "\n".join(tables(a, classes, (null, finds), group, works, cpu)) + "\n"
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            f.write(text)
    print(text, end="")


if __name__ == "__main__":
    main()
