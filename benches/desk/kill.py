#!/usr/bin/env python3
"""Kills the service at random moments while clients send, decide and remark: nothing that was acknowledged is lost.

    kill.py --binary soundalike --index INDEX --audio DIR [--kills 1000] [--seed 1]

INDEX is not touched; decisions go into a log of their own. Files should be short (10 s): no more uploads are sent than
are judged, so that a run ends. Progress goes to stderr. Prints one JSON object; ends with 1 if anything is missing.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

from common import Service, ask, submit, told


# What the service says of a job that it gave up.
GIVEN_UP = "so it is left out"
# Jobs that wait or run at once.
MOST_WAITING = 12
# Kills between two lines of progress.
TOLD_EVERY = 50


def waiting(connection):
    """Jobs that are not done yet."""
    _, text = ask(connection, "GET", "/metrics")
    return sum(int(n) for n in re.findall(r'jobs\{state="(?:queued|running)"\} (\d+)', text.decode()))


class Client(threading.Thread):
    """Sends, decides and remarks until the service is gone; notes what was acknowledged."""

    def __init__(self, service, files, number, seen):
        super().__init__()
        self.service, self.files, self.number, self.seen = service, files, number, seen
        self.chance = random.Random(number)

    def run(self):
        try:
            connection = self.service.connection()
            while True:
                self.step(connection)
        except (OSError, ValueError, AssertionError, Exception) as error:  # the service is gone
            if isinstance(error, AssertionError):
                self.seen["wrong"].append(str(error))

    def step(self, connection):
        # What waits does not grow for ever: a client sends far faster than two cores judge.
        if self.chance.random() < 0.25 and waiting(connection) < MOST_WAITING:
            self.send(connection)
        self.decide(connection)
        # A person who decides does not do it a thousand times a second; the kill comes at any moment of this anyway.
        time.sleep(self.chance.random() * 0.05)

    def send(self, connection):
        path = self.chance.choice(self.files)
        with open(path, "rb") as file:
            content = file.read() + os.urandom(16)
        key = os.urandom(8).hex()
        self.seen["keys"].append((key, os.path.basename(path), content))
        status, job = submit(connection, os.path.basename(path), content, key)
        assert status in (200, 202), job
        self.seen["jobs"].append(job["id"])

    def decide(self, connection):
        status, listed = told(connection, "GET", "/v1/uploads?order=newest&limit=20")
        assert status == 200, listed
        if not listed["uploads"]:
            return
        upload = self.chance.choice(listed["uploads"])["id"]
        action = self.chance.choice(["pass", "hold", "reject", "park"])
        wish = {"action": action, "reason": "kill test", "reach": "file"}
        status, made = told(connection, "POST", f"/v1/uploads/{upload}/decisions", wish)
        assert status in (201, 409, 422, 429), made
        if status == 201:
            self.seen["decisions"].append((upload, made["decision"]["id"]))
        text = os.urandom(6).hex()
        status, made = told(connection, "POST", f"/v1/uploads/{upload}/notes", {"text": text})
        assert status in (201, 429), made
        if status == 201:
            self.seen["notes"].append((upload, text))


def missing(connection, seen):
    """What was acknowledged and is not there."""
    lost = []
    for job in seen["jobs"]:
        status, _ = told(connection, "GET", f"/v1/jobs/{job}")
        if status != 200:
            lost.append(("job", job))
    histories = {}
    for upload in {upload for upload, _ in seen["decisions"] + seen["notes"]}:
        _, histories[upload] = told(connection, "GET", f"/v1/uploads/{upload}/decisions")
    for upload, decision in seen["decisions"]:
        if not any(d["id"] == decision for d in histories[upload].get("decisions", [])):
            lost.append(("decision", upload, decision))
    for upload, text in seen["notes"]:
        if not any(n["text"] == text for n in histories[upload].get("notes", [])):
            lost.append(("note", upload, text))
    return lost


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", required=True)
    options.add_argument("--index", required=True)
    options.add_argument("--audio", required=True)
    options.add_argument("--kills", type=int, default=1000)
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("--longest", type=float, default=1.5, help="seconds before a kill, at most")
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    chance = random.Random(options.seed)
    files = sorted(os.path.join(options.audio, name) for name in os.listdir(options.audio))
    lost, wrong, counts = [], [], {"jobs": 0, "decisions": 0, "notes": 0}
    with tempfile.TemporaryDirectory() as work:
        state, log = os.path.join(work, "state"), os.path.join(work, "log.jsonl")
        more = ["--keep", os.path.join(work, "keep"), "--decisions", log, "--audit"]
        every = []
        for kill in range(options.kills):
            seen = {"jobs": [], "decisions": [], "notes": [], "keys": [], "wrong": []}
            service = Service(options.binary, options.index, state, *more)
            # What the round before was told is there right after the start, before any repair by time.
            if every:
                lost += missing(service.connection(), every[-1])
            clients = [Client(service, files, kill * 97 + n, seen) for n in range(options.clients)]
            for client in clients:
                client.start()
            time.sleep(chance.random() * options.longest)
            service.kill()
            for client in clients:
                client.join()
            # Only what was sent last is sent again.
            if every:
                every[-1]["keys"] = []
            every.append(seen)
            wrong += seen["wrong"]
            for name in counts:
                counts[name] += len(seen[name])
            if (kill + 1) % TOLD_EVERY == 0:
                print(f"{kill + 1} kills, {counts}, lost {len(lost)}", file=sys.stderr, flush=True)
        service = Service(options.binary, options.index, state, *more)
        connection = service.connection()
        for seen in every:
            lost += missing(connection, seen)
        # What was sent again by its name is the same, whether it was acknowledged or not.
        for key, name, content in every[-1]["keys"]:
            status, job = submit(connection, name, content, key)
            assert status in (200, 202), job
        jobs = [job for seen in every for job in seen["jobs"]]
        # A job that was at work at five kills is given up, as one that ends the service would be, and says so.
        failed, given_up = [], 0
        for job in jobs:
            while True:
                _, told_job = told(connection, "GET", f"/v1/jobs/{job}")
                if told_job["state"] in ("done", "failed"):
                    break
                time.sleep(0.1)
            if told_job["state"] == "failed" and GIVEN_UP in (told_job.get("message") or ""):
                given_up += 1
            elif told_job["state"] == "failed" or len(told_job["uploads"]) != 1:
                failed.append((job, told_job.get("message")))
        service.stop()
        verified = subprocess.run([options.binary, "audit", "verify", "--decisions", log],
                                  capture_output=True, text=True, check=False)
        kept = subprocess.run([options.binary, "index", "verify", "--index", os.path.join(work, "keep")],
                              capture_output=True, text=True, check=False)
    print(json.dumps({
        "kills": options.kills, **counts, "lost": len(lost), "lost_examples": lost[:5],
        "wrong": wrong[:5], "failed": failed[:5], "given_up": given_up, "log": verified.stdout.strip()[-200:],
        "log_sound": verified.returncode == 0, "index_sound": kept.returncode == 0,
    }))
    sys.exit(1 if lost or wrong or failed or verified.returncode else 0)


main()
