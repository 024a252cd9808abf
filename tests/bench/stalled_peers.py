#!/usr/bin/env python3
"""How much an honest peer of a running node notices of thousands that stall in their handshake, and of one at many times its rate.

    stalled_peers.py --program build/release/gridtwin [--stalled 5000] [--rounds 2000]

Prints the percentiles of an honest sender's batch of 48 readings, from its submission to its durable answer, without and with
them, and the ratio. Needs as many descriptors as there are stalled peers; as many as the limit allows are made."""

import argparse
import pathlib
import resource
import socket
import sys
import tempfile
import threading
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
from harness import Program, mpan, small_estate, utc  # noqa: E402  pylint: disable=wrong-import-position
from live_node import ListeningNode  # noqa: E402  pylint: disable=wrong-import-position
from wire_peers import BUSY, SUBMIT, Peer, day_run, frame, submit  # noqa: E402  pylint: disable=wrong-import-position

METERS = [mpan(200_000_000_000 + 11 * number) for number in range(200)]
PERIOD = utc("2026-03-01") // 1800 + 1
POLICY = "".join(f'[identities."urn:gridtwin:device:head-end-{number}"]\nmeters = "all"\n' for number in (1, 2))


def peer_of(node, name):
    trusted = types.SimpleNamespace(folder=node.pki, trust=node.pki / "services/root.pem", arguments=lambda name: None)
    return Peer(types.SimpleNamespace(certificates=trusted, port=node.port), name)


def measure(peer, rounds, first_batch):
    """Seconds of each batch, ascending."""
    times = []
    for turn in range(rounds):
        batch = first_batch + turn
        before = time.perf_counter()
        peer.ask(batch, 48 * batch, day_run(METERS[batch % 100], PERIOD + 48 * (batch // 100), [batch % 500] * 48))
        times.append(time.perf_counter() - before)
    return sorted(times)


def percentile(times, part):
    return times[min(len(times) - 1, int(len(times) * part))]


class Stalled:
    """Connections that never begin their handshake, from many addresses; each that the node cuts is made anew."""

    def __init__(self, port, count):
        self.port, self.count, self.made, self.ending = port, count, 0, threading.Event()
        self.full = threading.Event()
        self.thread = threading.Thread(target=self.keep)
        self.thread.start()

    def one(self):
        self.made += 1
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((f"127.1.{self.made // 200 % 200}.{self.made % 200 + 1}", 0))
        try:
            connection.connect(("127.0.0.1", self.port))
        except BlockingIOError:
            pass
        return connection

    def keep(self):
        live = []
        while not self.ending.is_set():
            still = []
            for connection in live:
                try:
                    if connection.recv(1):
                        still.append(connection)
                    else:
                        connection.close()
                except BlockingIOError:
                    still.append(connection)
                except OSError:
                    connection.close()
            live = still
            while len(live) < self.count:
                live.append(self.one())
            self.full.set()
            self.ending.wait(0.2)
        for connection in live:
            connection.close()

    def end(self):
        self.ending.set()
        self.thread.join()


class Flood:
    """An identity that sends as fast as its credit lets it."""

    def __init__(self, node):
        self.peer, self.readings, self.busy, self.ending = peer_of(node, "head-end-2"), 0, 0, threading.Event()
        self.thread = threading.Thread(target=self.keep)
        self.thread.start()

    def keep(self):
        batch = 0
        while not self.ending.is_set():
            batch += 1
            runs = [day_run(meter, PERIOD + 48 * batch, [7] * 48) for meter in METERS[100:]]
            self.peer.send(frame(SUBMIT, submit(batch, batch * 48 * 100, *runs)))
            answer = self.peer.answer()
            self.readings += 48 * 100
            self.busy += sum(count for count, outcome, *_ in answer if outcome == BUSY)

    def end(self):
        self.ending.set()
        self.thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--stalled", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=2000)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    stalled = min(options.stalled, hard - 200)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        context = types.SimpleNamespace(program=Program(options.program), folder=folder, fresh=lambda part: folder / part)
        node = ListeningNode(context, small_estate(folder / "estate", METERS), POLICY)
        node.start()
        honest = peer_of(node, "head-end-1")
        measure(honest, 100, 1)
        rounds = options.rounds
        results = {"alone": measure(honest, rounds, 200)}
        peers = Stalled(node.port, stalled)
        peers.full.wait()
        results[f"with {stalled:,} stalled peers"] = measure(honest, rounds, 200 + rounds)
        flood = Flood(node)
        began = time.perf_counter()
        results["... and a flood"] = measure(honest, rounds, 200 + 2 * rounds)
        took = time.perf_counter() - began
        flood.end()
        peers.end()
        alone = percentile(results["alone"], 0.99)
        for what, times in results.items():
            p99 = percentile(times, 0.99)
            print(f"{what:28} p50 {percentile(times, 0.5) * 1e3:7.2f} ms  p99 {p99 * 1e3:7.2f} ms  p99 against alone {p99 / alone:.2f}")
        own = 48 * rounds / took
        print(f"the flood offered {flood.readings / took:,.0f} readings a second, {flood.readings / took / own:.0f} times the honest "
              f"sender's {own:,.0f}; {flood.busy:,} of them were told busy; {peers.made:,} connections stalled in all")
        node.kill()


if __name__ == "__main__":
    main()
