#!/usr/bin/env python3
"""Measures a live node with its client on this machine, over TLS, and prints a table.

    live.py --program build/release/gridtwin [--meters 200000] [--seconds 20] [--runs 3] [--work FOLDER] [--out FILE.json]

Each run starts a node over a new store. Loads are open loop (`gridtwin load`): a time counts from when a message was due. Each
answer is held against the store; the script fails where one does not hold.
"""

import argparse
import json
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys

POLICY = "version = 1\n" + "".join(f'[identities."urn:gridtwin:device:head-end-{n}"]\nmeters = "all"\n' for n in (1, 2))


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
""")
        self.process = subprocess.Popen([program, "run", "--config", config], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        said = self.process.stderr.readline()
        found = re.search(r"port (\d+)", said)
        if not found:
            raise SystemExit(said + self.process.stderr.read())
        self.port = int(found[1])

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=120)


def load(program, work, estate, form, rate, seconds, follow):
    node = Node(program, work, estate)
    arguments = [program, "load", "--to", f"localhost:{node.port}", "--trust", work / "pki/services/root.pem", "--estate", estate,
                 "--cert", work / "pki/head-end-1.pem", "--key", work / "pki/head-end-1.key", "--form", form, "--rate", rate,
                 "--seconds", seconds, "--json"]
    arguments += ["--store", work / "store"] + (["--reader"] if follow else [])
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    resident = node.resident_bytes()
    node.end()
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(done.stdout) | {"node_bytes": resident}


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
        if follow:
            rows.append(("... due to the event at a reader", f"p50 {median(lambda r: r['reader_ms']['p50']):.0f}, p90 {median(lambda r: r['reader_ms']['p90']):.0f}, p99 {median(lambda r: r['reader_ms']['p99']):.0f} ms"))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    print("| | |\n|---|---|\n" + "".join(f"| {what} | {figure} |\n" for what, figure in rows), end="")


if __name__ == "__main__":
    main()
