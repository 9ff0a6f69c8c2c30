"""Bits that flip, files that are cut, emptied, zeroed or swapped: an error that names the file, or the same result."""

import os
import shutil

from campaign import *

table = Table(f"damage, {ROUNDS} rounds each")


def flipped(content):
    bit = RANDOM.randrange(8 * len(content))
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def block(content):
    at = RANDOM.randrange(len(content))
    size = RANDOM.choice([1, 16, 512, 4096])
    return content[:at] + bytes(RANDOM.randrange(256) for _ in range(size)) + content[at + size:]


DAMAGES = {
    "bit flips": flipped,
    "cuts": lambda content: content[: RANDOM.randrange(len(content))],
    "blocks": block,
    "emptied": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "longer": lambda content: content + b"\0\n",
}


def campaign(item, p, files, check):
    """Damages one of `files` at a time; `check` says what is wrong with what comes of it."""
    for name, damage in DAMAGES.items():
        faults = []
        for n in range(ROUNDS if name in ("bit flips", "cuts") else max(1, ROUNDS // 4)):
            file = files[n % len(files)]
            whole = p.read(file)
            changed = damage(whole)
            p.write(file, changed)
            fault = None if changed == whole else check(file, changed, whole)
            if fault:
                faults.append(f"{os.path.basename(file)}: {fault}")
            p.write(file, whole)
        table.row(f"{item}: {name}", ROUNDS if name in ("bit flips", "cuts") else max(1, ROUNDS // 4), faults)


def index():
    with Place() as p:
        demo(p, 6)
        p.run("index", "add", "refs", "--index", "idx", "-q")
        p.clip("incoming/night-drive.mp3", "q.mp3")
        scan = ["scan", "q.mp3", "--index", "idx", "-q", "--format", "jsonl", "--no-evidence"]
        sound = told(p.run(*scan).stdout)
        files = [f"idx/{n}" for n in sorted(os.listdir(p.path("idx"))) if n.startswith(("seg-", "MANIFEST"))]

        def check(file, _changed, _whole):
            done = p.run(*scan)
            if done.returncode in CRASHES or done.returncode == "hang":
                return f"exit {done.returncode}"
            if done.returncode == 4:
                name = os.path.basename(file).encode()
                return None if name in done.stderr or b"idx" in done.stderr else "the file is not named"
            return None if told(done.stdout) == sound else "another result"

        campaign("index", p, files, check)


def decisions():
    with Place() as p:
        demo(p, 2)
        p.run("index", "add", "refs", "--index", "idx", "-q")
        for n in range(8):
            p.run("block", "add", "--account", f"a{n}", "--index", "idx", "--reason", "r", "--who", "w")
        # Both names, so that neither vouches for the other: the anchor has to.
        logs = ["idx.decisions.jsonl", "idx/decisions.jsonl"]

        def check(file, changed, whole):
            for log in logs:
                p.write(log, changed)
            done = p.run("block", "list", "--index", "idx")
            for log in logs:
                p.write(log, whole)
            if done.returncode in CRASHES or done.returncode == "hang":
                return f"exit {done.returncode}"
            if done.returncode == 4:
                return None
            listed = done.stdout.count(b"block account")
            return None if listed == 8 or b"incomplete" in done.stderr else f"{listed} of 8, without a word"

        campaign("decision log", p, logs[:1], check)


def findings():
    with Place() as p:
        demo(p, 4)
        p.run("index", "add", "refs", "--index", "idx", "-q")
        for i in range(4):
            p.clip("incoming/night-drive.mp3", f"own/{i}.mp3", b"\0" * i)
        p.run("index", "add", "own", "--index", "own.idx", "-q")
        sweep = ["sweep", "--index", "idx", "--catalogue", "own.idx", "--state", "state", "--format", "jsonl", "-q"]
        p.run(*sweep)
        sound = told(p.run(*sweep, "--all").stdout, ("match", "verdict"))

        def check(file, _changed, _whole):
            done = p.run(*sweep, "--all")
            if done.returncode in CRASHES or done.returncode == "hang":
                return f"exit {done.returncode}"
            if done.returncode == 4:
                return None if os.path.basename(file).encode() in done.stderr else "the file is not named"
            return None if told(done.stdout, ("match", "verdict")) == sound else "another result"

        campaign("state of a sweep", p, ["state/findings.jsonl", "state/progress.jsonl"], check)


index()
decisions()
findings()
table.end()
