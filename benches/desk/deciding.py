#!/usr/bin/env python3
"""How long a decision takes with a long log of decisions.

    deciding.py --binary soundalike --index INDEX --clip FILE [--entries 100000] [--decisions 40]

The log is written as the reference of files describes it: lines that carry the hash of the one before. INDEX is
not touched; its decisions go into a log of their own. Prints one JSON object.
"""

import argparse
import hashlib
import json
import os
import tempfile
import time

from common import Service, percentile, submit, told


def write_log(path, entries):
    before = "0" * 64
    with open(path, "w") as file:
        for seq in range(1, entries + 1):
            body = {"seq": seq, "at": "2026-11-24T22:00:00Z", "prev": before, "kind": "verdict",
                    "subject": f"/in/{seq}.mp3", "sha256": f"{seq:064x}", "verdict": "hold",
                    "rules": ["AUDIO_MATCH"], "policies": [{"id": "generic", "version": "1"}],
                    "scan_id": "s_0", "tool_version": "0.1.0"}
            text = json.dumps(body, separators=(",", ":"))
            before = hashlib.sha256(text.encode()).hexdigest()
            file.write(f'{text[:-1]},"hash":"{before}"}}\n')


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", required=True)
    options.add_argument("--index", required=True)
    options.add_argument("--clip", required=True)
    options.add_argument("--entries", type=int, default=100_000)
    options.add_argument("--decisions", type=int, default=40)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        log = os.path.join(work, "log.jsonl")
        write_log(log, options.entries)
        size = os.path.getsize(log)
        start = time.monotonic()
        service = Service(options.binary, options.index, os.path.join(work, "state"), "--decisions", log)
        started = time.monotonic() - start
        connection = service.connection()
        with open(options.clip, "rb") as file:
            _, job = submit(connection, os.path.basename(options.clip), file.read())
        while (told_job := told(connection, "GET", "/v1/jobs/" + job["id"])[1])["state"] != "done":
            assert told_job["state"] != "failed", told_job
            time.sleep(0.1)
        upload = told_job["uploads"][0]
        times = []
        for number in range(options.decisions):
            wish = {"action": "hold" if number % 2 else "reject", "reason": f"round {number}"}
            start = time.monotonic()
            status, answer = told(connection, "POST", f"/v1/uploads/{upload}/decisions", wish)
            times.append(1000 * (time.monotonic() - start))
            assert status == 201, answer
        service.stop()
    print(json.dumps({
        "entries": options.entries, "log_mb": round(size / 1e6, 1), "start_s": round(started, 2),
        "decision_p50_ms": round(percentile(times, 0.5), 1),
        "decision_p95_ms": round(percentile(times, 0.95), 1),
        "decision_max_ms": round(max(times), 1),
    }))


main()
