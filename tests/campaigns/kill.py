"""kill -9 at any moment, of every command that writes: before or after, never in between, and nothing lost."""

import os
import shutil
import signal

from campaign import *

table = Table(f"kill -9, {ROUNDS} rounds each")


def index_add():
    faults, kills = [], 0
    with Place() as p:
        demo(p, 16)
        _, whole = p.timed("index", "add", "refs", "--index", "whole", "-q")
        all_of_it, before = p.references("whole"), []
        while kills < ROUNDS:
            cut, _ = p.killed(delay(whole), "index", "add", "refs", "--index", "idx", "-q")
            kills += cut
            now = p.references()
            if os.path.exists(p.path("idx/MANIFEST")):
                if p.run("index", "verify", "--index", "idx").returncode != 0:
                    faults.append("verify fails")
                if now is None or not set(before) <= set(now):
                    faults.append("a reference is lost")
                before = now or []
            if not cut:
                if now != all_of_it:
                    faults.append("not all was added")
                shutil.rmtree(p.path("idx"))
                before = []
    table.row("index add", kills, faults)


def base_of_clips(p):
    demo(p, 8)
    p.run("index", "add", "refs", "--index", "base", "-q")
    p.clip("incoming/funky-sax.mp3", "one.mp3")
    p.run("index", "add", "one.mp3", "--index", "base", "-q")
    p.run("index", "add", "one.mp3", "--index", "other", "-q")


def base_with_works(p):
    demo(p, 8)
    for i in range(8):
        p.run("index", "add", f"refs/{i:03}.ogg", "--index", "base", "-q", "--works")
    p.run("index", "remove", "refs/003.ogg", "--index", "base")


def base_of_an_older_format(p):
    shutil.copytree(os.path.join(REPO, "tests", "data", "index-v2"), p.path("base"))


def index_change(what, *args, base=base_of_clips, works=(), is_gradual=False):
    """A change of an index: killed, it holds what it held before or what it holds afterwards, and finds the same."""
    faults, kills = [], 0
    with Place() as p:
        base(p)
        p.clip("incoming/night-drive.mp3", "drive.mp3")

        def found():
            scan = p.run("scan", "drive.mp3", "--index", "idx", "-q", "--exit-zero", "--format", "jsonl", *works)
            return told(scan.stdout, ("match", "verdict"))

        p.copy("base", "idx")
        before, known = p.references(), [found()]
        _, whole = p.timed("index", *args)
        after = p.references()
        known.append(found())
        while kills < ROUNDS:
            p.copy("base", "idx")
            cut, _ = p.killed(delay(whole), "index", *args)
            kills += cut
            if p.references() not in (before, after):
                faults.append("neither before nor after")
            if p.run("index", "verify", "--index", "idx").returncode != 0:
                faults.append("verify fails")
            # What is added track by track is found track by track.
            if not is_gradual and found() not in known:
                faults.append("other matches than before and after")
            p.run("index", *args)
            if p.references() != after or found() != known[1]:
                faults.append("cannot go on")
    table.row(f"index {what}", kills, faults)


def decide():
    faults, kills, acknowledged = [], 0, set()
    with Place() as p:
        demo(p, 1)
        p.run("index", "add", "refs", "--index", "idx", "-q")
        add = ["allow", "add", "--index", "idx", "--reason", "r", "--who", "w", "--account"]
        _, whole = p.timed(*add, "first")
        for n in range(3 * ROUNDS):
            cut, out = p.killed(delay(whole), *add, f"a{n}")
            kills += cut
            if b"d_" in out:
                acknowledged.add(f"a{n}")
        p.run(*add, "last")
        log = p.run("allow", "list", "--index", "idx", "--format", "jsonl")
        there = {r["target"]["name"] for r in records(log.stdout)} if log.returncode == 0 else set()
        if not acknowledged <= there:
            faults.append(f"{len(acknowledged - there)} acknowledged entries are lost")
        if p.run("audit", "verify", "--index", "idx").returncode != 0:
            faults.append("the chain is broken")
    table.row("allow add", kills, faults)


def block_audio():
    faults, kills = [], 0
    with Place() as p:
        demo(p, 1)
        p.run("index", "add", "refs", "--index", "base", "-q")
        p.clip("incoming/funky-sax.mp3", "bad.mp3")
        block = ["block", "add", "--audio", "bad.mp3", "--index", "idx", "--reason", "r", "--who", "w"]
        p.copy("base", "idx")
        _, whole = p.timed(*block)
        while kills < ROUNDS:
            p.copy("base", "idx")
            cut, _ = p.killed(delay(whole), *block)
            kills += cut
            again = p.run(*block)
            listed = p.run("block", "list", "--index", "idx")
            if again.returncode != 0 or b"block file" not in listed.stdout or len(p.references()) != 2:
                faults.append("a second run does not mend it")
    table.row("block add --audio", kills, faults)


def sweep():
    faults, kills = [], 0
    with Place() as p:
        demo(p, 6)
        p.run("index", "add", "refs", "--index", "idx", "-q")
        for i in range(12):
            p.clip("incoming/night-drive.mp3", f"own/{i:02}.mp3", b"\0" * i)
        p.run("index", "add", "own", "--index", "own.idx", "-q")
        args = ["sweep", "--index", "idx", "--catalogue", "own.idx", "--format", "jsonl"]
        first, whole = p.timed(*args, "--state", "whole")
        while kills < ROUNDS:
            for sig in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
                shutil.rmtree(p.path("state"), ignore_errors=True)
                for _ in range(6):
                    cut, _ = p.killed(delay(whole), *args, "--state", "state", sig=sig)
                    kills += cut
                p.run(*args, "--state", "state")
                everything = p.run(*args, "--state", "state", "--all")
                if told(everything.stdout, ("match", "verdict")) != told(first.stdout, ("match", "verdict")):
                    faults.append("another report than the undisturbed one")
    table.row("sweep (KILL, TERM, INT)", kills, faults)


def watch():
    faults, kills = [], 0
    with Place() as p:
        demo(p, 4)
        p.run("index", "add", "refs", "--index", "idx", "-q")
        # Other music in each: a delivery over which it died comes last, so each is told whatever came before it.
        for d, clip in enumerate(["night-drive.mp3", "funky-sax.mp3", "void-sensor.ogg"]):
            for i in range(4):
                p.clip(f"incoming/{clip}", f"in/{d}/{i}{clip[-4:]}", b"\0" * i)

        def args(name):
            return ["watch", "in", "--index", "idx", "--out", f"out-{name}", "--keep", f"keep-{name}", "--csv",
                    "--audit", "--decisions", f"log-{name}.jsonl", "--settle", "0", "--once", "-q"]

        def results(name):
            folder = p.path(f"out-{name}")
            names = [n for n in os.listdir(folder) if n.endswith(".soundalike.jsonl")]
            return {n: told(p.read(f"out-{name}/{n}"), ("match", "verdict", "error")) for n in names}

        def entered(name):
            done = p.run("audit", "list", "--decisions", f"log-{name}.jsonl", "--format", "jsonl")
            return sorted((r["subject"], r["sha256"], r["verdict"]) for r in records(done.stdout))

        _, whole = p.timed(*args("whole"))
        expected, verdicts, cycle = results("whole"), entered("whole"), 0
        while kills < ROUNDS:
            cycle += 1
            for _ in range(8):
                cut, _ = p.killed(delay(whole), *args(str(cycle)), sig=RANDOM.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
                kills += cut
            # A delivery over which it died five times is given up until its result is removed.
            for _ in range(3):
                p.run(*args(str(cycle)))
                for name, lines in results(str(cycle)).items():
                    if any('"crashed"' in line for line in lines):
                        os.remove(p.path(f"out-{cycle}/{name}"))
            if results(str(cycle)) != expected:
                faults.append("other results than the undisturbed run's")
            if entered(str(cycle)) != verdicts:
                faults.append("verdicts entered twice or not at all")
            if p.run("index", "verify", "--index", f"keep-{cycle}").returncode != 0:
                faults.append("the index of earlier uploads is damaged")
            if len(p.references(f"keep-{cycle}") or []) != 12:
                faults.append("a track is not there once")
    table.row("watch --keep --csv --audit (KILL, TERM)", kills, faults)


index_add()
index_change("remove", "remove", "refs/003.ogg", "--index", "idx")
index_change("compact", "compact", "--index", "idx")
index_change("merge", "merge", "other", "--index", "idx")
index_change("compact, with works", "compact", "--index", "idx", base=base_with_works, works=["--works"])
index_change("add --works to what is there", "add", "refs", "--index", "idx", "--works", "-q", works=["--works"], is_gradual=True)
index_change("upgrade", "upgrade", "--index", "idx", base=base_of_an_older_format)
decide()
block_audio()
sweep()
watch()
table.end()
