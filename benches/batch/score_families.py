#!/usr/bin/env python3
"""Score clusters of near-duplicates against planted families.

usage: score_families.py TRUTH.tsv RECORDS.jsonl [--md OUT.md] [--pairs OUT.tsv]
                         [--require PRECISION,RECALL] [--listed 40]

TRUTH.tsv    from make_families.py or the program many_tracks: file, family ('-' for strangers),
             class, parameters (JSON), original
RECORDS      JSON Lines of `soundalike cluster --format jsonl`; lines of type "cluster" are read
--pairs      every false and every missed pair, one a line
--require    exit with 1 where pair precision or recall (per cent) is below

What the figures mean
  pairs        two uploads in one cluster, against two uploads of one family: precision is the share of
               the first that are the second, recall the share of the second that are the first
  edges only   the same for pairs that a verified edge joins directly: what is seen without the help of
               the other members
  by class     the pair of a family's original and its variant: together in a cluster, joined by an edge,
               and, of the edges, how many tell tempo within 1 % and pitch within 20 cents
  whole        families whose members are one cluster that holds nobody else
Pairs of one family stand or fall together, so intervals are not given: look at whole families as well.
Tracks that the truth does not name (an index of earlier uploads) are left out and counted.

Python standard library only.
"""
import argparse, csv, json, math, os, sys
from collections import Counter, defaultdict
from itertools import combinations

TEMPO_NEAR, CENTS_NEAR = 0.01, 20.0


# ---------------------------------------------------------------- reading
def read_truth(path):
    """{file: row}; parameters are parsed."""
    with open(path, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    for r in rows:
        r["parameters"] = json.loads(r["parameters"]) if r["parameters"].startswith("{") else {}
    return {r["file"]: r for r in rows}


class Names:
    """Finds the truth's name of a path: by its last two parts, else by its last."""

    def __init__(self, files):
        self.known = {}
        for f in files:
            self.known[f] = f
            self.known.setdefault(os.path.basename(f), f)

    def of(self, path):
        path = path.replace("\\", "/")
        return self.known.get("/".join(path.split("/")[-2:])) or self.known.get(os.path.basename(path))


def read_clusters(path, names):
    """[(id, members, {pair: edge})], and the number of members that the truth does not name."""
    clusters, foreign = [], 0
    with open(path, encoding="utf-8") as f:
        for line in f:
            record = json.loads(line) if line.strip() else {}
            if record.get("type") != "cluster":
                continue
            detail = [names.of(m["path"]) for m in record.get("member_details", [])]
            members = [names.of(m) for m in record["members"]]
            foreign += members.count(None)
            edges = {}
            for e in record.get("edges", []):
                a, b = detail[e["a"]], detail[e["b"]]
                if a and b and a != b:
                    edges[pair(a, b)] = dict(e, first=a)
            clusters.append((record.get("cluster_id", "?"), sorted({m for m in members if m}), edges))
    return clusters, foreign


def pair(a, b):
    return (a, b) if a < b else (b, a)


# ---------------------------------------------------------------- counting
def changes(row):
    """(tempo factor, cents) of a variant against its original; above 1 and 0: faster, higher."""
    factor, cents = 1.0, 0.0
    for s in row["parameters"].get("steps", []):
        if s["op"] in ("speed", "tempo"):
            factor *= s["factor"]
        if s["op"] == "speed":
            cents += 1200 * math.log2(s["factor"])
        if s["op"] == "pitch":
            cents += 100 * s["semitones"]
    return factor, cents


def told_right(edge, original, row):
    """Whether an edge says how the variant was changed; it may be written either way round."""
    factor, cents = changes(row)
    turn = 1 if edge["first"] == original else -1
    said, said_cents = edge.get("time_factor") or 1.0, turn * (edge.get("pitch_cents") or 0.0)
    return abs(said ** turn / factor - 1) <= TEMPO_NEAR and abs(said_cents - cents) <= CENTS_NEAR


def ratio(part, whole):
    return part / whole if whole else 1.0


class Scores:
    def __init__(self, truth, clusters, foreign):
        self.truth, self.clusters, self.foreign = truth, clusters, foreign
        self.families = defaultdict(list)
        for f, row in truth.items():
            if row["family"] != "-":
                self.families[row["family"]].append(f)
        self.true = {pair(a, b) for members in self.families.values() for a, b in combinations(members, 2)}
        self.of = {m: i for i, (_, members, _) in enumerate(clusters) for m in members}
        self.found = {pair(a, b) for _, members, _ in clusters for a, b in combinations(members, 2)}
        self.edges = {p: e for _, _, edges in clusters for p, e in edges.items()}

    def figures(self):
        """{name: (precision, recall)}, shares."""
        return {name: (ratio(len(got & self.true), len(got)), ratio(len(got & self.true), len(self.true)))
                for name, got in (("pairs", self.found), ("edges only", set(self.edges)))}

    def whole(self):
        mine = {tuple(sorted(m)) for m in self.families.values() if len(m) > 1}
        return len(mine & {tuple(members) for _, members, _ in self.clusters}), len(mine)

    def classes(self):
        """{class: [variants, in the original's cluster, with an edge to it, told right]}"""
        table = defaultdict(lambda: [0, 0, 0, 0])
        for f, row in self.truth.items():
            original = row.get("original", "-")
            if row["family"] == "-" or original in ("-", f) or original not in self.truth or "clip" in row["parameters"]:
                continue
            p, line = pair(f, original), table[row["class"]]
            line[0] += 1
            line[1] += p in self.found
            if p in self.edges:
                line[2] += 1
                line[3] += told_right(self.edges[p], original, row)
        return dict(sorted(table.items()))

    def distances(self):
        """{distance in clips: [pairs, in one cluster, with an edge]} of interpolations."""
        table = defaultdict(lambda: [0, 0, 0])
        for a, b in self.true:
            clips = [self.truth[x]["parameters"].get("clip") for x in (a, b)]
            if None not in clips:
                line = table[abs(clips[0] - clips[1])]
                line[0] += 1
                line[1] += (a, b) in self.found
                line[2] += (a, b) in self.edges
        return dict(sorted(table.items()))

    def loops(self):
        """(groups of strangers with a loop in common, groups of which any two are in one cluster)"""
        groups = defaultdict(list)
        for f, row in self.truth.items():
            if "loop" in row["parameters"]:
                groups[row["parameters"]["loop"]["id"]].append(f)
        return len(groups), sum(any(pair(a, b) in self.found for a, b in combinations(g, 2)) for g in groups.values())

    def outsiders(self):
        """Members that are not in the cluster which holds most of their family."""
        lost = []
        for family, members in sorted(self.families.items()):
            at = Counter(self.of[m] for m in members if m in self.of)
            home = min((-n, i) for i, n in at.items())[1] if at else None
            lost += [(family, m, self.of.get(m)) for m in sorted(members) if home is None or self.of.get(m) != home]
        return lost


# ---------------------------------------------------------------- telling
def per_cent(share):
    return f"{100 * share:.2f} %"


def describe(row):
    told = {k: v for k, v in row["parameters"].items() if k not in ("story",)}
    return f"{row['class']} {json.dumps(told, sort_keys=True)}" if told else row["class"]


def tables(s, listed):
    figures, (whole, families), (groups, joined) = s.figures(), s.whole(), s.loops()
    clustered = len(s.of)
    lines = [f"{len(s.truth)} uploads, {families} families, {len(s.true)} true pairs; "
             f"{len(s.clusters)} clusters of {clustered} uploads, {len(s.found)} pairs" +
             (f"; {s.foreign} members not in the truth" if s.foreign else ""), "",
             "| | precision | recall | false pairs | missed pairs |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, got in (("pairs", s.found), ("edges only", set(s.edges))):
        p, r = figures[name]
        lines.append(f"| {name} | {per_cent(p)} | {per_cent(r)} | {len(got - s.true)} | {len(s.true - got)} |")
    lines += ["", f"Families found whole: {whole} of {families}. Strangers with a loop in common: {joined} of {groups} groups joined."]
    classes = s.classes()
    if classes:
        lines += ["", "| variant | n | with its original | edge to it | edge tells tempo and pitch |", "| --- | ---: | ---: | ---: | ---: |"]
        total = [sum(c) for c in zip(*classes.values())]
        for name, (n, together, edge, right) in [*classes.items(), ("all", total)]:
            share = f"{per_cent(right / edge)}" if edge else "-"
            lines.append(f"| {name} | {n} | {per_cent(together / n)} | {per_cent(edge / n)} | {share} |")
    distances = s.distances()
    if distances:
        lines += ["", "| clips apart | pairs | in one cluster | edge |", "| ---: | ---: | ---: | ---: |"]
        lines += [f"| {d} | {n} | {per_cent(t / n)} | {per_cent(e / n)} |" for d, (n, t, e) in distances.items()]
    return "\n".join(lines + listing(s, listed)) + "\n"


def listing(s, listed):
    lines, false, lost = [], sorted(s.found - s.true), s.outsiders()
    if false:
        lines += ["", "False pairs:", ""]
        lines += [f"- {a} ({s.truth[a]['family']}, {describe(s.truth[a])}) with {b} ({s.truth[b]['family']}, {describe(s.truth[b])})"
                  + (", by an edge" if (a, b) in s.edges else "") for a, b in false[:listed]]
        lines += [f"- and {len(false) - listed} more"] if len(false) > listed else []
    if lost:
        lines += ["", "Outside the cluster of their family:", ""]
        lines += [f"- {f} ({family}, {describe(s.truth[f])}): {'in no cluster' if at is None else 'in ' + s.clusters[at][0]}"
                  for family, f, at in lost[:listed]]
        lines += [f"- and {len(lost) - listed} more"] if len(lost) > listed else []
    return lines


def write_pairs(s, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("what\ta\tb\tfamily_a\tfamily_b\tclass_a\tclass_b\tedge\n")
        for what, pairs in (("false", s.found - s.true), ("missed", s.true - s.found)):
            for a, b in sorted(pairs):
                ra, rb = s.truth[a], s.truth[b]
                f.write("\t".join([what, a, b, ra["family"], rb["family"], ra["class"], rb["class"],
                                   "yes" if (a, b) in s.edges else "no"]) + "\n")


def main(argv=None):
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("truth"), ap.add_argument("records")
    ap.add_argument("--md"), ap.add_argument("--pairs"), ap.add_argument("--require")
    ap.add_argument("--listed", type=int, default=40)
    a = ap.parse_args(argv)
    truth = read_truth(a.truth)
    scores = Scores(truth, *read_clusters(a.records, Names(truth)))
    text = tables(scores, a.listed)
    print(text)
    if a.md:
        with open(a.md, "w", encoding="utf-8") as f:
            f.write(text)
    if a.pairs:
        write_pairs(scores, a.pairs)
    if a.require:
        precision, recall = (float(x) / 100 for x in a.require.split(","))
        if scores.figures()["pairs"][0] < precision or scores.figures()["pairs"][1] < recall:
            sys.exit(1)


if __name__ == "__main__":
    main()
