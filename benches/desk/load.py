#!/usr/bin/env python3
"""Uploads from many clients at once: what it costs over `scan` of the same files, and how long readers wait.

    load.py --binary soundalike --index INDEX --audio DIR [--uploads 500] [--clients 16]

Files are taken from DIR in turn; each upload is content of its own (bytes are added to its end, which decoders
pass over). Prints one JSON object.
"""

import argparse
import json
import os
import queue
import random
import resource
import shutil
import subprocess
import tempfile
import threading
import time

from common import Service, ask, percentile, submit, told

READS = ["/v1/uploads", "/v1/uploads?status=open&order=newest", "/v1/uploads?q=mix", "/", "/v1/clusters"]


def scan_cost(binary, index, files):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    with open(os.devnull, "w") as nothing:
        subprocess.run([binary, "scan", "--index", index, "--format", "jsonl", "--quiet", *files],
                       stdout=nothing, stderr=nothing, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - start


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", required=True)
    options.add_argument("--index", required=True)
    options.add_argument("--audio", required=True)
    options.add_argument("--uploads", type=int, default=500)
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--work", default=None)
    options = options.parse_args()
    work = tempfile.mkdtemp(dir=options.work)
    sources = sorted(os.path.join(options.audio, name) for name in os.listdir(options.audio))
    files = []
    for number in range(options.uploads):
        source = sources[number % len(sources)]
        path = os.path.join(work, f"{number:05}{os.path.splitext(source)[1]}")
        shutil.copyfile(source, path)
        with open(path, "ab") as file:
            file.write(number.to_bytes(8, "little") * 4)
        files.append(path)
    scanned, scan_time = scan_cost(options.binary, options.index, files)

    service = Service(options.binary, options.index, os.path.join(work, "state"))
    waiting = queue.Queue()
    for path in files:
        waiting.put(path)
    jobs, errors, reads, memory = [], [], [], [0]
    done = threading.Event()

    def send():
        connection = service.connection()
        while True:
            try:
                path = waiting.get_nowait()
            except queue.Empty:
                return
            with open(path, "rb") as file:
                status, job = submit(connection, os.path.basename(path), file.read())
            (jobs if status == 202 else errors).append(job)

    def read():
        connection, chance = service.connection(), random.Random(1)
        while not done.is_set():
            path = chance.choice(READS)
            start = time.monotonic()
            status, _ = ask(connection, "GET", path)
            reads.append(time.monotonic() - start)
            if status != 200:
                errors.append({"path": path, "status": status})
            time.sleep(0.05)

    def watch():
        while not done.is_set():
            memory[0] = max(memory[0], service.cpu_and_memory()[1])
            time.sleep(0.25)

    start = time.monotonic()
    threads = [threading.Thread(target=send) for _ in range(options.clients)]
    others = [threading.Thread(target=work) for work in (read, read, watch)]
    for thread in threads + others:
        thread.start()
    for thread in threads:
        thread.join()
    sent = time.monotonic() - start
    connection = service.connection()
    for job in jobs:
        while told(connection, "GET", "/v1/jobs/" + job["id"])[1]["state"] not in ("done", "failed"):
            time.sleep(0.2)
    took = time.monotonic() - start
    cpu, _ = service.cpu_and_memory()
    done.set()
    for thread in others:
        thread.join()
    service.stop()
    shutil.rmtree(work)
    print(json.dumps({
        "uploads": len(jobs), "clients": options.clients, "errors": errors[:5], "error_count": len(errors),
        "scan_cpu_s": round(scanned, 1), "scan_wall_s": round(scan_time, 1),
        "serve_cpu_s": round(cpu, 1), "serve_wall_s": round(took, 1), "sending_s": round(sent, 1),
        "overhead": round(cpu / scanned, 3),
        "reads": len(reads), "read_p50_ms": round(1000 * percentile(reads, 0.5), 1),
        "read_p95_ms": round(1000 * percentile(reads, 0.95), 1),
        "memory_mb": round(memory[0] / 1e6),
    }))


main()
