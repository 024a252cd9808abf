#!/usr/bin/env python3
"""What an honest receiver of a webhook notices of twenty that do wrong: from a file in the inbox to its events, alone and beside them.

    evil_receivers.py --program build/release/gridtwin [--rounds 200]

Prints one JSON object: milliseconds at the median and the 99th percentile of both, and the ratio of the latter."""

import argparse
import json
import pathlib
import sys
import tempfile
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
from harness import Program  # noqa: E402  pylint: disable=wrong-import-position
from node import simulated  # noqa: E402  pylint: disable=wrong-import-position
from webhook_receivers import Evil, Receiver, hold, server_tls  # noqa: E402  pylint: disable=wrong-import-position
from webhooks import PushNode, evil_receivers  # noqa: E402  pylint: disable=wrong-import-position


def measure(node, honest, header, lines, rounds, name):
    """Seconds of each round, ascending; a round brings some readings."""
    times, size = [], len(lines) // rounds
    for number in range(rounds):
        before, began = honest.taken, time.perf_counter()
        node.bring(f"{name}{number:04}.csv", header + b"".join(lines[number * size:(number + 1) * size]))
        while honest.taken == before:
            time.sleep(0.001)
        times.append(time.perf_counter() - began)
        while len(node.names("done")) <= number:
            time.sleep(0.001)
    return sorted(times)


def run(context, rounds, with_evil):
    estate, header, lines = simulated(context, 100, 2)
    node, inside = PushNode(context, estate), Evil(hold, host="127.0.0.2")
    honest = Receiver(server_tls(node.pki))
    node.push("honest", honest.port)
    evil = evil_receivers(node, inside) if with_evil else []
    for name, listener, options in evil:
        node.push(name, listener.port, host=listener.host, request_s=3, **options)
    node.start()
    times = measure(node, honest, header, lines, rounds, "part")
    connections = inside.connections
    node.end()
    for one in [inside] + [listener for _, listener, _ in evil]:
        one.close()
    honest.close()
    return times, connections


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    out = {"rounds": options.rounds}
    for name, with_evil in (("alone", False), ("beside_twenty", True)):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            context = types.SimpleNamespace(program=Program(options.program), folder=folder, fresh=lambda part, at=folder: at / part)
            times, connections = run(context, options.rounds, with_evil)
        out[name] = {"p50_ms": round(times[len(times) // 2] * 1e3, 1), "p99_ms": round(times[int(len(times) * 0.99)] * 1e3, 1)}
        out["connections_inside"] = connections
    out["p99_ratio"] = round(out["beside_twenty"]["p99_ms"] / out["alone"]["p99_ms"], 2)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
