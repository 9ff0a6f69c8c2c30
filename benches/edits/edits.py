#!/usr/bin/env python3
"""What a scan, a comparison and a grouping make of edited copies of known truth.

usage: edits.py DATA --root DIR [--soundalike BIN] [--work DIR] [--modes standard,thorough,compare]
                [--set main] [--only REGEX] [--tsv OUT.tsv] [--md OUT.md] [--fresh]

DATA          a folder that make_edits.py filled
--root        the corpus: where DATA/others.txt starts from
--soundalike  the binary [default: $SOUNDALIKE]; results are kept apart for each, in DATA/results
--modes       what to run: scans of a depth, `compare` with the source, `cluster` of all groups
--set         main, extra (copies made for the groups) or all

The index holds all sources and the other tracks; scans and comparisons are the program's defaults.

Columns, for each family and way of asking
  found     copies whose source is among the accepted matches; the rest of the row counts those not
            found as nothing covered
  query     query_match_pct: median, least
  asset     asset_match_pct: median, least
  correct   share of the copy's time that comes from the source and that a segment covers whose
            place in the source is within 100 ms of the truth: median, least
  wrong     share of it that is covered, by segments that are all more than 200 ms off: mean, most
  seg       segments: median
  pieces    pieces of the truth: median
  other     accepted matches with other references
  kinds     match_kind, how often; level: verdict of the file, how often
Agreement counts the copies for which the ways of asking say the same kind.  Groups: `cluster` over
all grouped copies and their sources at once; whole: the copies and the source are in one group;
largest: most of them that are in one group; strangers: groups that hold files of two sources.

Python standard library only.
"""
import argparse, csv, hashlib, json, os, re, shutil, statistics, subprocess, sys, time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

RIGHT_S, WRONG_S, STEP_S = 0.1, 0.2, 0.01
csv.field_size_limit(1 << 24)


# ---------------------------------------------------------------- scoring
@dataclass
class Copy:
    """One row of the truth."""
    file: str
    source: str
    family: str
    parameter: str
    set: str
    group: str
    pieces: list


@dataclass
class Told:
    """What one way of asking says of one copy."""
    match: dict | None = None
    other: int = 0
    level: str = "-"
    error: str = ""
    correct: float = 0.0
    wrong: float = 0.0

    def number(self, key):
        return float(self.match[key]) if self.match else 0.0

    @property
    def kind(self):
        return self.match["match_kind"] if self.match else "none"

    @property
    def segments(self):
        return len(self.match["segments"]) if self.match else 0


def read_truth(path):
    with open(path, encoding="utf-8", newline="") as f:
        return [Copy(r["query_file"], r["source_track"], r["family"], r["parameter"], r["set"], r["group"],
                     json.loads(r["edits"])) for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]


def place(segment, t):
    """Time in the reference that the segment lays second `t` of the query on, or None."""
    a, b = segment["sample_begin_time_offset_ms"] / 1000, segment["sample_end_time_offset_ms"] / 1000
    if not a <= t < b:
        return None
    c, d = segment["db_begin_time_offset_ms"] / 1000, segment["db_end_time_offset_ms"] / 1000
    return c + (t - a) * (d - c) / (b - a)


def coverage(pieces, segments):
    """Shares of the time that comes from the source: rightly covered, wrongly covered."""
    steps = right = wrong = 0
    for q0, q1, s0, _, speed, _ in pieces:
        if s0 is None:
            continue
        near = [s for s in segments if s["sample_end_time_offset_ms"] > 1000 * q0 and
                s["sample_begin_time_offset_ms"] < 1000 * q1]
        n = max(1, round((q1 - q0) / STEP_S))
        steps += n
        for i in range(n):
            t = q0 + (i + 0.5) * (q1 - q0) / n
            off = [abs(p - (s0 + (t - q0) * speed)) for p in (place(s, t) for s in near) if p is not None]
            if off:
                right += min(off) <= RIGHT_S
                wrong += min(off) > WRONG_S
    return (right / steps, wrong / steps) if steps else (0.0, 0.0)


def told(records, copy):
    """What these records, all of one copy, say."""
    out = Told()
    for r in records:
        if r["type"] == "match" and r.get("accepted", True):
            if os.path.basename(r["reference"]["path"] or "") == os.path.basename(copy.source):
                out.match = r
            else:
                out.other += 1
        elif r["type"] == "verdict":
            out.level = r["verdict"]
        elif r["type"] == "error":
            out.error = r["message"]
    if out.match:
        out.correct, out.wrong = coverage(copy.pieces, out.match["segments"])
    return out


def subject(record):
    return (record.get("query") or {}).get("path") or record.get("subject")


def scanned(records, copies):
    by = defaultdict(list)
    for r in records:
        if r["type"] in ("match", "verdict", "error") and subject(r):
            by[os.path.basename(subject(r))].append(r)
    return {c.file: told(by[os.path.basename(c.file)], c) for c in copies}


@dataclass
class Groups:
    whole: dict = field(default_factory=dict)      # group: largest share of it in one cluster
    size: dict = field(default_factory=dict)
    strangers: int = 0
    clusters: int = 0


def grouped(records, wanted):
    """wanted: group: file names that belong together."""
    owner = {}
    for g, names in wanted.items():
        owner.update((n, g) for n in names)
    out = Groups({g: 1 for g in wanted}, {g: len(n) for g, n in wanted.items()})
    for r in records:
        if r["type"] != "cluster":
            continue
        out.clusters += 1
        counts = Counter(owner.get(os.path.basename(m)) for m in r["members"])
        out.strangers += len(counts) > 1
        for g, n in counts.items():
            if g:
                out.whole[g] = max(out.whole[g], n)
    return out


# ---------------------------------------------------------------- tables
def middle(values):
    return statistics.median(values) if values else 0.0


def short(counts):
    return " ".join(f"{k} {n}" for k, n in counts.most_common())


def row(copies, results):
    got = [results[c.file] for c in copies]
    query, asset = ([g.number(k) for g in got] for k in ("query_match_pct", "asset_match_pct"))
    correct, wrong = [100 * g.correct for g in got], [100 * g.wrong for g in got]
    return [f"{sum(g.match is not None for g in got)}/{len(got)}", f"{middle(query):.0f} {min(query):.0f}",
            f"{middle(asset):.0f} {min(asset):.0f}", f"{middle(correct):.1f} {min(correct):.1f}",
            f"{sum(wrong) / len(wrong):.1f} {max(wrong):.1f}", f"{middle([g.segments for g in got]):g}",
            f"{middle([len(c.pieces) for c in copies]):g}", str(sum(g.other for g in got)),
            short(Counter(g.kind for g in got)), short(Counter(g.level for g in got))]


HEAD = ["family", "asked", "found", "query med min", "asset med min", "correct med min", "wrong mean max", "seg",
        "pieces", "other", "kinds", "level"]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(r) + " |" for r in rows]


def families(copies):
    by = defaultdict(list)
    for c in copies:
        by[c.family].append(c)
    return by


def coverage_table(copies, results):
    rows = []
    for family, members in list(families(copies).items()) + [("all", copies)]:
        rows += [[family if i == 0 else "", mode, *row(members, r)] for i, (mode, r) in enumerate(results.items())]
    return table(HEAD, rows)


def agreement_table(copies, results):
    modes = list(results)
    rows = []
    for family, members in list(families(copies).items()) + [("all", copies)]:
        same = lambda ms: f"{sum(len({results[m][c.file].kind for m in ms}) == 1 for c in members)}/{len(members)}"
        rows.append([family, same(modes)] + [same((a, b)) for i, a in enumerate(modes) for b in modes[i + 1:]])
    return table(["family", "all"] + [f"{a} = {b}" for i, a in enumerate(modes) for b in modes[i + 1:]], rows)


def group_table(copies, groups):
    what = defaultdict(list)
    for c in copies:
        if c.group in groups.whole:
            what[c.group].append(c.family)
    rows = [["+".join(what[g]) if len(set(what[g])) > 1 else f"{len(what[g])} x {what[g][0]}",
             "yes" if n == groups.size[g] else "no", f"{n}/{groups.size[g]}"] for g, n in sorted(groups.whole.items())]
    whole = sum(n == groups.size[g] for g, n in groups.whole.items())
    rows.append(["all", f"{whole}/{len(groups.whole)}", f"{groups.clusters} groups, {groups.strangers} with strangers"])
    return table(["copies of one source", "whole", "largest"], rows)


def details(copies, results):
    yield ["query", "family", "parameter", "source", "asked", "kind", "level", "query_pct", "asset_pct", "correct",
           "wrong", "segments", "pieces", "other", "error"]
    for c in copies:
        for mode, r in results.items():
            t = r[c.file]
            yield [c.file, c.family, c.parameter, c.source, mode, t.kind, t.level, f"{t.number('query_match_pct'):.1f}",
                   f"{t.number('asset_match_pct'):.1f}", f"{100 * t.correct:.1f}", f"{100 * t.wrong:.1f}",
                   str(t.segments), str(len(c.pieces)), str(t.other), t.error]


# ---------------------------------------------------------------- running
def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()[:10]


class Bench:
    def __init__(self, args, copies):
        self.args, self.copies, self.cpu = args, copies, {}
        self.work = args.work or os.path.join(args.data, "results", digest(args.soundalike))
        if args.fresh:
            shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work, exist_ok=True)

    def path(self, name):
        return os.path.join(self.work, name)

    def program(self, name, *command):
        """Records of a run; of an earlier one where there is one. Exit code 3: some input was not read."""
        path = self.path(name)
        if not os.path.exists(path):
            start = os.times()
            with open(path + ".part", "w") as out:
                code = subprocess.call([self.args.soundalike, *command, "--threads", str(self.args.threads), "--quiet"],
                                       stdout=out)
            if code not in (0, 3):
                sys.exit(f"edits.py: exit code {code}: {' '.join(command)}")
            end = os.times()
            with open(path + ".cpu", "w") as f:
                f.write(f"{end.children_user + end.children_system - start.children_user - start.children_system:.2f}")
            os.rename(path + ".part", path)
        if os.path.exists(path + ".cpu"):
            with open(path + ".cpu") as f:
                self.cpu[name] = float(f.read())
        with open(path, encoding="utf-8") as f:
            return [json.loads(line) for line in f if line.startswith("{")]

    def listed(self, name, paths):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.writelines(p + "\n" for p in paths)
        return self.path(name)

    def data(self, rel):
        return os.path.abspath(os.path.join(self.args.data, rel))

    def index(self):
        with open(self.data("others.txt"), encoding="utf-8") as f:
            others = [os.path.join(os.path.abspath(self.args.root), line.strip()) for line in f]
        sources = sorted({self.data(c.source) for c in read_truth(self.data("truth.tsv"))})
        refs = self.listed("references.txt", sources + others)
        self.program("index.log", "index", "add", "--files-from", refs, "--index", self.path("index"))
        return self.path("index")

    def scan(self, depth, copies):
        queries = self.listed("queries.txt", [self.data(c.file) for c in copies])
        return scanned(self.program(f"scan-{depth}.jsonl", "scan", "--files-from", queries, "--index", self.index(),
                                    "--format", "jsonl", "--no-cluster", "--no-evidence", "--exit-zero", "--depth", depth),
                       copies)

    def compare(self, copies):
        out = {}
        os.makedirs(self.path("compare"), exist_ok=True)
        for c in copies:
            name = f"compare/{os.path.basename(c.file)}.jsonl"
            records = self.program(name, "compare", self.data(c.file), self.data(c.source), "--format", "jsonl", "--exit-zero")
            out[c.file] = told(records, c)
        self.cpu["compare"] = sum(s for n, s in self.cpu.items() if n.startswith("compare/"))
        return out

    def cluster(self):
        wanted = defaultdict(set)
        for c in self.copies:
            if c.group != "-":
                wanted[c.group] |= {os.path.basename(c.file), os.path.basename(c.source)}
        files = sorted({self.data(x) for c in self.copies if c.group != "-" for x in (c.file, c.source)})
        records = self.program("cluster.jsonl", "cluster", "--files-from", self.listed("cluster.txt", files),
                               "--format", "jsonl", "--exit-zero")
        return grouped(records, wanted)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("data")
    ap.add_argument("--root", required=True)
    ap.add_argument("--soundalike", default=os.environ.get("SOUNDALIKE"))
    ap.add_argument("--work")
    ap.add_argument("--modes", default="standard,thorough,compare,cluster")
    ap.add_argument("--set", default="main", choices=["main", "extra", "all"])
    ap.add_argument("--only", default="", help="families to show (regular expression)")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--tsv")
    ap.add_argument("--md")
    ap.add_argument("--fresh", action="store_true")
    args = ap.parse_args()
    if not args.soundalike:
        ap.error("which binary? --soundalike or $SOUNDALIKE")
    copies = read_truth(os.path.join(args.data, "truth.tsv"))
    bench = Bench(args, copies)
    shown = [c for c in copies if args.set in (c.set, "all") and re.search(args.only, c.family)]
    modes = args.modes.split(",")
    # all copies are scanned, so that results kept do not depend on what is shown
    results = {m: bench.scan(m, copies) for m in modes if m in ("standard", "thorough")}
    if "compare" in modes:
        results["compare"] = bench.compare(shown)
    lines = [f"{args.data}: {len(shown)} copies, binary {digest(args.soundalike)}, "
             f"{time.strftime('%Y-%m-%d')}", ""] + coverage_table(shown, results)
    if len(results) > 1:
        lines += ["", "Same kind:", ""] + agreement_table(shown, results)
    if "cluster" in modes:
        lines += ["", "Groups:", ""] + group_table(copies, bench.cluster())
    cpu = {n: s for n, s in bench.cpu.items() if not n.startswith("compare/")}
    lines += ["", "CPU seconds: " + ", ".join(f"{n} {s:.1f}" for n, s in cpu.items())]
    errors = sorted({t.error for r in results.values() for t in r.values() if t.error})
    lines += ["error: " + e for e in errors]
    print("\n".join(lines))
    if args.md:
        with open(args.md, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
    with open(args.tsv or bench.path("details.tsv"), "w", encoding="utf-8") as f:
        f.writelines("\t".join(d) + "\n" for d in details(shown, results))


if __name__ == "__main__":
    main()
