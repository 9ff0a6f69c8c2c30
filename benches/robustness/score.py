#!/usr/bin/env python3
"""Score the matches of a fingerprint scanner against a query set of known truth.

usage: score.py TRUTH.tsv RECORDS.jsonl [MORE.jsonl ...] --root DIR [--same-piece same_piece.tsv]
                [--label NAME ...] [--queries LIST] [--md OUT.md] [--tsv OUT.tsv] [--misses OUT.tsv]

TRUTH.tsv    from make_queries.py: one row for each (query, source segment)
RECORDS      JSON Lines; lines of type "match" are read, as `soundalike scan --format jsonl
             --min-level candidate` prints them (accepted and not accepted matches)
--root       the folder that the track names in TRUTH.tsv are relative to
--same-piece pairs of tracks that share audio or a composition: either is right for the other
--label      a name for each RECORDS file, in order; with several files the first table sets them
             side by side
--queries    score only the queries listed in this file (one path a line)
--misses     writes what went wrong, one line each: miss, wrong, false_alarm

What the figures mean
  right first   the best-scored match, accepted or not, is a track the query really holds
                (the background of a layer and every part of a join count too); ties are lost
  accepted      such a track is among the matches that the tool itself accepts
  at <= 1 %     such a track scores above the one global threshold that at most 1 % of the
                negative queries exceed; a partner of the true source is never a false alarm
  wrong         queries with an accepted match to a track that they do not hold
  offset        of accepted right matches: predicted against true source time, in the middle of
                where segment and truth overlap.  "elsewhere" is off by more than 200 ms: mostly
                another repeat of the same passage, which truth cannot tell from an error

Python standard library only.
"""
import argparse, csv, json, math, os
from collections import defaultdict
from dataclasses import dataclass, field

Z95 = 1.959964
NEGATIVE_SHARE = 0.01
NEAR_MS, ELSEWHERE_MS = 50.0, 200.0
JOINED = ("fraud-concat", "fraud-mashup", "fraud-loop", "layer")


# ---------------------------------------------------------------- reading
@dataclass
class Part:
    """One truth row: this stretch of the query was cut from that track."""
    track: str
    true_source: str
    start: float
    duration: float
    offset: float
    speed: float
    pitch: float
    role: str


@dataclass
class Match:
    track: str
    key: tuple                 # (score, -log10 E): a capped score is told apart by its E-value
    score: float
    accepted: bool
    segments: list
    time_factor: float | None
    pitch_cents: float | None


@dataclass
class Query:
    file: str
    degradation: str
    parameter: str
    kind: str
    parts: list = field(default_factory=list)
    right: set = field(default_factory=set)      # tracks whose match is a find
    harmless: set = field(default_factory=set)   # tracks whose match is not a false one
    matches: list = field(default_factory=list)

    @property
    def positive(self):
        return self.kind == "positive"

    @property
    def changed(self):
        return any(abs(p.speed - 1) > 1e-6 or abs(p.pitch) > 1e-6 for p in self.parts)

    @property
    def length(self):
        """Nominal seconds of the wanted track in the query: 3, 5, 10, 15, 30, full or joined."""
        if self.degradation == "full":
            return "full"
        main = next((p for p in self.parts if p.role == "main"), None)
        return f"{main.duration:g} s" if main else "joined"


def read_tsv(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_pairs(path):
    partners = defaultdict(set)
    for r in read_tsv(path) if path else []:
        partners[r["a"]].add(r["b"])
        partners[r["b"]].add(r["a"])
    return partners


def read_truth(path, partners):
    queries = {}
    for r in read_tsv(path):
        q = queries.setdefault(r["query_file"], Query(r["query_file"], r["degradation"], r["parameter"], r["kind"]))
        q.parts.append(Part(r["source_track"], r["true_source"], float(r["query_start"]), float(r["duration"]),
                            float(r["source_offset"]), float(r["speed"]), float(r["pitch"]), r["role"]))
    for q in queries.values():
        for p in q.parts:
            if p.track != "-":
                q.right |= {p.track} | partners[p.track]
            q.harmless |= partners[p.true_source]
        q.harmless |= q.right
    return queries


class Names:
    """Finds a path of the records among the names of the truth, whatever folder it starts from."""

    def __init__(self, known, root="."):
        self.known, self.root, self.cache = known, os.path.realpath(root), {}

    def find(self, path):
        if path not in self.cache:
            self.cache[path] = self._find(path)
        return self.cache[path]

    def _find(self, path):
        rel = os.path.relpath(os.path.realpath(os.path.join(self.root, path)), self.root)
        if rel in self.known:
            return rel
        parts = os.path.normpath(path).split("/")
        tails = ("/".join(parts[i:]) for i in range(len(parts)))
        return next((t for t in tails if t in self.known), None)


def number(value, default=None):
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def match_of(rec, track):
    log_e = number(rec.get("log10_evalue"))
    score = number(rec.get("score"), -log_e if log_e is not None else 0.0)
    return Match(track, (score, -log_e if log_e is not None else 0.0), score, rec.get("accepted", True),
                 rec.get("segments") or [], number(rec.get("time_factor")), number(rec.get("pitch_cents")))


def read_records(path, queries, tracks, query_names):
    """Adds the matches to the queries; returns counts of what was read."""
    seen = defaultdict(int)
    for q in queries.values():
        q.matches = []
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if not line.strip():
                continue
            rec = json.loads(line)
            seen[rec.get("type", "?")] += 1
            if rec.get("type") != "match":
                continue
            name = query_names.find(rec["query"].get("path") or "")
            if name not in queries:
                seen["match of a query that is not scored"] += 1
                continue
            ref = rec["reference"]
            raw = ref.get("path") or str(ref.get("ref_id"))
            track = tracks.find(raw) or (tracks.find(str(ref["ref_id"])) if ref.get("ref_id") else None) or raw
            queries[name].matches.append(match_of(rec, track))
    for q in queries.values():
        q.matches.sort(key=lambda m: m.key, reverse=True)
    return seen


# ---------------------------------------------------------------- judging one query
LOWEST = (-math.inf, -math.inf)


@dataclass
class Outcome:
    query: Query
    best_right: Match | None
    best_wrong: Match | None
    first: bool
    accepted: bool
    rank: int | None
    wrong: list                 # accepted matches to tracks that the query does not hold
    at_threshold: bool = False


def judge(q):
    rights = [m for m in q.matches if m.track in q.right]
    others = [m for m in q.matches if m.track not in q.harmless]
    right, wrong = (rights or [None])[0], (others or [None])[0]
    rank = 1 + len({m.track for m in others if m.key >= right.key}) if right else None
    return Outcome(q, right, wrong, rank == 1, any(m.accepted for m in rights), rank,
                   [m for m in others if m.accepted])


def global_threshold(outcomes, share=NEGATIVE_SHARE):
    """The key that at most `share` of the negatives exceed; a find must be strictly above it."""
    best = sorted((o.best_wrong.key for o in outcomes if not o.query.positive and o.best_wrong), reverse=True)
    spare = math.floor(share * sum(not o.query.positive for o in outcomes) + 1e-9)
    return best[spare] if spare < len(best) else LOWEST


def span(seg):
    return seg["sample_begin_time_offset_ms"], seg["sample_end_time_offset_ms"]


def overlap(seg, part):
    a, b = span(seg)
    return min(b, 1000 * (part.start + part.duration)) - max(a, 1000 * part.start)


def offset_error(seg, match, part):
    """Predicted minus true source time, ms, in the middle of the overlap."""
    a, b = span(seg)
    t = (max(a, 1000 * part.start) + min(b, 1000 * (part.start + part.duration))) / 2
    factor = number(seg.get("time_factor"), match.time_factor or 1.0)
    said = seg["db_begin_time_offset_ms"] + (t - a) * factor
    return said - (1000 * part.offset + (t - 1000 * part.start) * part.speed)


def segments_on(q, part, tracks):
    return [(s, m) for m in q.matches if m.accepted and m.track in tracks for s in m.segments if overlap(s, part) > 0]


def part_offset(q, part):
    """Offset error of the accepted segment that covers most of this part, or None."""
    found = segments_on(q, part, {part.track})
    if not found:
        return None
    seg, match = max(found, key=lambda sm: overlap(sm[0], part))
    return offset_error(seg, match, part)


def covered(q, part, tracks):
    """Share of the part that accepted segments on these tracks cover together."""
    lo, hi = 1000 * part.start, 1000 * (part.start + part.duration)
    total, end = 0.0, lo
    for a, b in sorted(span(s) for s, _ in segments_on(q, part, tracks)):
        a, b = max(a, end), min(b, hi)
        if b > a:
            total, end = total + b - a, b
    return total / (hi - lo)


def part_in_place(q, part):
    return any(abs(offset_error(s, m, part)) <= ELSEWHERE_MS for s, m in segments_on(q, part, {part.track}))


# ---------------------------------------------------------------- rows of the tables
def percent_of(par):
    return abs(round(100 * (float(par) - 1)))


def row_of(q):
    """The row of the main table; attacks it does not know keep their own name."""
    d, p = q.degradation, q.parameter
    if d in ("white", "pink"):
        strong = p in ("5dB", "0dB")
        return f"{d} noise " + ("5, 0 dB" if strong else "15, 10 dB" if d == "white" else "10 dB")
    if d == "pitch":
        return "pitch ±1" if abs(int(p)) == 1 else "pitch ±2, ±4"
    if d == "tempo":
        n = abs(int(p.rstrip("%")))
        return f"tempo ±{n} %" if n <= 10 else "tempo ±15, ±20 %"
    if d == "speed":
        n = percent_of(p)
        return f"speed ±{n} %" if n <= 5 else "speed ±10..25 %"
    if d == "layer":
        return f"layered {p[:-2]} dB"
    if d == "fraud-channels":
        return "channels: right inverted" if p == "invert-right" else "channels: swap, mono, left"
    if d == "full":
        return "whole track, changed speed or pitch" if q.changed else "whole track, same speed"
    if d in ("fraud-silence-pad", "fraud-loop", "fraud-concat", "fraud-mashup"):
        return "fraud: padded, looped, joined, mash-up"
    return NAMED.get(d, d)


NAMED = {"mp3": "mp3 128k/64k/32k", "opus": "opus 32k", "aac": "aac 64k", "lowpass": "lowpass 4 kHz",
         "compress": "compressor, limiter", "clip": "clipping, overdrive",
         "fraud-speed-eq-mp3": "fraud: speed 4 % + EQ + mp3", "fraud-pitch-reverb": "fraud: pitch +1 + reverb"}
ORDER = ["clean", "mp3 128k/64k/32k", "opus 32k", "aac 64k", "lowpass 4 kHz", "telephone", "eq",
         "compressor, limiter", "clipping, overdrive", "reverb", "white noise 15, 10 dB", "white noise 5, 0 dB",
         "pink noise 10 dB", "pink noise 5, 0 dB", "layered 6 dB", "layered 0 dB", "pitch ±1", "pitch ±2, ±4",
         "tempo ±5 %", "tempo ±10 %", "tempo ±15, ±20 %", "speed ±2 %", "speed ±5 %", "speed ±10..25 %",
         "fraud: speed 4 % + EQ + mp3", "fraud: pitch +1 + reverb", "fraud: padded, looped, joined, mash-up",
         "channels: swap, mono, left", "channels: right inverted", "whole track, same speed",
         "whole track, changed speed or pitch"]


def length_order(length):
    return float(length[:-2]) if length.endswith(" s") else (1000 if length == "full" else 2000)


def exact_row(q):
    """Degradation and parameter; the random seconds of padding are left out."""
    return q.degradation if q.degradation == "fraud-silence-pad" else f"{q.degradation} {q.parameter}".removesuffix(" -")


def wilson(k, n):
    """95 % Wilson interval of k out of n, in per cent."""
    if not n:
        return 0.0, 100.0
    p, z2 = k / n, Z95 * Z95
    mid = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, 100 * (mid - half)), min(100.0, 100 * (mid + half))


def quantile(values, q):
    """Linear between order statistics; None of nothing."""
    if not values:
        return None
    v = sorted(values)
    at = q * (len(v) - 1)
    i = math.floor(at)
    return v[i] + (at - i) * (v[min(i + 1, len(v) - 1)] - v[i])


def summarise(outcomes):
    """One line of a table: counts and offset figures of these queries."""
    n = len(outcomes)
    errors = [e for o in outcomes for p in o.query.parts if p.track != "-" for e in [part_offset(o.query, p)] if e is not None]
    size = [abs(e) for e in errors]
    share = lambda test: 100 * sum(map(test, size)) / len(size) if size else None
    return {"n": n, "first": sum(o.first for o in outcomes), "accepted": sum(o.accepted for o in outcomes),
            "at_1pct": sum(o.at_threshold for o in outcomes), "wrong": sum(bool(o.wrong) for o in outcomes),
            "offsets": len(size), "offset_median_ms": quantile(size, 0.5), "offset_p95_ms": quantile(size, 0.95),
            "offset_bias_ms": quantile(errors, 0.5), "within_50ms_pct": share(lambda e: e <= NEAR_MS),
            "elsewhere_pct": share(lambda e: e > ELSEWHERE_MS)}


def grouped(outcomes, name, order):
    groups = defaultdict(list)
    for o in outcomes:
        groups[name(o.query)].append(o)
    return [(g, summarise(groups[g])) for g in sorted(groups, key=order)]


def overall(pos):
    same = [o for o in pos if not o.query.changed]
    pick = lambda rows, length: [o for o in rows if o.query.length == length]
    return [(name, summarise(rows)) for name, rows in
            [("all", pos), ("same speed", same), ("same speed, 10 s", pick(same, "10 s")),
             ("same speed, 5 s", pick(same, "5 s")), ("same speed, 3 s", pick(same, "3 s")),
             ("3 s, all", pick(pos, "3 s")), ("changed speed or pitch", [o for o in pos if o.query.changed])]]


def by_length(pos):
    rows = []
    for name, changed in (("same speed", False), ("changed", True)):
        part = [o for o in pos if o.query.changed == changed]
        rows += [(f"{name}, {g}", s) for g, s in grouped(part, lambda q: q.length, length_order)]
    return rows


def place(row):
    return (ORDER.index(row) if row in ORDER else len(ORDER), row)


def parts_table(outcomes, partners):
    """For queries of several parts: how many parts an accepted match covers by half or more."""
    counts = defaultdict(lambda: [0, 0, 0])
    for o in outcomes:
        q = o.query
        if q.degradation not in JOINED:
            continue
        for p in q.parts:
            if p.track == "-":
                continue
            c = counts[q.degradation + (f" {q.parameter}, {p.role}" if q.degradation == "layer" else "")]
            c[0] += 1
            c[1] += covered(q, p, {p.track} | partners[p.track]) >= 0.5
            c[2] += part_in_place(q, p)
    return sorted(counts.items())


def warp_table(outcomes):
    """Errors of time factor (%) and pitch (cents) of the best accepted match to the true track."""
    rows = defaultdict(lambda: ([], []))
    for o in outcomes:
        q = o.query
        truth = {p.track: p for p in q.parts if p.track != "-"}
        m = next((m for m in q.matches if m.accepted and m.track in truth), None)
        if not m:
            continue
        for row in (row_of(q) if q.changed else "unchanged speed and pitch",) + (("all changed",) if q.changed else ()):
            p = truth[m.track]
            if m.time_factor is not None:
                rows[row][0].append(100 * abs(m.time_factor / p.speed - 1))
            if m.pitch_cents is not None:
                rows[row][1].append(abs(m.pitch_cents - 100 * p.pitch))
    return sorted(rows.items(), key=lambda kv: place(kv[0]))


# ---------------------------------------------------------------- writing
def with_interval(k, n):
    if not n:
        return "–"
    lo, hi = wilson(k, n)
    return f"{100 * k / n:.1f} [{lo:.0f}–{hi:.0f}]"


def fmt(value, digits=0):
    return "–" if value is None else f"{value:.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, r)) + " |" for r in rows]) + "\n"


MAIN_HEAD = ["query", "n", "right first %", "accepted %", "at ≤ 1 % negatives", "wrong", "offset median ms",
             "p95 ms", "±50 ms %", "elsewhere %"]


def main_table(rows):
    return table(MAIN_HEAD, [
        [g, s["n"], *(with_interval(s[k], s["n"]) for k in ("first", "accepted", "at_1pct")), s["wrong"],
         fmt(s["offset_median_ms"]), fmt(s["offset_p95_ms"]), fmt(s["within_50ms_pct"]), fmt(s["elsewhere_pct"])]
        for g, s in rows])


@dataclass
class Report:
    label: str
    outcomes: list
    threshold: tuple
    seen: dict
    partners: dict

    def __post_init__(self):
        self.pos = [o for o in self.outcomes if o.query.positive]
        self.neg = [o for o in self.outcomes if not o.query.positive]
        self.sections = {"overall": overall(self.pos), "row": grouped(self.pos, row_of, place),
                         "length": by_length(self.pos), "parameter": grouped(self.pos, exact_row, str)}

    def negatives(self):
        alarms = [o for o in self.neg if o.wrong]
        text = (f"Negatives: {len(alarms)} of {len(self.neg)} accepted "
                f"({with_interval(len(alarms), len(self.neg))} %).  Threshold that at most 1 % of them exceed: "
                f"score > {self.threshold[0]:.4g}"
                + (" (fewer than 100 negatives: none may exceed it)" if len(self.neg) < 100 else "") + ".\n")
        if not alarms:
            return text
        return text + "\n" + table(["false alarm", "degradation", "length", "score", "track"],
                                   [[o.query.file, exact_row(o.query), o.query.length, f"{o.wrong[0].score:.4g}",
                                     o.wrong[0].track] for o in alarms])

    def notes(self):
        silent = sum(not o.query.matches for o in self.pos)
        odd = self.seen.get("match of a query that is not scored", 0)
        return (f"{len(self.pos)} positive and {len(self.neg)} negative queries; {self.seen.get('match', 0)} match records, "
                f"{self.seen.get('error', 0)} errors; {silent} positives without any match"
                + (f"; {odd} records belong to queries outside this truth" if odd else "") + ".\n")

    def markdown(self):
        warp = [[g, len(t), fmt(quantile(t, .5), 2), fmt(quantile(t, .95), 2), fmt(quantile(c, .5), 1), fmt(quantile(c, .95), 1)]
                for g, (t, c) in warp_table(self.pos)]
        parts = [[g, n, f"{100 * a / n:.1f}", f"{100 * b / n:.1f}"] for g, (n, a, b) in parts_table(self.pos, self.partners)]
        blocks = [f"## {self.label}\n", self.notes(), "### Overall\n", main_table(self.sections["overall"]),
                  self.negatives(), "### By kind of query\n", main_table(self.sections["row"]),
                  "### By length of the wanted track\n", main_table(self.sections["length"])]
        if parts:
            blocks += ["### Queries of several parts: parts found\n",
                       table(["kind", "parts", "covered %", "at the right place %"], parts)]
        if warp:
            blocks += ["### Read-out of time factor and pitch (accepted matches)\n",
                       table(["query", "n", "time median %", "p95 %", "pitch median cents", "p95 cents"], warp)]
        blocks += ["### By degradation and parameter\n", main_table(self.sections["parameter"])]
        return "\n".join(blocks)

    def tsv_rows(self):
        for section, rows in self.sections.items():
            for g, s in rows:
                r = {"label": self.label, "section": section, "row": g, **s}
                for k in ("first", "accepted", "at_1pct"):
                    lo, hi = wilson(s[k], s["n"])
                    r |= {f"{k}_pct": 100 * s[k] / s["n"] if s["n"] else None, f"{k}_lo": lo, f"{k}_hi": hi}
                yield r
        yield {"label": self.label, "section": "negatives", "row": "all", "n": len(self.neg),
               "wrong": sum(bool(o.wrong) for o in self.neg)}


def side_by_side(reports):
    """First / accepted / at 1 % of each tool, in per cent."""
    def cell(s):
        return " / ".join(f"{100 * s[k] / s['n']:.0f}" for k in ("first", "accepted", "at_1pct")) if s["n"] else "–"
    rows = []
    for section in ("overall", "row"):
        tables = [dict(r.sections[section]) for r in reports]
        rows += [[g, s["n"], *(cell(t[g]) for t in tables)] for g, s in reports[0].sections[section]]
    alarms = [f"{sum(bool(o.wrong) for o in r.neg)}" for r in reports]
    return ("## Side by side: right first / accepted / at ≤ 1 % of negatives, per cent\n\n"
            + table(["query", "n"] + [r.label for r in reports],
                    rows + [["**negatives accepted**", len(reports[0].neg), *alarms]]))


def write_tsv(path, rows):
    rows = list(rows)
    head = list(rows[0])
    with open(path, "w", encoding="utf-8") as f:
        f.write("\t".join(head) + "\n")
        for r in rows:
            cells = (r.get(c) for c in head)
            f.write("\t".join("" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in cells) + "\n")


def miss_rows(report):
    def row(kind, o, **more):
        q = o.query
        return {"label": report.label, "kind": kind, "query": q.file, "degradation": q.degradation,
                "parameter": q.parameter, "length": q.length, "true_track": ",".join(dict.fromkeys(p.true_source for p in q.parts)),
                "first": int(o.first), "accepted": int(o.accepted), "rank": o.rank,
                "right_score": o.best_right.score if o.best_right else None,
                "wrong_score": o.best_wrong.score if o.best_wrong else None,
                "wrong_track": o.best_wrong.track if o.best_wrong else "", **more}
    for o in report.outcomes:
        if o.query.positive and not (o.first and o.accepted):
            yield row("miss", o)
        for m in o.wrong:
            yield row("wrong" if o.query.positive else "false_alarm", o, wrong_score=m.score, wrong_track=m.track)


def score(path, label, queries, tracks, query_names, partners):
    seen = read_records(path, queries, tracks, query_names)
    outcomes = [judge(q) for q in queries.values()]
    limit = global_threshold(outcomes)
    for o in outcomes:
        o.at_threshold = bool(o.best_right and o.best_right.key > limit)
    return Report(label, outcomes, limit, seen, partners)


def arguments():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("truth")
    ap.add_argument("records", nargs="+")
    ap.add_argument("--root", required=True)
    ap.add_argument("--same-piece")
    ap.add_argument("--label", action="append", default=[])
    ap.add_argument("--queries")
    for name in ("--md", "--tsv", "--misses"):
        ap.add_argument(name)
    return ap.parse_args()


def main():
    a = arguments()
    partners = read_pairs(a.same_piece)
    all_queries = read_truth(a.truth, partners)
    names = Names(set(all_queries), os.path.dirname(os.path.abspath(a.truth)))
    known = {t for q in all_queries.values() for p in q.parts for t in (p.track, p.true_source)} | set(partners)
    tracks = Names(known, a.root)
    wanted = None
    if a.queries:
        with open(a.queries, encoding="utf-8") as f:
            wanted = {names.find(line.strip()) for line in f if line.strip()}
    labels = a.label + [os.path.basename(p) for p in a.records[len(a.label):]]
    reports = []
    for path, label in zip(a.records, labels):
        queries = {k: q for k, q in read_truth(a.truth, partners).items() if wanted is None or k in wanted}
        reports.append(score(path, label, queries, tracks, names, partners))
    text = "\n".join(([side_by_side(reports)] if len(reports) > 1 else []) + [r.markdown() for r in reports])
    print(text)
    if a.md:
        with open(a.md, "w", encoding="utf-8") as f:
            f.write(text)
    if a.tsv:
        write_tsv(a.tsv, (row for r in reports for row in r.tsv_rows()))
    if a.misses:
        write_tsv(a.misses, [row for r in reports for row in miss_rows(r)] or [{"label": "", "kind": "none"}])


if __name__ == "__main__":
    main()
