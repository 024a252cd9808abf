#!/usr/bin/env python3
"""A node over TLS, end to end: certificates of `pki`, head-ends that `send`, and a store as a replay of the same files makes it."""

import json
import os
import random
import re
import signal
import time

import harness
from harness import check, check_equal, check_same_bytes
from node import LIMIT_S, Node, check_as_replayed, replayed, simulated, until
from supervised import Planted, check_no_marker, kept_counters, letters_of, lines_of, suspects, with_kwh


class ListeningNode(Node):
    """A node with an inbox and a listener, and the certificates of all who come."""

    def __init__(self, context, estate, policy, server=None, roots=None, revocations=None):
        """`server`: its certificate and key, but for `.pem` and `.key`; without these three a set of `pki` is made."""
        super().__init__(context, estate, judge_by="nothing")
        self.pki = self.folder / "pki"
        if not server:
            context.program.run("pki", "init", "--out", self.pki)
        self.server = server or self.pki / "server"
        self.roots, self.revocations = roots or self.pki / "devices/root.pem", revocations or self.pki / "devices/revoked.pem"
        (self.folder / "access.toml").write_text("version = 1\n" + policy)
        self.port, self.told = 0, ""
        self.settings = self.config.read_text()

    def start(self, **options):
        self.config.write_text(self.settings + f"""
[frames]
address = "127.0.0.1"
port = {self.port}
certificate = "{self.server}.pem"
key = "{self.server}.key"
roots = "{self.roots}"
revocations = "{self.revocations}"
policy = "{self.folder}/access.toml"
""")
        self.process = self.program.start("run", "--config", self.config, "--json", **options)
        said = self.process.stderr.readline().decode()
        found = re.search(r"ready, listening at 127.0.0.1 port (\d+)", said)
        check(found, f"the node says where it listens: {said}{'' if found else self.process.stderr.read().decode()}")
        self.port, self.told = int(found[1]), said

    def audit(self):
        """Who did what, and who was refused."""
        return [json.loads(line) for line in self.program.run("audit", "--store", self.store, "--json").splitlines()]

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


KILLER, KILLER_WH, DEATHS = "7.654", 7_654, 3


def usual(context, meters, days):
    """(estate, header, lines) without faults, so that one of them may be changed."""
    estate, reads = context.folder / "estate", context.folder / "reads.csv"
    context.program.run("sim", "estate", "--meters", meters, "--out", estate, "--seed", 5)
    context.program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", days, "--seed", 5, "--out", reads)
    header, *lines = reads.read_bytes().splitlines(keepends=True)
    return estate, header, lines


def restart_until_sent(node, senders, faults):
    """Starts the node again whenever a reading has ended it, until all senders are answered. How often that was."""
    deaths, end = 0, time.monotonic() + LIMIT_S
    while any(sender.poll() is None for sender in senders):
        check(time.monotonic() < end, f"the senders are answered, after {deaths} deaths")
        if node.process.poll() is None:
            time.sleep(0.02)
            continue
        _, err = node.process.communicate()
        check_equal(node.process.returncode, -signal.SIGABRT, f"exit after {deaths} deaths: {err.decode()}")
        check((node.store / "in-flight").exists(), "a marker of what was in hand")
        deaths += 1
        check(deaths <= DEATHS, f"it dies again, after {deaths} deaths: {err.decode()}")
        node.start(env={**os.environ, "GRIDTWIN_FAULTS": faults})
    return deaths


def t16_v7_v19_a_submitted_reading_that_ends_the_process(context):
    """The node is started again each time and both senders send again: after three deaths the reading is a dead letter and its
    sender is told, all others are accepted. Played by a program without the fault, it is as if nothing had been."""
    estate, header, lines = usual(context, 200, 2)
    place = 1000
    lines[place] = with_kwh(header.decode().strip(), lines[place].decode().strip(), KILLER).encode() + b"\n"
    store = replayed(context, estate, header, lines)
    faults = f"abort_wh={KILLER_WH}"
    node = ListeningNode(context, estate, ALL_METERS)
    node.program = Planted(context)
    parts = in_parts(context, header, lines, 2)
    node.start(env={**os.environ, "GRIDTWIN_FAULTS": faults})
    senders = [context.program.start(*node.send_arguments(f"head-end-{number}", context.folder / f"spool{number}", part))
               for number, part in enumerate(parts, 1)]
    check_equal(restart_until_sent(node, senders, faults), DEATHS, "deaths")
    told = []
    for sender in senders:
        out, err = sender.communicate()
        check_equal(sender.returncode, 0, f"exit of a sender: {err.decode()}")
        told.append(json.loads(out))
    check_equal([(one["quarantined"], one["rejected"], one["unanswered"]) for one in told],
                [({"twin-failed": 1}, {}, 0), ({}, {}, 0)], "what its sender is told, and the other one")
    check_equal([one["accepted"] + one["duplicates"] for one in told], [len(lines) // 2 - 1, len(lines) // 2], "all others")
    node.end()
    check_no_marker(node.store, "after the deaths")
    letters = letters_of(context.program, node.store)
    check_equal([(one["source"], one["line"], one["cause"], one["attempts"], one["wh"]) for one in letters],
                [("urn:gridtwin:device:head-end-1", place // 2 + 1, "process-died", DEATHS, KILLER_WH)], "dead letters")
    check_equal(suspects(node.store), [], "suspects: the letter stands for the reading, and nobody beside it")
    check_equal(list(kept_counters(node.store).values()), [{"dead-letters-process-died": 1}], "counters, by run")
    killer = (letters[0]["mpan"].encode(), letters[0]["period_end"].encode())
    check_same_bytes(context.program.export("readings", node.store),
                     b"".join(line for line in context.program.export("readings", store).splitlines(keepends=True)
                              if (line.split(b",")[0], line.split(b",")[2]) != killer), "all other readings")

    # Sent again it ends nothing, by whomever.
    node.start(env={**os.environ, "GRIDTWIN_FAULTS": faults})
    for number in (1, 2):
        again = json.loads(context.program.run(*node.send_arguments(f"head-end-{number}", context.fresh("spool"), parts[0])))
        check_equal((again["quarantined"], again["duplicates"]), ({"twin-failed": 1}, len(lines) // 2 - 1), f"sent again by {number}")
    node.end()
    played = lines_of(context.program.run("deadletters", "replay", "--all", "--store", node.store, "--json"))[0]
    check_equal((played["accepted"], played["waiting"]), (1, 0), "letters played by the plain program")
    check_as_replayed(context, node, store)


def v4_v12_a_node_starts_a_transformer_again_and_ends_when_that_is_of_no_use(context):
    """Three ends in a row are borne, with their pauses, and nobody is told anything else; after four the node ends with status 1, and
    goes on when it is started again."""
    estate, header, lines = usual(context, 200, 2)
    store = replayed(context, estate, header, lines)
    (whole,) = in_parts(context, header, lines, 1)
    for times in (3, 4):
        node = ListeningNode(context, estate, ALL_METERS)
        node.program = Planted(context)
        node.start(env={**os.environ, "GRIDTWIN_FAULTS": f"crash_group=1,crash_times={times}"})
        sender = context.program.start(*node.send_arguments("head-end-1", context.fresh("spool"), whole))
        if times == 4:
            _, err = node.process.communicate(timeout=LIMIT_S)
            check_equal(node.process.returncode, 1, f"exit after four ends: {err.decode()}")
            check(re.search("gridtwin run: transformer .* has ended 4 times in a row: what was committed stays", err.decode()),
                  f"what it says: {err.decode()}")
            check_no_marker(node.store, "after four ends")
            node.start()
        out, err = sender.communicate(timeout=LIMIT_S)
        told = json.loads(out)
        check_equal((told["accepted"], told["rejected"], told["quarantined"]), (len(lines), {}, {}), f"what became of it, {times} ends")
        node.end()
        check_equal(list(kept_counters(node.store).values()), [{"transformer-restarts": 3}] if times == 3 else [], f"counters, {times} ends")
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
    harness.main(__doc__, [sent_live_and_replayed_are_one, p1_killed_again_and_again, t16_v7_v19_a_submitted_reading_that_ends_the_process,
                           v4_v12_a_node_starts_a_transformer_again_and_ends_when_that_is_of_no_use,
                           t1_a_head_end_speaks_for_its_meters_alone])
