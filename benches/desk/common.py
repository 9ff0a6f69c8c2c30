"""What the scripts of this folder share: a service to start, a client, and what it costs."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import uuid

BETWEEN = "----soundalike-bench"


class Service:
    """`soundalike serve` as a child, on a port of its own."""

    def __init__(self, binary, index, state, *more):
        args = [binary, "serve", "--index", index, "--state", state, "--who", "bench"]
        args += ["--listen", "127.0.0.1:0", "--reserve", "0", *more]
        self.child = subprocess.Popen(args, stderr=subprocess.PIPE, text=True)
        said = ""
        while True:
            line = self.child.stderr.readline()
            if not line:
                raise SystemExit("the service did not start: " + said)
            said += line
            found = re.search(r"listening on http://([0-9.]+):(\d+)", line)
            if found:
                self.host, self.port = found[1], int(found[2])
                break
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        for _ in self.child.stderr:
            pass

    def connection(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=600)

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(timeout=120)

    def cpu_and_memory(self):
        """Seconds of CPU of the service and all that it started, and bytes in memory of those alive."""
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        seconds, memory, pids = 0.0, 0, [self.child.pid]
        while pids:
            pid = pids.pop()
            try:
                with open(f"/proc/{pid}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                # Each thread lists those that it started.
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as file:
                        pids += [int(child) for child in file.read().split()]
            except OSError:
                continue
            # utime, stime, and those of children that ended.
            seconds += sum(int(field) for field in fields[11:15]) / tick
            memory += int(fields[21]) * page
        return seconds, memory


def ask(connection, method, path, body=None, headers=None):
    """Status and body of an answer."""
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def told(connection, method, path, body=None):
    headers = {"content-type": "application/json"} if body is not None else {}
    text = json.dumps(body) if body is not None else None
    status, answer = ask(connection, method, path, text, headers)
    return status, json.loads(answer) if answer else None


def submit(connection, name, content, key=None):
    head = (
        f'--{BETWEEN}\r\nContent-Disposition: form-data; name="audio"; filename="{name}"\r\n\r\n'
    ).encode()
    body = head + content + f"\r\n--{BETWEEN}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={BETWEEN}"}
    headers["idempotency-key"] = key or uuid.uuid4().hex
    while True:
        status, answer = ask(connection, "POST", "/v1/uploads", body, headers)
        if status not in (429, 503):
            return status, json.loads(answer)
        time.sleep(0.2)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
