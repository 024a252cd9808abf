#!/usr/bin/env python3
"""Measures a live node with its client on this machine, over TLS, and prints a table.

    live.py --program build/release/gridtwin [--meters 200000] [--seconds 20] [--runs 3] [--work FOLDER] [--out FILE.json]

Each run starts a node over a new store. Loads are open loop (`gridtwin load`): a time counts from when a message was due. Each
answer is held against the store; the script fails where one does not hold. Events are read twice: by the load from the store's log,
and, one half hour a message, by a reader of this script's own from the node's HTTPS stream, which must get each event once.
"""

import argparse
import calendar
import csv
import http.client
import json
import multiprocessing
import pathlib
import re
import shutil
import signal
import ssl
import statistics
import subprocess
import sys
import time

POLICY = "version = 1\n" + "".join(f'[identities."urn:gridtwin:device:head-end-{n}"]\nmeters = "all"\n' for n in (1, 2)) + '[identities."urn:gridtwin:service:settlement:settlement-1"]\n'
STREAM = "/v1/topics/reading/events"
EVENT = re.compile(rb'"mpan":"(\d+)".*?"period_end":"([^"]+)"')
COUNTED = b'"period_end"'  # once an event
PATIENCE_S = 30  # without an event


def second(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


FIRST_S = second("2026-01-01T00:00:00Z")  # of a load's first day


class Node:
    def __init__(self, program, work, estate):
        self.program, self.work = program, work
        shutil.rmtree(work / "store", ignore_errors=True)
        config = work / "gridtwin.toml"
        config.write_text(f"""[node]
estate = "{estate}"
store = "{work}/store"
judge_by = "nothing"
[frames]
address = "127.0.0.1"
port = 0
certificate = "{work}/pki/server.pem"
key = "{work}/pki/server.key"
roots = "{work}/pki/devices/root.pem"
revocations = "{work}/pki/devices/revoked.pem"
policy = "{work}/access.toml"
[http]
address = "127.0.0.1"
port = 0
certificate = "{work}/pki/server.pem"
key = "{work}/pki/server.key"
services_roots = "{work}/pki/services/root.pem"
services_revocations = "{work}/pki/services/revoked.pem"
operators_roots = "{work}/pki/operators/root.pem"
operators_revocations = "{work}/pki/operators/revoked.pem"
policy = "{work}/access.toml"
""")
        self.process = subprocess.Popen([program, "run", "--config", config], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        said = self.process.stderr.readline()
        found = re.findall(r"port (\d+)", said)
        if len(found) != 2:
            raise SystemExit(said + self.process.stderr.read())
        self.port, self.http_port = map(int, found)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=120)


class StreamReader:
    """Reads the node's stream of readings, in a process of its own, and notes when each piece of it came."""

    def __init__(self, work, port, events):
        self.pieces, theirs = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.Process(target=self.keep, args=(work, port, events, theirs), daemon=True)
        self.process.start()
        self.pieces.recv()  # it has begun

    @staticmethod
    def keep(work, port, events, pieces):
        tls = ssl.create_default_context(cafile=work / "pki/services/root.pem")
        tls.load_cert_chain(work / "pki/settlement-1.pem", work / "pki/settlement-1.key")
        connection = http.client.HTTPSConnection("localhost", port, context=tls, timeout=PATIENCE_S)
        connection.request("GET", STREAM, headers={"Accept": "text/event-stream"})
        answer = connection.getresponse()
        pieces.send(answer.status)
        found, count, end = [], 0, b""
        while count < events:
            try:
                piece = answer.read1(1 << 20)
            except OSError:
                break
            if not piece:
                break
            found.append((time.monotonic_ns() // 1000, piece))
            end += piece
            count += end.count(COUNTED)
            end = end[1 - len(COUNTED):]
        pieces.send(found)

    def latencies(self, order, rate, began_us):
        """Milliseconds from when each reading was due, ascending; each must have come, and once."""
        pieces, rest, out, seen = self.pieces.recv(), b"", [], set()
        self.process.join()
        for at_us, piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if event := EVENT.search(line):
                    number = ((second(event[2].decode()) - FIRST_S) // 1800 - 1) * len(order) + order[event[1]]
                    seen.add(number)
                    out.append((at_us - began_us - number / rate * 1e6) / 1e3)
        if len(seen) != len(out):
            raise SystemExit(f"the stream has {len(out) - len(seen)} events twice")
        return sorted(out)


def order_of(estate):
    """Places of meters as a load takes them: by feeder, then by MPAN."""
    with (estate / "meters.csv").open(newline="") as rows:
        keys = sorted({(row["transformer_id"], row["feeder_id"], int(row["mpan"])) for row in csv.DictReader(rows)})
    return {str(mpan).encode(): place for place, (_, _, mpan) in enumerate(keys)}


def load(program, work, estate, form, rate, seconds, follow):
    node = Node(program, work, estate)
    stream = StreamReader(work, node.http_port, int(rate * seconds)) if follow and form == "half-hour" else None
    arguments = [program, "load", "--to", f"localhost:{node.port}", "--trust", work / "pki/services/root.pem", "--estate", estate,
                 "--cert", work / "pki/head-end-1.pem", "--key", work / "pki/head-end-1.key", "--form", form, "--rate", rate,
                 "--seconds", seconds, "--json"]
    arguments += ["--store", work / "store"] + (["--reader"] if follow else [])
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    found = json.loads(done.stdout)
    if stream:
        times = stream.latencies(order_of(estate), rate, found["began_us"])
        if len(times) != found["readings"]:
            raise SystemExit(f"the stream has {len(times)} of {found['readings']} events")
        found["stream_ms"] = {f"p{part}": times[min(len(times) - 1, len(times) * part // 100)] for part in (50, 90, 99)}
    found["node_bytes"] = node.resident_bytes()
    node.end()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--meters", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/live"))
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    work, program = options.work.resolve(), options.program.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    estate = work / "estate"
    subprocess.run([program, "sim", "estate", "--meters", str(options.meters), "--out", estate], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([program, "pki", "init", "--out", work / "pki"], check=True, stdout=subprocess.DEVNULL)
    (work / "access.toml").write_text(POLICY)

    # Of the first two more is due than a machine takes: what counts is how fast it is answered.
    cases = [("days", "day", 200_000, options.seconds / 2, False), ("half hours", "half-hour", 3_000_000, options.seconds / 2, False),
             ("12,000 half hours a second", "half-hour", 12_000, options.seconds, True),
             ("12,000 days a second", "day", 12_000, options.seconds, True)]
    found, rows = {}, []
    for name, form, rate, seconds, follow in cases:
        runs = []
        for turn in range(options.runs):
            print(f"{name}, run {turn + 1} of {options.runs}", file=sys.stderr, flush=True)
            runs.append(load(program, work, estate, form, rate, seconds, follow))
        found[name] = runs
        median = lambda pick: statistics.median(pick(r) for r in runs)
        rows.append((name, f"{median(lambda r: r['answered_per_s']) / 1e6:.2f} M readings answered a second, node {median(lambda r: r['node_bytes']) / 1e6:.0f} MB"))
        rows.append(("... due to answered", f"p50 {median(lambda r: r['answer_ms']['p50']):.0f}, p90 {median(lambda r: r['answer_ms']['p90']):.0f}, p99 {median(lambda r: r['answer_ms']['p99']):.0f} ms"))
        if "stream_ms" in runs[0]:
            rows.append(("... due to the event at a reader by HTTPS", f"p50 {median(lambda r: r['stream_ms']['p50']):.0f}, p90 {median(lambda r: r['stream_ms']['p90']):.0f}, p99 {median(lambda r: r['stream_ms']['p99']):.0f} ms"))
        if follow:
            rows.append(("... due to the event at a reader of the log", f"p50 {median(lambda r: r['reader_ms']['p50']):.0f}, p90 {median(lambda r: r['reader_ms']['p90']):.0f}, p99 {median(lambda r: r['reader_ms']['p99']):.0f} ms"))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    print("| | |\n|---|---|\n" + "".join(f"| {what} | {figure} |\n" for what, figure in rows), end="")


if __name__ == "__main__":
    main()
