#!/usr/bin/env python3
"""CPU cost of indexing against decoding and fpcalc, on the same files, in one run.

usage: speed.py --split SPLIT.tsv --root DIR --soundalike BIN [--bare BIN] [--files 40] [--repeats 5]
                [--opus] [--work DIR] [--json OUT.json]

Every repeat runs each program once over the same files, one thread each, in rotated order, so that
a busy machine hurts all alike:
  index     soundalike index add --files-from LIST --threads 1, into a fresh folder
  bare      bare_decode --files-from LIST: symphonia decodes and discards
  ffmpeg    ffmpeg -threads 1 -f null, a process a file
  fpcalc    fpcalc -raw -length 0, a process a file
  index2    as index, with two threads: for the wall-clock gain only
Cost is user + system CPU seconds of the program (os.wait4).  A ratio is taken inside each repeat;
the table gives the median of the ratios, and the smallest and largest.  Wall-clock times mean
something on an idle machine only.  Peak memory is the largest resident set of any repeat.

The files are evenly spaced in the sorted list of references.  Opus files are left out unless --opus
is given, since they need a build with that feature.  Python standard library only.
"""
import argparse, csv, json, os, shutil, statistics, subprocess, sys, tempfile, time

MIB = 1 << 20


def sample(split, root, count, opus):
    with open(split, encoding="utf-8", newline="") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE) if r["role"] == "ref"]
    rows = sorted((r for r in rows if opus or r["codec"] != "opus"), key=lambda r: r["file"])
    step = max(1.0, len(rows) / count)
    chosen = [rows[int(i * step)] for i in range(min(count, len(rows)))]
    return [os.path.join(os.path.abspath(root), r["file"]) for r in chosen], sum(float(r["duration"]) for r in chosen)


def cost(cmd, allowed=(0,)):
    """(CPU s, wall s, peak resident bytes) of one command."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode not in allowed:
            errors.seek(0)
            sys.exit(f"{' '.join(cmd)}: exit {p.returncode}\n{errors.read()[-2000:].decode(errors='replace')}")
    return used.ru_utime + used.ru_stime, time.monotonic() - begin, used.ru_maxrss * 1024


def each(prefix, suffix, files, allowed=(0,)):
    costs = [cost([*prefix, f, *suffix], allowed) for f in files]
    return sum(c[0] for c in costs), sum(c[1] for c in costs), max(c[2] for c in costs)


def folder_bytes(folder):
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, names in os.walk(folder) for f in names)


class Programs:
    """The programs that can be run here, by name."""

    def __init__(self, a, files, work):
        self.a, self.files, self.list, self.work, self.bytes = a, files, os.path.join(work, "files.txt"), work, None
        with open(self.list, "w", encoding="utf-8") as f:
            f.writelines(p + "\n" for p in files)
        self.all = {"index": lambda: self.index(1), "index2": lambda: self.index(2)}
        if a.bare:
            self.all["bare"] = lambda: cost([a.bare, "--files-from", self.list])
        if shutil.which("ffmpeg"):
            head = ["ffmpeg", "-nostdin", "-v", "error", "-threads", "1", "-i"]
            self.all["ffmpeg"] = lambda: each(head, ["-map", "0:a:0", "-threads", "1", "-f", "null", "-"], files)
        if shutil.which("fpcalc"):
            # fpcalc ends with 3 ("End of file") after a complete print of many Vorbis files
            self.all["fpcalc"] = lambda: each(["fpcalc", "-raw", "-length", "0"], [], files, (0, 3))

    def index(self, threads):
        folder = os.path.join(self.work, "index")
        shutil.rmtree(folder, ignore_errors=True)
        got = cost([self.a.soundalike, "index", "add", "--files-from", self.list, "--index", folder, "--threads", str(threads)])
        self.bytes = folder_bytes(folder)
        return got


def measure(programs, repeats):
    """{name: [(cpu, wall, rss) for each repeat]}, after one unmeasured decode to warm the disk cache."""
    names = list(programs.all)
    for f in programs.files:
        with open(f, "rb") as fh:
            while fh.read(MIB):
                pass
    runs = {n: [] for n in names}
    for k in range(repeats):
        turn = names[k % len(names):] + names[:k % len(names)]
        for n in turn:
            runs[n].append(programs.all[n]())
        print(f"repeat {k + 1}/{repeats}: " + ", ".join(f"{n} {runs[n][-1][0]:.1f} s" for n in names), file=sys.stderr)
    return runs


def ratio(runs, a, b, what=0):
    """(median, smallest, largest) over the repeats of a's cost over b's."""
    values = [x[what] / y[what] for x, y in zip(runs[a], runs[b])]
    return statistics.median(values), min(values), max(values)


def report(runs, seconds, files, index_bytes):
    hours = seconds / 3600
    med = lambda n, k: statistics.median(r[k] for r in runs[n])
    lines = [f"{files} files, {hours:.2f} h of audio, {len(runs['index'])} interleaved repeats\n",
             "| program | CPU s per h of audio | wall s | peak MiB |", "| --- | ---: | ---: | ---: |"]
    for n, r in runs.items():
        lines.append(f"| {n} | {med(n, 0) / hours:.2f} | {med(n, 1):.1f} | {max(x[2] for x in r) / MIB:.0f} |")
    lines += ["", "| ratio | median | smallest | largest |", "| --- | ---: | ---: | ---: |"]
    figures = {f"index / {n}, CPU": ratio(runs, "index", n) for n in ("bare", "fpcalc", "ffmpeg") if n in runs}
    figures |= {f"{n} / ffmpeg, CPU": ratio(runs, n, "ffmpeg") for n in ("bare", "fpcalc") if n in runs and "ffmpeg" in runs}
    figures["index, one thread / two threads, wall"] = ratio(runs, "index", "index2", 1)
    lines += [f"| {n} | {m:.3f} | {lo:.3f} | {hi:.3f} |" for n, (m, lo, hi) in figures.items()]
    per_track = index_bytes / seconds * 200
    lines += ["", f"Index on disk: {index_bytes} bytes, {per_track / 1000:.1f} KB per 200 s of audio."]
    return "\n".join(lines) + "\n", {"ratios": figures, "index_bytes_per_200s": per_track, "seconds": seconds,
                                    "runs": runs, "columns": ["cpu_s", "wall_s", "peak_rss_bytes"]}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--split", "--root", "--soundalike"):
        ap.add_argument(name, required=True)
    for name in ("--bare", "--work", "--json"):
        ap.add_argument(name)
    ap.add_argument("--files", type=int, default=40)
    ap.add_argument("--repeats", type=int, default=5)
    ap.add_argument("--opus", action="store_true")
    a = ap.parse_args()
    files, seconds = sample(a.split, a.root, a.files, a.opus)
    with tempfile.TemporaryDirectory(prefix="speed-", dir=a.work) as work:
        programs = Programs(a, files, work)
        runs = measure(programs, a.repeats)
    text, data = report(runs, seconds, len(files), programs.bytes)
    print(text)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(data, f, indent=1)


if __name__ == "__main__":
    main()
