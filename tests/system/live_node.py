#!/usr/bin/env python3
"""A node over TLS, end to end: certificates of `pki`, head-ends that `send`, and a store as a replay of the same files makes it."""

import json
import random
import re
import time

import harness
from harness import check, check_equal
from node import Node, check_as_replayed, replayed, simulated, until


class ListeningNode(Node):
    """A node with an inbox and a listener, and the certificates of all who come."""

    def __init__(self, context, estate, policy):
        super().__init__(context, estate, judge_by="nothing")
        self.pki = self.folder / "pki"
        context.program.run("pki", "init", "--out", self.pki)
        (self.folder / "access.toml").write_text("version = 1\n" + policy)
        self.port = 0
        self.settings = self.config.read_text()

    def start(self):
        self.config.write_text(self.settings + f"""
[frames]
address = "127.0.0.1"
port = {self.port}
certificate = "{self.pki}/server.pem"
key = "{self.pki}/server.key"
roots = "{self.pki}/devices/root.pem"
revocations = "{self.pki}/devices/revoked.pem"
policy = "{self.folder}/access.toml"
""")
        self.process = self.program.start("run", "--config", self.config, "--json")
        said = self.process.stderr.readline().decode()
        found = re.search(r"ready, listening at 127.0.0.1 port (\d+)", said)
        check(found, f"the node says where it listens: {said}{'' if found else self.process.stderr.read().decode()}")
        self.port = int(found[1])

    def send_arguments(self, who, spool, *files):
        reads = ["--reads", *files] if files else []
        return ["send", "--to", f"localhost:{self.port}", "--cert", self.pki / f"{who}.pem", "--key", self.pki / f"{who}.key",
                "--trust", self.pki / "services/root.pem", "--spool", spool, "--json", *reads]


def in_parts(context, header, lines, parts):
    out = []
    for number in range(parts):
        file = context.folder / f"part{number}.csv"
        file.write_bytes(header + b"".join(lines[number::parts]))
        out.append(file)
    return out


ALL_METERS = '[identities."urn:gridtwin:device:head-end-1"]\nmeters = "all"\n[identities."urn:gridtwin:device:head-end-2"]\nmeters = "all"\n'


def sent_live_and_replayed_are_one(context):
    """Two head-ends send, files come through the inbox, the node and a sender are killed: one digest, equal exports."""
    estate, header, lines = simulated(context, 200, 3)
    store = replayed(context, estate, header, lines)
    node = ListeningNode(context, estate, ALL_METERS)
    first, second, third = in_parts(context, header, lines, 3)
    node.start()
    spools = [context.folder / "spool1", context.folder / "spool2"]
    sender = context.program.start(*node.send_arguments("head-end-1", spools[0], first))
    time.sleep(0.2)
    node.kill()
    sender.kill()
    sender.communicate()
    node.start()
    node.bring("third.csv", third.read_bytes())
    for who, spool, files in (("head-end-1", spools[0], [first]), ("head-end-2", spools[1], [second])):
        summary = json.loads(context.program.run(*node.send_arguments(who, spool, *files)))
        check(summary["readings"] + summary["known"] > 1000 and summary["unanswered"] == 0, f"what became of it: {summary}")
    until(lambda: node.names("done") == ["third.csv"], "the file is read")
    node.end()
    check_as_replayed(context, node, store)


def p1_killed_again_and_again(context):
    """SIGKILL of node and sender at random moments: all that was in the files is in the store, once."""
    estate, header, lines = simulated(context, 150, 2)
    store = replayed(context, estate, header, lines)
    node = ListeningNode(context, estate, ALL_METERS)
    (whole,) = in_parts(context, header, lines, 1)
    spool = context.folder / "spool"
    dice = random.Random(7)
    node.start()
    for _ in range(8):
        sender = context.program.start(*node.send_arguments("head-end-1", spool, whole))
        time.sleep(dice.random() * 0.4)
        if dice.random() < 0.6:
            node.kill()
            node.start()
            time.sleep(dice.random() * 0.2)
        sender.kill()
        sender.communicate()
    context.program.run(*node.send_arguments("head-end-1", spool, whole))
    node.end()
    check_as_replayed(context, node, store)


def t1_a_head_end_speaks_for_its_meters_alone(context):
    """Readings of a meter that is not its own are refused and leave no trace in the store; who is not named does not get in."""
    mpans = [harness.mpan(100_000_000_000 + number) for number in range(2)]
    estate = harness.small_estate(context.folder / "estate", mpans)
    node = ListeningNode(context, estate, '[identities."urn:gridtwin:device:head-end-1"]\nmeters_file = "mine.csv"\n')
    (node.folder / "mine.csv").write_text(f"mpan\n{mpans[0]}\n")
    reads = harness.write_csv(context.folder / "reads.csv", "mpan,period_end,kwh", [(one, "2026-03-01T00:30:00Z", "0.5") for one in mpans])
    node.start()
    done = context.program.try_run(*node.send_arguments("head-end-1", context.folder / "spool1", reads))
    summary = json.loads(done.out)
    check_equal((summary["accepted"], harness.total(summary["rejected"])), (1, 1), f"what became of it: {summary}")
    stranger = context.program.try_run(*node.send_arguments("head-end-2", context.folder / "spool2", reads), "--patience", "1")
    check(stranger.status != 0, "who is not named does not get in")
    node.end()
    check_equal([row["mpan"] for row in context.program.rows("readings", node.store)], mpans[:1], "what is stored")
    check_equal(context.program.rows("rejects", node.store), [], "nothing of the other is kept")


if __name__ == "__main__":
    harness.main(__doc__, [sent_live_and_replayed_are_one, p1_killed_again_and_again, t1_a_head_end_speaks_for_its_meters_alone])
