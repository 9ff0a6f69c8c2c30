"""Deliveries, names and files as an adversary lays them out, and what has to come of each."""

import os
import shutil
import signal
import subprocess
import time

from campaign import *

table = Table("attacks")
COPY, HARMLESS = "incoming/night-drive.mp3", "incoming/funky-sax.mp3"


def attack(item):
    """Runs a case, which tells what is wrong."""
    def case(work):
        with Place() as p:
            demo(p, 4)
            p.run("index", "add", "refs", "--index", "idx", "-q")
            os.makedirs(p.path("in"))
            fault = work(p)
        table.row(item, 1, [fault] if fault else [])
    return case


def watch(p, *more):
    return p.run("watch", "in", "--index", "idx", "--once", "--settle", "0", "-q", *more)


@attack("results are not written through links")
def _(p):
    p.write("victim", b"precious")
    p.clip(HARMLESS, "in/s.mp3")
    for name in [".s.mp3.soundalike.jsonl.tmp", "s.mp3.soundalike.jsonl", ".soundalike-watch.lock"]:
        os.symlink("../victim", p.path("in", name))
    watch(p)
    return None if p.read("victim") == b"precious" else "the victim was overwritten"


@attack("a forged result is no proof")
def _(p):
    p.clip(COPY, "in/x.mp3")
    s = os.stat(p.path("in/x.mp3"))
    line = b"x.mp3\0" + s.st_size.to_bytes(8, "little") + s.st_mtime_ns.to_bytes(16, "little", signed=True) + b"\n"
    state = hashlib.sha256(line).hexdigest()
    begin = {"type": "begin", "schema": "soundalike/1", "scan_id": "s_0", "tool_version": "0.1.0",
             "delivery": {"name": "x.mp3", "state": state, "files": 1, "bytes": s.st_size}}
    p.write("in/x.mp3.soundalike.jsonl", json.dumps(begin).encode() + b"\n")
    done = watch(p)
    return None if done.returncode == 1 else f"exit {done.returncode}"


@attack("other content under the same size and time is looked into")
def _(p):
    p.clip(COPY, "copy.mp3")
    copy = p.read("copy.mp3")
    p.clip(HARMLESS, "in/x.mp3")
    with open(p.path("in/x.mp3"), "r+b") as file:
        file.truncate(len(copy))
    os.utime(p.path("in/x.mp3"), (1e9, 1e9))
    first = watch(p, "--out", "out").returncode
    p.write("in/x.mp3", copy)
    os.utime(p.path("in/x.mp3"), (1e9, 1e9))
    second = watch(p, "--out", "out").returncode
    return None if (first, second) == (0, 1) else f"exits {first}, {second}"


@attack("links do not lead out of a delivery")
def _(p):
    p.clip(COPY, "secret/unreleased.mp3")
    for folder in ["d2", "d3"]:
        p.clip(HARMLESS, f"in/{folder}/own.mp3")
    os.symlink("../secret", p.path("in/d1"))
    os.symlink("../../secret/unreleased.mp3", p.path("in/d2/a.mp3"))
    os.symlink("/etc/passwd", p.path("in/d3/m.csv"))
    watch(p, "--out", "out")
    files = [f for f in os.listdir(p.path("out")) if f.endswith(".jsonl")]
    text = b"".join(p.read(f"out/{f}") for f in files)
    if b'"matched":1' in text or b"root:" in text:
        return "what lies outside was told"
    return None if text.count(b"path_outside_delivery") == 3 else "it was not said"


@attack("a pipe is not waited for")
def _(p):
    p.write("in/N_20261124000000/rel/rel.xml", open(os.path.join(REPO, "tests/data/ern/single_411.xml"), "rb").read())
    os.mkfifo(p.path("in/N_20261124000000/BatchComplete_1.xml"))
    for name in ["song.mp3", "list.csv", "message.xml"]:
        os.mkfifo(p.path("in", name))
    done = p.run("watch", "in", "--index", "idx", "--out", "out", "--once", "--settle", "0", "-q", timeout=60)
    return None if done.returncode != "hang" else "it hangs"


@attack("SIGTERM ends a watch")
def _(p):
    os.mkfifo(p.path("in/BatchComplete_1.xml"))
    child = subprocess.Popen(stderr=subprocess.PIPE, stdout=subprocess.PIPE, **p.command(
        ["watch", "in", "--index", "idx", "--out", "out", "--settle", "0", "--interval", "1"]))
    time.sleep(2)
    child.send_signal(signal.SIGTERM)
    try:
        child.communicate(timeout=30)
        return None
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return "it goes on"


@attack("names that are no UTF-8 are told apart")
def _(p):
    os.makedirs(p.path("n"))
    for clip, name in [(COPY, b"a\xfe.mp3"), (HARMLESS, b"a\xff.mp3")]:
        shutil.copy(os.path.join(DEMO, clip), os.path.join(p.path("n").encode(), name))
    done = p.run("scan", "n", "--index", "idx", "-q", "--format", "jsonl")
    verdicts = {r["subject"]: r["verdict"] for r in records(done.stdout, ("verdict",))}
    return None if sorted(verdicts.values()) == ["clear", "review"] else f"{verdicts}"


@attack("copies of one file have their match each")
def _(p):
    for name in ["a", "b", "c"]:
        p.clip(COPY, f"t/{name}.mp3")
    done = p.run("scan", "t", "--index", "idx", "-q", "--format", "jsonl")
    p.write("t.jsonl", done.stdout)
    page = p.run("report", "t.jsonl", "-o", "t.html", "--no-audio")
    return None if b"3 uploads, 3 matches" in page.stderr else page.stderr.decode()


@attack("an index shortened under a scan is no other result")
def _(p):
    for i in range(30):
        p.clip(COPY, f"q/{i}.mp3", b"\0" * i)
    scan = ["scan", "q", "--index", "idx", "-q", "--threads", "1", "--no-cluster", "--format", "jsonl", "--no-evidence"]
    child = subprocess.Popen(stdout=subprocess.PIPE, stderr=subprocess.PIPE, **p.command(scan))
    time.sleep(0.3)
    for name in os.listdir(p.path("idx")):
        if name.startswith("seg-"):
            p.write(f"idx/{name}", b"")
    out, err = child.communicate(timeout=300)
    if child.returncode in CRASHES:
        return f"exit {child.returncode}"
    clear = [r for r in records(out, ("verdict",)) if r["verdict"] == "clear"]
    return f"{len(clear)} copies are called clear" if clear else None


@attack("names do not command the terminal")
def _(p):
    name = b"\x1b]0;PWNED\x07.mp3"
    os.makedirs(p.path("x"))
    shutil.copy(os.path.join(DEMO, COPY), os.path.join(p.path("x").encode(), name))
    p.run("index", "add", "x", "--index", "ix", "-q")
    for args in (["index", "list"], ["index", "verify"], ["index", "remove", "x"]):
        done = p.run(*args, "--index", "ix")
        if b"\x1b" in done.stdout + done.stderr or b"\x07" in done.stdout + done.stderr:
            return " ".join(args)
    return None


@attack("decisions outlive their index")
def _(p):
    p.run("block", "add", "--account", "a", "--index", "idx", "--reason", "r", "--who", "w")
    shutil.rmtree(p.path("idx"))
    p.run("index", "add", "refs", "--index", "idx", "-q")
    done = p.run("block", "list", "--index", "idx")
    return None if b"block account a" in done.stdout else "they are gone"


@attack("a log that is cut is not taken for no decisions")
def _(p):
    for name in ["a", "b"]:
        p.run("block", "add", "--account", name, "--index", "idx", "--reason", "r", "--who", "w")
    first = p.read("idx.decisions.jsonl").splitlines(True)[0]
    for log in ["idx.decisions.jsonl", "idx/decisions.jsonl"]:
        p.write(log, first)
    done = p.run("scan", "refs/000.ogg", "--index", "idx", "-q")
    return None if done.returncode == 4 else f"exit {done.returncode}"


@attack("cells are inert for spreadsheets that split at semicolons")
def _(p):
    p.clip(HARMLESS, "t/x;=HYPERLINK(1).mp3")
    done = p.run("scan", "t", "--index", "idx", "-q", "--format", "csv")
    return None if b";=" not in done.stdout else "a formula begins a cell"


table.end()
