"""What the campaigns share: a place to work in, runs of the program, and the table of results."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
DEMO = os.path.join(REPO, "tests", "data", "demo")
PROGRAM = os.path.abspath(os.environ.get("SOUNDALIKE", os.path.join(REPO, "target", "release", "soundalike")))
ROUNDS = int(os.environ.get("ROUNDS", "40"))
RANDOM = random.Random(int(os.environ.get("SEED", "1")))
# Statuses by which a program says that it met a bug: panic, abort, overflow of the stack, SIGBUS.
CRASHES = {70, 101, 134, 135, 139, -6, -7, -11}


class Table:
    """Rows of a campaign: what was tried, how often, what went wrong."""

    def __init__(self, title):
        self.title, self.rows, self.faults = title, [], 0

    def row(self, item, tries, faults, note=""):
        self.rows.append((item, tries, len(faults), note or "; ".join(faults[:3])))
        self.faults += len(faults)
        print(f"  {item}: {tries} tries, {len(faults)} faults {'; '.join(faults[:3])}", file=sys.stderr)

    def end(self):
        print(f"\n{self.title}\n\n| item | tries | faults | |\n| --- | ---: | ---: | --- |")
        for item, tries, faults, note in self.rows:
            print(f"| {item} | {tries} | {faults} | {note[:200]} |")
        sys.exit(1 if self.faults else 0)


class Place:
    """A temporary folder that goes at the end."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="soundalike-campaign-")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("SOUNDALIKE_")}
        self.env.update(XDG_STATE_HOME=os.path.join(self.dir, "state-home"), TMPDIR=self.path("tmp"))
        self.env.pop("STATE_DIRECTORY", None)
        os.makedirs(self.path("tmp"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def command(self, args):
        return dict(args=[PROGRAM, *args], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL)

    def run(self, *args, timeout=300):
        """A run to its end; a hang is a status of its own."""
        try:
            return subprocess.run(capture_output=True, timeout=timeout, **self.command(args))
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(args, "hang", late.stdout or b"", late.stderr or b"")

    def killed(self, delay, *args, sig=signal.SIGKILL):
        """A run that is ended after `delay` seconds; whether it was still at work, and what it had said."""
        child = subprocess.Popen(stdout=subprocess.PIPE, stderr=subprocess.PIPE, **self.command(args))
        try:
            out, _ = child.communicate(timeout=delay)
            return False, out
        except subprocess.TimeoutExpired:
            child.send_signal(sig)
            out, _ = child.communicate()
            return True, out

    def timed(self, *args):
        begun = time.monotonic()
        done = self.run(*args)
        return done, time.monotonic() - begun

    def clip(self, clip, name, extra=b""):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(os.path.join(DEMO, clip), "rb") as source, open(self.path(name), "wb") as copy:
            copy.write(source.read() + extra)

    def copy(self, name, other):
        """`name` under another name; the log of decisions beside an index, too."""
        for end in ["", ".decisions.jsonl"]:
            source, target = self.path(name + end), self.path(other + end)
            if os.path.isdir(target):
                shutil.rmtree(target)
            elif os.path.exists(target):
                os.remove(target)
            if os.path.isdir(source):
                shutil.copytree(source, target)
            elif os.path.exists(source):
                shutil.copy(source, target)

    def references(self, index="idx"):
        done = self.run("index", "list", "--index", index, "--format", "jsonl")
        return sorted(r["ref_id"] for r in records(done.stdout)) if done.returncode == 0 else None

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)


def records(text, kinds=None):
    found = [json.loads(line) for line in text.decode().splitlines() if line.strip()]
    return [r for r in found if kinds is None or r.get("type") in kinds]


def told(text, kinds=("match", "finding", "verdict", "error", "scanned", "cluster")):
    """What a run says, without times."""
    return sorted(json.dumps(r, sort_keys=True) for r in records(text, kinds))


def digest(content):
    return hashlib.sha256(content).hexdigest()[:12]


def delay(whole):
    """Some time within a run that takes `whole` seconds, the beginning and the end of it included."""
    return RANDOM.uniform(0.0, 1.1 * whole)


def demo(place, copies):
    """`copies` tracks for an index, each another content."""
    clips = sorted(os.listdir(os.path.join(DEMO, "references")))
    clips = [c for c in clips if c.endswith(".ogg")]
    for i in range(copies):
        place.clip(f"references/{clips[i % len(clips)]}", f"refs/{i:03}.ogg", b"\0" * (i // len(clips)))
