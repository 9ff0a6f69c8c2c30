"""Errors and kills at every system call that matters, one run for each: no success is claimed for what was not done."""

import os
import shutil
import subprocess

from campaign import *

table = Table("injection (strace)")
CALLS = ["openat", "write", "fsync", "rename", "renameat2", "unlink", "flock", "lseek", "ftruncate"]
ERRORS = ["EIO", "ENOSPC", "EACCES"]


def traced(p, call, what, when, args):
    inject = f"inject={call}:{what}:when={when}"
    command = p.command(args)
    command["args"] = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject, *command["args"]]
    return subprocess.run(capture_output=True, timeout=300, **command)


def campaign(item, args, prepare, check):
    for kind, effects in (("kills", ["signal=KILL"]), ("errors", [f"error={e}" for e in ERRORS])):
        faults, tries = [], 0
        for call in CALLS:
            for when in sorted({RANDOM.randrange(1, 60) for _ in range(max(1, ROUNDS // 10))}):
                for effect in effects:
                    with Place() as p:
                        prepare(p)
                        done = traced(p, call, effect, when, args)
                        tries += 1
                        fault = check(p, done)
                        if fault:
                            faults.append(f"{call} {effect} {when}: {fault}")
        table.row(f"{item}: {kind}", tries, faults)


def indexed(p):
    demo(p, 2)
    p.run("index", "add", "refs", "--index", "idx", "-q")
    p.clip("incoming/funky-sax.mp3", "new.mp3")


def sound(p, done):
    if done.returncode in CRASHES - {-9}:
        return f"exit {done.returncode}"
    now = p.references()
    if p.run("index", "verify", "--index", "idx").returncode != 0 or now is None:
        return "verify fails"
    if done.returncode == 0 and len(now) != 3 and b"1 unreadable" not in done.stdout:
        return "success is claimed"
    p.run("index", "add", "new.mp3", "--index", "idx", "-q")
    return None if len(p.references() or []) == 3 else "cannot go on"


def decided(p, done):
    if done.returncode in CRASHES - {-9}:
        return f"exit {done.returncode}"
    listed = p.run("allow", "list", "--index", "idx")
    if done.returncode == 0 and b"account a1" not in listed.stdout:
        return "success is claimed"
    again = p.run("allow", "add", "--account", "a2", "--index", "idx", "--reason", "r", "--who", "w")
    verified = p.run("audit", "verify", "--index", "idx")
    return None if again.returncode == 0 and verified.returncode == 0 else "cannot go on"


if shutil.which("strace") is None or subprocess.run(["strace", "-o", "/dev/null", "true"]).returncode != 0:
    table.row("all", 0, [], "not run: there is no strace, or it may not trace")
else:
    campaign("index add", ["index", "add", "new.mp3", "--index", "idx", "-q", "--threads", "1"], indexed, sound)
    add = ["allow", "add", "--account", "a1", "--index", "idx", "--reason", "r", "--who", "w"]
    campaign("allow add", add, indexed, decided)
table.end()
