#!/usr/bin/env python3
"""Cost of scanning a batch end to end against indexing the same files, in one run.

usage: batch_speed.py --soundalike BIN --references INDEX [--files 1000] [--repeats 3] [--threads 2]
                      [--thorough] [--json OUT.json] PATH...

Every repeat runs each program once over the same files, in rotated order:
  index     soundalike index add --files-from LIST, into a fresh folder
  scan      soundalike scan --files-from LIST --index INDEX --format jsonl, decode to records
  thorough  the same with --depth thorough (only with --thorough)
  report    soundalike report of those records, one HTML file (where the binary has the command)
  cluster   soundalike cluster --files-from LIST --format jsonl (where the binary has the command)
The files are evenly spaced in the sorted list of all audio under PATH... .  Cost is user + system
CPU seconds (os.wait4); a ratio is taken inside each repeat, and the table gives the median, the
smallest and the largest.  Wall-clock times mean something on an idle machine only.  Peak memory is
the largest resident set of any repeat.  Python standard library only.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "robustness"))
from speed import MIB, ratio

AUDIO = {".ogg", ".mp3", ".flac", ".wav", ".m4a", ".opus"}


def sample(paths, count):
    found = (os.path.abspath(os.path.join(d, n)) for p in paths for d, _, names in os.walk(p) for n in names)
    found = sorted(f for f in found if os.path.splitext(f)[1].lower() in AUDIO and os.path.isfile(f))
    step = max(1.0, len(found) / count)
    return [found[int(i * step)] for i in range(min(count, len(found)))]


def cost(cmd, out):
    """(CPU s, wall s, peak resident bytes); standard output goes to a file.  Exit codes 1 (findings) and 3 (some
    inputs unreadable) are results."""
    begin = time.monotonic()
    with open(out, "wb") as sink, tempfile.TemporaryFile() as errors:
        p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=sink, stderr=errors)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode not in (0, 1, 3):
            errors.seek(0)
            sys.exit(f"{' '.join(cmd)}: exit {p.returncode}\n{errors.read()[-2000:].decode(errors='replace')}")
    return used.ru_utime + used.ru_stime, time.monotonic() - begin, used.ru_maxrss * 1024


# Reports, and the scan whose records they show.
REPORTED = {"report": "scan", "thorough report": "thorough"}
REPORTS = set(REPORTED)


class Programs:
    """The programs that the binary has, by name."""

    def __init__(self, a, files, work):
        self.a, self.work, self.list = a, work, os.path.join(work, "files.txt")
        with open(self.list, "w", encoding="utf-8") as f:
            f.writelines(p + "\n" for p in files)
        self.records = os.path.join(work, "scan.jsonl")
        self.thorough_records = os.path.join(work, "thorough.jsonl")
        common = ["--files-from", self.list, "--threads", str(a.threads)]
        self.all = {"index": lambda: self.index(common),
                    "scan": lambda: self.run("scan", *common, "--index", a.references, "--format", "jsonl", "--exit-zero", out=self.records)}
        if a.thorough:
            self.all["thorough"] = lambda: self.run("scan", *common, "--index", a.references, "--depth", "thorough", "--format", "jsonl",
                                                    "--exit-zero", out=self.thorough_records)
        if self.has("report"):
            self.all["report"] = lambda: self.run("report", self.records, "--out", os.path.join(work, "report.html"))
            if a.thorough:
                self.all["thorough report"] = lambda: self.run("report", self.thorough_records, "--out", os.path.join(work, "report.html"))
        if self.has("cluster"):
            self.all["cluster"] = lambda: self.run("cluster", *common, "--format", "jsonl", "--exit-zero")

    def has(self, command, option=""):
        shown = subprocess.run([self.a.soundalike, command, "--help"], capture_output=True, text=True)
        return shown.returncode == 0 and option in shown.stdout

    def run(self, *args, out=os.devnull):
        return cost([self.a.soundalike, *args], out)

    def index(self, common):
        folder = os.path.join(self.work, "index")
        shutil.rmtree(folder, ignore_errors=True)
        return self.run("index", "add", *common, "--index", folder)


def measure(programs, files, repeats):
    """{name: [(cpu, wall, rss)]}; every file is read once before, so that all find it in the disk cache."""
    for f in files:
        with open(f, "rb") as fh:
            while fh.read(MIB):
                pass
    names, runs = list(programs.all), {n: [] for n in programs.all}
    for k in range(repeats):
        # A report needs the records of a scan: it stays behind it, the others rotate.
        turn = [n for n in names if n not in REPORTS]
        turn = turn[k % len(turn):] + turn[:k % len(turn)]
        for name in REPORTS & set(names):
            turn.insert(turn.index(REPORTED[name]) + 1, name)
        for n in turn:
            runs[n].append(programs.all[n]())
            print(f"repeat {k + 1}/{repeats}: {n} {runs[n][-1][0]:.1f} s CPU, {runs[n][-1][1]:.1f} s", file=sys.stderr, flush=True)
    for name in sorted(REPORTS & set(runs)):
        both = zip(runs[REPORTED[name]], runs[name])
        runs[REPORTED[name] + " + report"] = [(s[0] + r[0], s[1] + r[1], max(s[2], r[2])) for s, r in both]
    return runs


def report(runs, files):
    med = lambda n, k: statistics.median(r[k] for r in runs[n])
    lines = [f"{len(files)} files, {len(runs['index'])} interleaved repeats\n", "| program | CPU s | wall s | peak MiB |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {n} | {med(n, 0):.1f} | {med(n, 1):.1f} | {max(x[2] for x in r) / MIB:.0f} |" for n, r in runs.items()]
    lines += ["", "| ratio | median | smallest | largest |", "| --- | ---: | ---: | ---: |"]
    figures = {f"{n} / index, {what}": ratio(runs, n, "index", k) for n in ("scan", "scan + report", "thorough", "thorough + report", "cluster") if n in runs
               for k, what in ((0, "CPU"), (1, "wall"))}
    lines += [f"| {n} | {m:.3f} | {lo:.3f} | {hi:.3f} |" for n, (m, lo, hi) in figures.items()]
    return "\n".join(lines) + "\n", {"ratios": figures, "runs": runs, "columns": ["cpu_s", "wall_s", "peak_rss_bytes"]}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("paths", nargs="+", metavar="PATH")
    ap.add_argument("--soundalike", required=True), ap.add_argument("--references", required=True)
    ap.add_argument("--files", type=int, default=1000), ap.add_argument("--repeats", type=int, default=3)
    ap.add_argument("--threads", type=int, default=2), ap.add_argument("--json")
    ap.add_argument("--thorough", action="store_true")
    a = ap.parse_args()
    files = sample(a.paths, a.files)
    with tempfile.TemporaryDirectory(prefix="batch-speed-") as work:
        runs = measure(Programs(a, files, work), files, a.repeats)
    text, data = report(runs, files)
    print(text)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(data, f, indent=1)


if __name__ == "__main__":
    main()
