#!/usr/bin/env python3
"""What `soundalike compare` calls each pair of make_kinds.py, by class, family and parameter.

usage: kinds.py OUT [--soundalike PATH] [--jobs 1] [--records FILE.jsonl] [--md FILE] [--tsv FILE] [--only REGEX]
                [--require-recording PERCENT] [--require-others PERCENT]

OUT          folder made by make_kinds.py (truth.tsv, audio/, reference/)
--soundalike the binary; else $SOUNDALIKE, else `soundalike` on the path
--records    keeps one line a pair here, and takes from it what it already holds (of the same binary)
--tsv        one line a pair: what was called what
--require-recording, --require-others   exit with 1 where fewer of class recording are called the same
             recording, or more of the classes backing, performance and regenerated

  found    pairs with an accepted match        same  of all pairs, called the same recording: any kind of
  kinds    match_kind of the best match              SAME below, that is anything but `version`
  query, asset, peaks   medians over the found: coverage of query and reference in per cent, and matched
           peaks by the peaks of the query in the segments

Python standard library only.
"""
import argparse, concurrent.futures as cf, csv, hashlib, json, os, re, shutil, statistics, subprocess, sys
from collections import Counter

SAME = {"same_file", "same_audio", "near_duplicate", "modified", "contains_reference", "contained_in_reference",
        "loop_of_excerpt", "excerpt"}
SHORT = {"contains_reference": "contains", "contained_in_reference": "contained", "loop_of_excerpt": "loop", "near_duplicate": "near"}
ORDER = ["recording", "layer", "backing", "performance", "regenerated"]


# ---------------------------------------------------------------- running
def compare(binary, query, reference):
    """The best accepted match, or what there is instead."""
    r = subprocess.run([binary, "compare", query, reference, "--format", "jsonl", "--exit-zero", "--quiet", "--threads", "1"],
                       capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    lines = [json.loads(l) for l in r.stdout.splitlines() if l.startswith("{")]
    found = [l for l in lines if l.get("type") == "match" and l.get("accepted")]
    if not found:
        failed = r.returncode != 0 or not any(l.get("type") == "scanned" for l in lines)
        return {"kind": "error" if failed else "none", "text": r.stderr[-300:] if failed else ""}
    m = max(found, key=lambda l: l.get("score", 0))
    return {"kind": m["match_kind"], "matches": len(found), "score": m["score"], "log10_evalue": m["log10_evalue"],
            "query_pct": m["query_match_pct"], "asset_pct": m["asset_match_pct"],
            "matched": sum(s["matched_peaks"] for s in m["segments"]), "peaks": sum(s["query_peaks"] for s in m["segments"]),
            "time_factor": m.get("time_factor"), "pitch_cents": m.get("pitch_cents")}


def run_all(rows, root, binary, jobs, records):
    build = hashlib.sha256(open(binary, "rb").read()).hexdigest()[:12]
    known = {}
    if records and os.path.exists(records):
        with open(records, encoding="utf-8") as f:
            known = {tuple(r["pair"]): r["result"] for r in map(json.loads, f) if r["build"] == build}
    pairs = [(r["query_file"], r["reference_file"]) for r in rows]
    todo = sorted(set(pairs) - set(known))
    with cf.ThreadPoolExecutor(jobs) as pool:
        for p, got in zip(todo, pool.map(lambda p: compare(binary, *(os.path.join(root, x) for x in p)), todo)):
            known[p] = got
    if records:
        with open(records, "w", encoding="utf-8") as f:
            f.writelines(json.dumps({"build": build, "pair": p, "result": known[p]}) + "\n" for p in sorted(set(pairs)))
    return [dict(r, **known[p]) for r, p in zip(rows, pairs)]


# ---------------------------------------------------------------- tables
def median(values):
    values = list(values)
    return f"{statistics.median(values):.2f}" if values and max(values) <= 1 else f"{statistics.median(values):.0f}" if values else ""


def called_same(rows):
    return sum(r["kind"] in SAME for r in rows)


def line(rows):
    found = [r for r in rows if r["kind"] not in ("none", "error")]
    kinds = Counter(r["kind"] for r in rows)
    told = ", ".join(f"{SHORT.get(k, k)} {n}" for k, n in kinds.most_common())
    same = called_same(rows)
    return [str(len(rows)), str(len(found)), f"{same} ({100 * same / len(rows):.0f} %)", told, median(r["query_pct"] for r in found),
            median(r["asset_pct"] for r in found), median(r["matched"] / r["peaks"] for r in found if r["peaks"])]


def table(first, groups):
    head = [*first, "n", "found", "same", "kinds", "query", "asset", "peaks"]
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(first) + "---:|---:|---:|---|---:|---:|---:|"]
    return out + ["| " + " | ".join([*names, *line(rows)]) + " |" for names, rows in groups] + [""]


def grouped(rows, key):
    groups = {}
    for r in rows:
        for k in key(r):
            groups.setdefault(k, []).append(r)
    return sorted(groups.items())


def tables(rows):
    classes = [c for c in ORDER if any(r["class"] == c for r in rows)]
    out = ["## Classes", ""] + table(["class"], [([c], [r for r in rows if r["class"] == c]) for c in classes])
    for c in classes:
        mine = [r for r in rows if r["class"] == c]
        out += [f"## {c}: families", ""] + table(["family"], [([k], v) for k, v in grouped(mine, lambda r: [r["family"]])])
        if any("/" in r["parameter"] for r in mine) and c in ("backing", "performance"):
            parts = grouped([r for r in mine if r["family"] != "two-leads"], lambda r: r["parameter"].split("/"))
            out += [f"## {c}: by each part of the parameter", ""] + table(["part"], [([k], v) for k, v in parts])
        if c == "backing":
            out += ["## backing: by what lies under the lead", ""]
            out += table(["backing"], [([k], v) for k, v in grouped(mine, lambda r: [r["note"].split(":")[0]])])
        out += [f"## {c}: family and parameter", ""]
        out += table(["family", "parameter"], [(k, v) for k, v in grouped(mine, lambda r: [(r["family"], r["parameter"])])])
    return "\n".join(out)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--soundalike", default=os.environ.get("SOUNDALIKE", "soundalike"))
    ap.add_argument("--jobs", type=int, default=1)
    ap.add_argument("--records"), ap.add_argument("--md"), ap.add_argument("--tsv")
    ap.add_argument("--only", default="", help="only rows of which 'class/family/parameter' matches")
    ap.add_argument("--require-recording", type=float), ap.add_argument("--require-others", type=float)
    a = ap.parse_args()
    binary = shutil.which(a.soundalike) or sys.exit(f"no binary {a.soundalike}")
    with open(os.path.join(a.out, "truth.tsv"), encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [r for r in rows if re.search(a.only, "/".join((r["class"], r["family"], r["parameter"])))]
    rows = run_all(rows, a.out, binary, a.jobs, a.records)
    text = tables(rows)
    print(text)
    if a.md:
        with open(a.md, "w", encoding="utf-8") as f:
            f.write(text + "\n")
    if a.tsv:
        columns = ["query_file", "reference_file", "class", "family", "parameter", "kind", "query_pct", "asset_pct", "matched", "peaks",
                   "score", "log10_evalue", "time_factor", "pitch_cents", "note"]
        with open(a.tsv, "w", encoding="utf-8") as f:
            f.write("\t".join(columns) + "\n")
            f.writelines("\t".join(str(r.get(c, "")) for c in columns) + "\n" for r in rows)
    for r in rows:
        if r["kind"] == "error":
            print(f"ERROR {r['query_file']} {r['reference_file']}: {r['text']}", file=sys.stderr)
    mine = [r for r in rows if r["class"] == "recording"]
    others = [r for r in rows if r["class"] in ("backing", "performance", "regenerated")]
    share = lambda rs: 100 * called_same(rs) / max(1, len(rs))
    print(f"called the same recording: {share(mine):.1f} % of {len(mine)} that are, {share(others):.1f} % of {len(others)} that are not")
    low = a.require_recording is not None and share(mine) < a.require_recording
    sys.exit(1 if low or a.require_others is not None and share(others) > a.require_others else 0)


if __name__ == "__main__":
    main()
