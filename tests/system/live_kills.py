#!/usr/bin/env python3
"""A node with a head-end and a reader, both all the time, while node and head-end are killed at random: what is in the log at the end, and
what the reader got, is held against the files by arithmetic of this file's own."""

import http.client
import itertools
import json
import random
import re
import ssl
import threading
import time

import harness
from harness import check, check_equal, utc, utc_text
from live_node import ListeningNode
from node import LIMIT_S, simulated

POLICY = """[identities."urn:gridtwin:device:head-end-1"]
meters = "all"
[identities."urn:gridtwin:service:settlement:settlement-1"]
"""
EVENTS, POINTER = "/v1/topics/reading/events", "/v1/pointers/steady"
GONE = (OSError, http.client.HTTPException)  # what a reader sees of a node that was killed


class WholeNode(ListeningNode):
    """Listens for head-ends and answers readers."""

    def __init__(self, context, estate):
        super().__init__(context, estate, POLICY)
        self.http_port = 0

    def start(self, **options):
        with_readers = self.settings + f"""
[http]
address = "127.0.0.1"
port = {self.http_port}
certificate = "{self.server}.pem"
key = "{self.server}.key"
services_roots = "{self.pki}/services/root.pem"
services_revocations = "{self.pki}/services/revoked.pem"
operators_roots = "{self.pki}/operators/root.pem"
operators_revocations = "{self.pki}/operators/revoked.pem"
policy = "{self.folder}/access.toml"
"""
        frames_alone, self.settings = self.settings, with_readers
        try:
            super().start(**options)
        finally:
            self.settings = frames_alone
        self.http_port = int(re.search(r"HTTPS at 127.0.0.1 port (\d+)", self.told)[1])


class Steady:
    """A reader with a pointer of its own, from before the first reading to the end, over however many nodes."""

    def __init__(self, node):
        self.node, self.events, self.pages, self.lost = node, [], 0, 0
        self.tls = ssl.create_default_context(cafile=node.pki / "services/root.pem")
        self.tls.load_cert_chain(node.pki / "settlement-1.pem", node.pki / "settlement-1.key")
        self.ending, self.failure = threading.Event(), None
        self.thread = threading.Thread(target=self.run)

    def ask(self, method, target, body=None):
        connection = http.client.HTTPSConnection("localhost", self.node.http_port, timeout=LIMIT_S, context=self.tls)
        try:
            connection.request(method, target, body=body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def persist(self, *request):
        """The answer, of whichever node gives one."""
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                return self.ask(*request)
            except GONE:
                check(time.monotonic() < end, f"an answer to {request}")
                self.lost += 1
                time.sleep(0.05)

    def run(self):
        try:
            self.read_all()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def read_all(self):
        status, _, _ = self.persist("PUT", POINTER, '{"topic":"reading","position":"-"}')
        check(status in (200, 201), f"a new pointer: {status}")
        at, last_look = "-", False
        while True:
            status, fields, page = self.persist("GET", f"{EVENTS}?pointer=steady&limit=2000")
            check_equal(status, 200, f"a page: {page[:200]}")
            to = fields["Gridtwin-Position"]
            if to != at:
                status, _, said = self.persist("PUT", POINTER, json.dumps({"topic": "reading", "position": to, "earlier": at}))
                check_equal(status, 200, f"the pointer moves, once: {said[:200]}")
                self.events += map(json.loads, page.splitlines())
                self.pages, at = self.pages + 1, to
            elif page:
                check(False, "events that do not move the position")
            if fields["Gridtwin-At-End"] == "true":
                if last_look:
                    return
                last_look = self.ending.is_set()
                time.sleep(0.02)


def day_of(meters, first_s, number, dice):
    """(lines of a file, what they say): a day of each meter."""
    lines, said = [], {}
    for meter in meters:
        for period in range(48):
            wh, end = dice.randint(1, 2500), utc_text(first_s + (number * 48 + period + 1) * 1800)
            said[meter, end] = wh
            lines.append(f"{meter},{end},{wh // 1000}.{wh % 1000:03}\n")
    dice.shuffle(lines)
    return "mpan,period_end,kwh\n" + "".join(lines), said


class HeadEnd:
    """Sends one file after the other, with one spool; started again where it was killed."""

    def __init__(self, context, node, files):
        self.context, self.node, self.files, self.spool = context, node, files, context.folder / "spool"
        self.process = None

    def go_on(self):
        if self.process and self.process.poll() is None:
            return
        if self.process:
            _, err = self.process.communicate()
            check(self.process.returncode in (0, -9), f"exit {self.process.returncode} of a sender: {err.decode()}")
        self.process = self.context.program.start(*self.node.send_arguments("head-end-1", self.spool, next(self.files)))

    def kill(self):
        self.process.kill()


def stopped_under_load(context, meters, stops, seed, stop_node):
    """`stop_node(node)` ends it, one way or another; every third time the head-end is killed."""
    estate, _, _ = simulated(context, meters, 1)
    ours = [row["mpan"] for row in harness.read_csv((estate / "meters.csv").read_bytes())]
    dice, said, first_s, files = random.Random(seed), {}, utc("2026-03-01"), []

    def next_file():
        for number in itertools.count():
            text, of_day = day_of(ours, first_s, number, random.Random(f"{seed}-{number}"))
            said.update(of_day)
            files.append(context.folder / f"day{number}.csv")
            files[-1].write_text(text)
            yield files[-1]

    node = WholeNode(context, estate)
    node.start()
    head_end, reader = HeadEnd(context, node, next_file()), Steady(node)
    reader.thread.start()
    counts = {"node": 0, "sender": 0}
    for number in range(stops):
        until_s = time.monotonic() + 0.1 + dice.random() * 1.4
        while time.monotonic() < until_s:
            head_end.go_on()
            time.sleep(0.01)
        victim = "sender" if number % 3 == 2 else "node"
        counts[victim] += 1
        if victim == "node":
            stop_node(node)
            node.start()
        else:
            head_end.kill()
    head_end.kill()
    head_end.process.communicate()
    # What a killed sender had of a file it has not told us; offered again whole, what the node has is known.
    for file in files:
        summary = json.loads(context.program.run(*node.send_arguments("head-end-1", head_end.spool, file)))
        check_equal(summary["unanswered"], 0, f"what became of {file.name}: {summary}")
    reader.ending.set()
    reader.thread.join(LIMIT_S)
    check(not reader.thread.is_alive(), "the reader comes to the end")
    if reader.failure:
        raise reader.failure
    print(f"    {counts['node']} ends of the node, {counts['sender']} of the head-end; {len(files)} files of {len(ours) * 48} readings; "
          f"{reader.pages} pages, {reader.lost} requests without an answer")
    of_reader = [(e["mpan"], e["period_end"], e["wh"]) for e in reader.events]
    expected = sorted((mpan, end, wh) for (mpan, end), wh in said.items())
    check_equal(len(of_reader), len(set(of_reader)), "each reading once")
    check(sorted(of_reader) == expected, f"the reader got {len(of_reader)} of {len(expected)} readings, as the files have them")
    log = [json.loads(line) for line in context.program.run("tail", "reading", "--store", node.store).splitlines()]
    check_equal(len(log), len(expected), "readings in the log")
    check_equal(sorted(e["id"] for e in log), sorted({e["id"] for e in log}), "each has an id of its own")
    node.end()
    store = context.fresh("replayed")
    context.program.run("replay", "--estate", estate, "--reads", *files, "--store", store)
    check_equal(context.program.digests(node.store), context.program.digests(store), "digests of the node's store and of a replay")


def p1_p4_killed_at_random_under_load(context):
    stopped_under_load(context, 150, context.options.kills, context.options.seed, WholeNode.kill)


def dl_11_told_to_stop_under_load(context):
    """SIGTERM: a node ends in good order, whatever is on its way."""
    stopped_under_load(context, 150, 4, context.options.seed, WholeNode.end)


def add_arguments(parser):
    parser.add_argument("--kills", type=int, default=8, help="of node and head-end together (8)")
    parser.add_argument("--seed", type=int, default=1)


if __name__ == "__main__":
    harness.main(__doc__, [p1_p4_killed_at_random_under_load, dl_11_told_to_stop_under_load], add_arguments)
