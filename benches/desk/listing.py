#!/usr/bin/env python3
"""How long lists and filters take with a long queue.

    listing.py --binary soundalike --index INDEX [--rows 100000] [--requests 400]

The rows are written into the tables of a fresh state, as the service would. Prints one JSON object.
"""

import argparse
import json
import os
import random
import sqlite3
import tempfile
import time

from common import Service, ask, percentile


def fill(path, rows):
    chance = random.Random(7)
    db = sqlite3.connect(path)
    db.execute("INSERT INTO jobs (id, request, state, source, created_at) "
               "VALUES ('j_0', '', 'done', '{}', '2026-01-01T00:00:00Z')")
    columns = [row[1] for row in db.execute("PRAGMA table_info(uploads)")]
    names = [c for c in columns if c not in ("erased_at", "audio_erased_at")]
    insert = f"INSERT INTO uploads ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    words = ["night", "drive", "summer", "void", "echo", "blue", "mix", "glass", "river", "stone"]
    for n in range(1, rows + 1):
        verdict = chance.choices([0, 1, 2, 3], [70, 15, 10, 5])[0]
        title = " ".join(chance.sample(words, 3)) + f" {n}"
        row = {
            "n": n, "id": f"u_{n:016x}", "job": "j_0", "path": f"/in/{n}.mp3", "name": f"{n}.mp3",
            "sha256": f"{n:064x}", "title": title, "artists": f"artist {n % 5000}", "album": None,
            "release": f"R-{n // 10}", "label": f"label {n % 300}", "account": f"acc-{n % 2000}",
            "isrc": None, "duration_ms": 180000, "codec": "mp3",
            "received_at": f"2026-{1 + n * 11 // rows:02}-{1 + n % 28:02}T00:00:00.{n % 1000:03}Z",
            "verdict": verdict, "rank": verdict * 1000000 + n % 100000, "result": "match",
            "matches": 1, "best": "reference", "best_pct": 50.0, "resemblances": 0, "clusters": 0,
            "rules": "AUDIO_MATCH", "says": "It matches.", "error": None, "index_id": "i",
            "status": "open" if verdict else "clear", "revision": 0,
        }
        db.execute(insert, [row[name] for name in names])
        db.execute("INSERT INTO uploads_text (rowid, title, artists, name, isrc, best) "
                   "VALUES (?, ?, ?, ?, NULL, ?)",
                   (n, title, row["artists"], row["name"], row["best"]))
    db.commit()
    db.close()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", required=True)
    options.add_argument("--index", required=True)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--requests", type=int, default=400)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        state = os.path.join(work, "state")
        Service(options.binary, options.index, state).stop()
        fill(os.path.join(state, "desk.sqlite"), options.rows)
        service = Service(options.binary, options.index, state)
        connection, chance = service.connection(), random.Random(3)
        kinds = {
            "open": lambda: "/v1/uploads?status=open",
            "all": lambda: "/v1/uploads?order=newest",
            "verdict": lambda: f"/v1/uploads?verdict={chance.choice(['hold', 'reject', 'review'])}",
            "account": lambda: f"/v1/uploads?account=acc-{chance.randrange(2000)}",
            "label": lambda: f"/v1/uploads?label=label%20{chance.randrange(300)}&status=open",
            "release": lambda: f"/v1/uploads?release=R-{chance.randrange(options.rows // 10)}",
            "age": lambda: f"/v1/uploads?since=2026-{chance.randrange(1, 12):02}-10&status=open",
            "words": lambda: f"/v1/uploads?q={chance.choice(['night', 'river', 'glass%2012'])}",
            "page": lambda: "/?status=open",
        }
        times = {name: [] for name in kinds}
        for number in range(options.requests):
            name = list(kinds)[number % len(kinds)]
            start = time.monotonic()
            status, body = ask(connection, "GET", kinds[name]())
            times[name].append(1000 * (time.monotonic() - start))
            assert status == 200, body
        memory = service.cpu_and_memory()[1]
        service.stop()
    everything = [t for each in times.values() for t in each]
    print(json.dumps({
        "rows": options.rows, "requests": len(everything),
        "p95_ms": round(percentile(everything, 0.95), 1),
        "p95_ms_by_kind": {n: round(percentile(t, 0.95), 1) for n, t in times.items()},
        "memory_mb": round(memory / 1e6),
    }))


main()
