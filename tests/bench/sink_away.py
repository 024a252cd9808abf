#!/usr/bin/env python3
"""A receiver of a webhook that is away for 72 simulated hours: what its absence costs the node, and how fast it has caught up.

    sink_away.py --program build/release/gridtwin [--meters 2000] [--hours 72] [--files 12] [--control]

Brings the half hours of three days in so many files, each as fast as the node reads it: each is a run. Prints one JSON object: memory of the node (resident, at the end of the first
hours with the receiver there, at the end of its absence, at most while it catches up), seconds to catch up, events a second, and that
as a multiple of the rate at which meters make them (48 a day each); how many were missing, came twice or came before an older one."""

import argparse
import json
import pathlib
import sys
import tempfile
import threading
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
from harness import Program  # noqa: E402  pylint: disable=wrong-import-position
from webhook_receivers import Receiver, server_tls  # noqa: E402  pylint: disable=wrong-import-position
from webhooks import PushNode, free_port  # noqa: E402  pylint: disable=wrong-import-position


def simulated(folder, program, meters, hours):
    """(estate, header, the lines by period, the oldest first): a day, and then so many hours"""
    estate, reads = folder / "estate", folder / "reads.csv"
    program.run("sim", "estate", "--meters", meters, "--out", estate, "--seed", 5)
    program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", (hours + 23) // 24 + 1, "--seed", 5, "--out", reads)
    header, *lines = reads.read_bytes().splitlines(keepends=True)
    column = header.decode().strip().split(",").index("period_end")
    return estate, header, sorted(lines, key=lambda line: line.split(b",")[column])


def bring(node, header, lines, parts, name):
    """One after another, so that each is a run of its own; their lines."""
    size = -(-len(lines) // parts)
    for number in range(parts):
        before = len(node.names("done"))
        node.bring(f"{name}{number:04}.csv", header + b"".join(lines[number * size:(number + 1) * size]))
        while len(node.names("done")) == before:
            time.sleep(0.002)


class Watch:
    """The largest resident memory while it looks."""

    def __init__(self, node):
        self.node, self.most, self.ending = node, 0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending:
            self.most = max(self.most, self.node.resident_bytes())
            time.sleep(0.01)

    def end(self):
        self.ending = True
        self.thread.join()
        return self.most


def wait_for(receiver, count):
    while receiver.taken < count:
        time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--meters", type=int, default=2000)
    parser.add_argument("--hours", type=int, default=72)
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--control", action="store_true", help="the receiver stays, to compare the node's memory with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = Program(options.program)
        context = types.SimpleNamespace(program=program, folder=folder, fresh=lambda part: folder / part)
        estate, header, lines = simulated(folder, program, options.meters, options.hours)
        node, port = PushNode(context, estate), free_port()
        node.push("sink", port, most_events=5000)
        receiver = Receiver(server_tls(node.pki), port=port)
        node.start()
        # As much with the receiver there as without it: the twins' own memory grows with what they know.
        first = len(lines) // 2 if options.hours < 24 else len(lines) * 24 // (24 + options.hours)
        bring(node, header, lines[:first], options.files, "there")
        wait_for(receiver, first)
        with_receiver = node.resident_bytes()
        if not options.control:
            receiver.close()
        began = time.monotonic()
        bring(node, header, lines[first:], options.files, "away")
        ingest = time.monotonic() - began
        away = node.resident_bytes()
        backlog = len(lines) - first
        if options.control:
            wait_for(receiver, len(lines))
            print(json.dumps({"meters": options.meters, "resident_bytes": {"before": with_receiver, "after": node.resident_bytes()}}))
            node.end()
            receiver.close()
            return
        watch = Watch(node)
        receiver = Receiver(server_tls(node.pki), port=port)
        program.run("webhooks", "pause", "sink", "--store", node.store)
        time.sleep(2)  # it is seen
        began = time.monotonic()
        program.run("webhooks", "resume", "sink", "--store", node.store)
        wait_for(receiver, backlog)
        took = time.monotonic() - began
        draining = watch.end()
        events = receiver.events()
        places = [(event["shard"], event["offset"], event["place"]) for event in events]
        size = -(-backlog // options.files)
        key = header.decode().strip().split(",").index("period_end"), header.decode().strip().split(",").index("mpan")
        run_of = {(line.split(b",")[key[0]].decode().strip(), line.split(b",")[key[1]].decode().strip()): number // size
                  for number, line in enumerate(lines[first:])}
        runs = [run_of[event["period_end"], event["mpan"]] for event in events]
        nominal = options.meters * 48 / 86400
        print(json.dumps({
            "meters": options.meters, "hours_away": options.hours, "backlog_events": backlog, "taken_in_s": round(ingest, 1),
            "resident_bytes": {"before": with_receiver, "away": away, "draining_most": draining},
            "away_to_before": round(away / with_receiver, 3), "drain_s": round(took, 2), "events_per_s": round(backlog / took),
            "nominal_events_per_s": round(nominal, 2), "multiple_of_nominal": round(backlog / took / nominal),
            "missing": backlog - len(set(places)), "twice": len(places) - len(set(places)),
            "before_an_older_run": sum(later < earlier for earlier, later in zip(runs, runs[1:]))}))
        node.end()
        receiver.close()


if __name__ == "__main__":
    main()
