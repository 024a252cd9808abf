#!/usr/bin/env python3
"""How much an honest sender to a running node notices of thousands that stall in their handshake, and of one identity at many times
its rate.

    stalled_peers.py --program build/release/gridtwin [--listener frames|https] [--stalled 5000] [--rounds N]

Prints the percentiles of an honest sender's 48 readings, from their submission to the durable answer, alone, with the stalled peers,
alone again, and with the one that floods; how long a stalled peer was kept; and the node's descriptors before and after. The sender
keeps its session, and another one comes anew each second. Needs as many descriptors as there are stalled peers; as many as the limit
allows are made."""

import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import resource
import select
import socket
import sys
import tempfile
import threading
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
from harness import Program, mpan, small_estate, utc  # noqa: E402  pylint: disable=wrong-import-position
from message_node import TARGET, MessageNode, message  # noqa: E402  pylint: disable=wrong-import-position
from wire_peers import BUSY, SUBMIT, Peer, day_run, frame, submit  # noqa: E402  pylint: disable=wrong-import-position

METERS = [mpan(200_000_000_000 + 11 * number) for number in range(200)]
PERIOD = utc("2026-03-01") // 1800 + 1
# What one identity may send where one floods: so little that a hundred times of it can be sent on this machine. The honest sender
# keeps within it, by seconds between two.
LIMITS = {"frames": "readings_per_s = 10000\nreadings_at_once = 32768\n", "if-021": "requests_per_s = 3\nrequests_at_once = 3\n"}
PACE_S = {"frames": 0.01, "https": 0.35}
UNLIMITED = {"if-021": "requests_per_s = 100000\nrequests_at_once = 100000\n"}
POLICY = "".join(f'[identities."urn:gridtwin:device:head-end-{number}"]\nmeters = "all"\n' for number in (1, 2))
KEEPS = "alone, within its rate"
NOISE_S = 0.02  # between looks at the stalled peers: those that are cut come again at once


def peer_of(node, name):
    trusted = types.SimpleNamespace(folder=node.pki, trust=node.pki / "services/root.pem", arguments=lambda name: None)
    return Peer(types.SimpleNamespace(certificates=trusted, port=node.ports[0]), name)


def percentile(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * part))]


class FramesSender:
    def __init__(self, node, name="head-end-1"):
        self.peer, self.batch = peer_of(node, name), 0

    def prepare(self, _):
        pass

    def send(self):
        self.batch += 1
        batch = self.batch
        self.peer.ask(batch, 48 * batch, day_run(METERS[batch % 100], PERIOD + 48 * (batch // 100), [batch % 500] * 48))


class HttpsSender:
    """Requests are signed before they are timed."""

    def __init__(self, node, name="head-end-1"):
        self.node, self.name, self.connection, self.ready = node, name, node.connect(name), []

    def prepare(self, count):
        for _ in range(count):
            number = len(self.ready)
            body = json.dumps([message(METERS[number % 100], kwh=f"0.{number % 500:03}", day=f"2026-{1 + number // 100 // 28:02}-{1 + number // 100 % 28:02}")]).encode()
            self.ready.insert(0, (body, self.node.signer(self.name).fields(body)))

    def send(self):
        body, fields = self.ready.pop()
        self.connection.request("POST", TARGET, body=body, headers=fields)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status not in (201, 207):
            raise SystemExit(f"an honest sender is answered {answer.status}: {data}")


class Newcomer:
    """A sender that comes anew each second: how long until it is answered."""

    def __init__(self, make):
        self.make, self.times, self.ending = make, [], threading.Event()
        self.thread = threading.Thread(target=self.keep)
        self.thread.start()

    def keep(self):
        while not self.ending.wait(1):
            before = time.perf_counter()
            self.make()
            self.times.append(time.perf_counter() - before)

    def end(self):
        self.ending.set()
        self.thread.join()


def measure(sender, rounds, pace_s=0.0):
    """Seconds of each."""
    sender.prepare(rounds)
    times = []
    for _ in range(rounds):
        before = time.perf_counter()
        sender.send()
        took = time.perf_counter() - before
        times.append(took)
        time.sleep(max(0.0, pace_s - took))
    return times


class Stalled:
    """Connections that never begin their handshake, from many addresses; each that the node cuts is made anew. A process of its
    own, as the flood is: who looks at 5,000 connections in Python holds up the threads beside it."""

    def __init__(self, port, count):
        self.port, self.count = port, count
        self.made, self.kept_s = 0, []  # once it has ended
        self.counts, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self.keep, args=(theirs,), daemon=True)
        self.process.start()
        self.counts.recv()  # all are there

    def one(self):
        self.made += 1
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((f"127.1.{self.made // 200 % 200}.{self.made % 200 + 1}", 0))
        try:
            connection.connect(("127.0.0.1", self.port))
        except BlockingIOError:
            pass
        return connection, time.monotonic()

    def keep(self, counts):
        live, kept, ends, told = {}, [], select.epoll(), False
        while True:
            while len(live) < self.count:
                made = self.one()
                live[made[0].fileno()] = made
                ends.register(made[0], select.EPOLLRDHUP)
            if not told:
                counts.send(None)
            told = True
            if counts.poll(NOISE_S):
                break
            for number, _ in ends.poll(0):  # cut by the node
                connection, since = live.pop(number)
                kept.append(time.monotonic() - since)
                connection.close()
        counts.send((self.made, kept))

    def end(self):
        self.counts.send(None)
        self.made, self.kept_s = self.counts.recv()
        self.process.join()


class FramesFlood:
    """An identity that sends at a hundred times its rate and does not heed that it is to wait: a process of its own, for what is
    measured is the node, not how this program's threads share an interpreter."""

    RATE = 100 * 10_000  # readings a second

    def __init__(self, node):
        self.counts, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self.keep, args=(node, theirs), daemon=True)
        self.process.start()
        self.counts.recv()  # it has begun

    def keep(self, node, counts):
        peer, readings = peer_of(node, "head-end-2"), 48 * 100
        batches = [frame(SUBMIT, submit(batch, batch * readings, *(day_run(meter, PERIOD + 48 * batch, [7] * 48) for meter in METERS[100:])))
                   for batch in range(1, 101)]
        asked = refused = 0
        began = time.monotonic()
        counts.send(None)
        while not counts.poll(max(0.0, began + asked / self.RATE - time.monotonic())):
            peer.send(batches[asked // readings % len(batches)])
            asked += readings
            refused += sum(count for count, outcome, *_ in peer.answer() if outcome == BUSY)
        counts.send((asked, refused, asked / (time.monotonic() - began)))

    def end(self):
        self.counts.send(None)
        self.asked, self.refused, per_s = self.counts.recv()
        self.process.join()
        return per_s


class HttpsFlood:
    """An identity that sends one request on all of its connections, and does not heed that it is to wait."""

    def __init__(self, node):
        self.asked, self.refused, self.ending, self.lock = 0, 0, threading.Event(), threading.Lock()
        body = json.dumps([message(METERS[150])]).encode()
        fields = node.signer("head-end-2").fields(body)
        connections = [node.connect("head-end-2") for _ in range(60)]
        self.threads = [threading.Thread(target=self.keep, args=(one, body, fields)) for one in connections]
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()

    def keep(self, connection, body, fields):
        while not self.ending.is_set():
            try:
                connection.request("POST", TARGET, body=body, headers=fields)
                answer = connection.getresponse()
                answer.read()
            except (http.client.HTTPException, OSError):
                connection.close()
                continue
            with self.lock:
                self.asked += 1
                self.refused += answer.status == 429

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        return self.asked / (time.monotonic() - self.began)


def descriptors(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def flood_figures(options, folder, results):
    """One identity at a hundred times its rate, beside one that keeps within it."""
    is_frames, pace_s = options.listener == "frames", PACE_S[options.listener]
    rounds = options.rounds if is_frames else min(options.rounds, 300)
    context = types.SimpleNamespace(program=Program(options.program), folder=folder, fresh=lambda part: folder / f"limited-{part}")
    node = MessageNode(context, folder / "estate", POLICY)
    node.limits.update(LIMITS)
    node.start()
    sender = (FramesSender if is_frames else HttpsSender)(node)
    measure(sender, 3)
    time.sleep(1)
    results[KEEPS] = measure(sender, rounds, pace_s)
    flood = (FramesFlood if is_frames else HttpsFlood)(node)
    results["... beside a flood"] = measure(sender, rounds, pace_s)
    per_s = flood.end()
    node.kill()
    what, rate = ("readings", 10_000) if is_frames else ("requests", 3)
    return f"the flood: {per_s:,.0f} {what} a second, {per_s / rate:.0f} times its rate; {100 * flood.refused / max(flood.asked, 1):.0f} % of it was refused"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--listener", choices=("frames", "https"), default="frames")
    parser.add_argument("--stalled", type=int, default=5000)
    parser.add_argument("--rounds", type=int, help="of each figure; default: 2000 over HTTPS, 10000 of frames, which take some ten seconds")
    parser.add_argument("--old", action="store_true", help="of a program that has no rate of requests: no flood")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    stalled = min(options.stalled, hard - 200)
    is_frames = options.listener == "frames"
    options.rounds = options.rounds or (10_000 if is_frames else 2000)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        context = types.SimpleNamespace(program=Program(options.program), folder=folder, fresh=lambda part: folder / part)
        node = MessageNode(context, small_estate(folder / "estate", METERS), POLICY)
        if not options.old:
            node.limits.update(UNLIMITED)
        node.start()
        honest = (FramesSender if is_frames else HttpsSender)(node)
        measure(honest, 100)
        rest = descriptors(node)
        newcomer = lambda: (peer_of(node, "head-end-2").close() if is_frames else node.ask(b"", "head-end-2", "/healthz", "GET", fields={}))  # noqa: E731
        results, new = {"alone": measure(honest, options.rounds)}, {}
        comes = Newcomer(newcomer)
        results["alone, and one comes each second"] = measure(honest, options.rounds)
        comes.end()
        new["alone"] = comes.times
        peers = Stalled(node.ports[0 if is_frames else 1], stalled)
        comes = Newcomer(newcomer)
        results[f"with {stalled:,} stalled peers"] = measure(honest, options.rounds)
        comes.end()
        new["with stalled peers"] = comes.times
        most = descriptors(node)
        peers.end()
        end = time.monotonic() + 60
        while descriptors(node) > rest and time.monotonic() < end:
            time.sleep(0.1)
        back = descriptors(node)
        node.kill()
        sent = flood_figures(options, folder, results) if not options.old else ""
        for what, times in results.items():
            base = results[KEEPS if what in (KEEPS, "... beside a flood") else "alone"]
            print(f"{what:34} p50 {percentile(times, 0.5) * 1e3:7.2f} ms  p99 {percentile(times, 0.99) * 1e3:7.2f} ms  "
                  f"p99 against alone {percentile(times, 0.99) / percentile(base, 0.99):.2f}")
        for what, times in new.items():
            if times:
                print(f"who comes anew, {what:18} p50 {percentile(times, 0.5) * 1e3:7.0f} ms  most {max(times) * 1e3:7.0f} ms")
        kept = peers.kept_s or [0]
        print(f"{peers.made:,} connections stalled in all; those that were cut were there {percentile(kept, 0.5):.1f} s (median), {max(kept):.1f} s (most)")
        print(f"descriptors of the node: {rest} before, {most} with them, {back} after")
        print(sent)


if __name__ == "__main__":
    main()
