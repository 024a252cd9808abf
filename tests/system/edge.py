#!/usr/bin/env python3
"""What a running node trusts changes under its sessions: certificates, lists and policy; and what it tells of it."""

import json
import pathlib
import random
import shutil
import signal
import ssl
import threading
import types

import harness
from harness import check, check_equal, mpan, small_estate, utc
from live_node import ALL_METERS, ListeningNode
from node import until
from wire_peers import (ACCEPTED, ANSWER, CONFLICT, CREDIT, DUPLICATE, GOODBYE, MALFORMED, NOT_PERMITTED, QUARANTINED, REJECTED, REVOKED, SUBMIT,
                        TOO_LARGE, Peer, day_run, fields_of, frame, submit)

METERS = [mpan(200_000_000_000 + 11 * number) for number in range(20)]
FIRST, SECOND = (f"urn:gridtwin:device:head-end-{number}" for number in (1, 2))
PERIOD = utc("2026-03-01") // 1800 + 1


class EdgeNode(ListeningNode):
    """A node whose standard error is read as it comes."""

    def __init__(self, context, policy=ALL_METERS, estate=None):
        super().__init__(context, estate or small_estate(context.folder / "estate", METERS), policy)
        (self.folder / "mine.csv").write_text(f"mpan\n{METERS[19]}\n")
        self.said = []
        self.start()
        threading.Thread(target=lambda: self.said.extend(iter(self.process.stderr.readline, b"")), daemon=True).start()

    def peer(self, name="head-end-1"):
        trusted = types.SimpleNamespace(folder=self.pki, trust=self.pki / "services/root.pem", arguments=lambda name: None)
        return Peer(types.SimpleNamespace(certificates=trusted, port=self.port), name)

    def put(self, file, text):
        """As an operator should: written beside, then renamed."""
        aside = file.with_name(file.name + ".new")
        aside.write_bytes(text if isinstance(text, bytes) else text.encode())
        aside.chmod(0o600)
        aside.rename(file)

    def put_policy(self, text):
        self.put(self.folder / "access.toml", "version = 1\n" + text)

    def acts(self, act):
        return [event for event in self.audit() if event["act"] == act]

    def until_reloaded(self, count):
        until(lambda: len(self.acts("reload")) >= count, f"{count} reloads are recorded")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check_equal(self.process.wait(timeout=120), 0, f"exit status; it said {self.said}")

    def check_nothing_personal(self):
        """Neither the log nor the audit trail has a meter's number."""
        told = b"".join(self.said).decode() + json.dumps(self.audit())
        for meter in METERS:
            check(meter not in told, f"{meter} is told of: {told}")


def is_refused(node, name="head-end-1"):
    try:
        node.peer(name).close()
    except (harness.Failure, ssl.SSLError, ConnectionError):
        return True
    return False


def t31_who_is_revoked_is_cut_off(context):
    """Its live session gets a goodbye, it does not come in again; another goes on in the session that it has."""
    node = EdgeNode(context)
    revoked, other = node.peer("head-end-1"), node.peer("head-end-2")
    for peer, meter in ((revoked, METERS[0]), (other, METERS[1])):
        check_equal(peer.ask(1, 1, day_run(meter, PERIOD, [1]))[0][1], ACCEPTED, "before")
    context.program.run("pki", "revoke", "--dir", node.pki, "head-end-1")
    check_equal(revoked.goodbye(), REVOKED, "why the session ends")
    check(is_refused(node), "it does not come in again")
    check_equal(other.ask(2, 2, day_run(METERS[2], PERIOD, [1]))[0][1], ACCEPTED, "another's session goes on")
    until(lambda: node.acts("refuse-connection"), "its attempt is recorded")
    ended, refused = node.acts("end-session"), node.acts("refuse-connection")
    check_equal([(one["who"], "revoked" in one["detail"]) for one in ended], [(FIRST, True)], "the end of its session")
    check_equal([(one["who"], FIRST in one["detail"], "revoked" in one["detail"]) for one in refused], [("127.0.0.1", True, True)],
                "its attempt")
    node.stop()
    acts = [event["act"] for event in node.audit()]
    check_equal((acts[0], sorted(acts[1:-1]), acts[-1]), ("start-node", ["end-session", "refuse-connection", "reload", "use-policy", "use-settings"], "stop-node"),
                "all that is recorded")
    check(any(b"event=end-session" in line for line in node.said), f"the log tells of it: {node.said}")
    node.check_nothing_personal()


def t31_who_is_disabled_is_cut_off(context):
    """By the policy, as by a list."""
    node = EdgeNode(context)
    peer, other = node.peer("head-end-1"), node.peer("head-end-2")
    node.put_policy(f'[identities."{FIRST}"]\nmeters = "all"\nstate = "disabled"\n[identities."{SECOND}"]\nmeters = "all"\n')
    check_equal(peer.goodbye(), REVOKED, "why the session ends")
    check(is_refused(node), "it does not come in again")
    check_equal(other.ask(1, 1, day_run(METERS[0], PERIOD, [1]))[0][1], ACCEPTED, "another's session goes on")
    node.put_policy(ALL_METERS)
    node.until_reloaded(2)
    check_equal(node.peer().ask(1, 1, day_run(METERS[1], PERIOD, [1]))[0][1], ACCEPTED, "when it is enabled again")
    node.stop()


def t7_the_newest_policy_counts_in_sessions_that_live_on(context):
    """Which meters are a head-end's changes under its session, with a file that the policy names."""
    node = EdgeNode(context, f'[identities."{FIRST}"]\nmeters_file = "mine.csv"\n')
    peer = node.peer()
    ask = lambda batch, meter: peer.ask(batch, batch, day_run(meter, PERIOD, [batch]))[0][1:3]
    check_equal((ask(1, METERS[0]), ask(2, METERS[19])[0]), ((REJECTED, NOT_PERMITTED), ACCEPTED), "at first")
    node.put(node.folder / "mine.csv", f"mpan\n{METERS[0]}\n")
    node.until_reloaded(1)
    check_equal((ask(3, METERS[0])[0], ask(4, METERS[19])), (ACCEPTED, (REJECTED, NOT_PERMITTED)), "afterwards")
    node.stop()
    check_equal([(one["who"], one["detail"].split(";")[0]) for one in node.acts("refuse-meters")],
                [(FIRST, "readings of a meter that is not its own")] * 2, "refusals that are recorded: the first, and what followed it")
    node.check_nothing_personal()


def t7_a_head_end_may_have_the_meters_of_transformers(context):
    """By the estate that is in effect: those of another transformer are refused."""
    place = lambda name: {"transformer_id": name, "feeder_id": "F1"}
    estate = harness.write_estate(context.folder / "two", [{"transformer_id": name, "rating_kva": "500", "gsp_group": "_C"}
                                                           for name in ("T1", "T2")], [place("T1"), place("T2")],
                                  [{"mpan": METERS[0], **place("T1")}, {"mpan": METERS[1], **place("T2")}])
    node = EdgeNode(context, f'[identities."{FIRST}"]\ntransformers = ["T2"]\n', estate)
    peer = node.peer()
    outcomes = [peer.ask(batch + 1, batch + 1, day_run(METERS[batch], PERIOD, [1]))[0][1:3] for batch in range(3)]
    check_equal((outcomes[0], outcomes[1][0], outcomes[2]), ((REJECTED, NOT_PERMITTED), ACCEPTED, (REJECTED, NOT_PERMITTED)),
                "a meter of another transformer, of its own, of none")
    node.stop()


def t32_a_wrong_file_changes_nothing(context):
    """Cut off, empty, of another kind, missing, contradicting: the node names it and goes on; mended, it is taken."""
    node = EdgeNode(context)
    live = node.peer("head-end-2")
    batch, failures = 0, 0
    for file, wrong in ((node.folder / "access.toml", b"version = 1\nidentitties = 1\n"), (node.roots, b""),
                        (node.revocations, node.revocations.read_bytes()[:-40]), (pathlib.Path(f"{node.server}.pem"), None),
                        (pathlib.Path(f"{node.server}.key"), (node.pki / "head-end-1.key").read_bytes())):
        right = file.read_bytes()
        if wrong is None:
            file.unlink()
        else:
            node.put(file, wrong)
        failures += 1
        until(lambda: len(node.acts("reload-failed")) >= failures, f"{file.name}: the failure is recorded")
        told = node.acts("reload-failed")[-1]["detail"]
        check(file.name in told, f"{file.name} is named: {told}")
        batch += 1
        check_equal(live.ask(batch, batch, day_run(METERS[batch], PERIOD, [1]))[0][1], ACCEPTED, f"{file.name}: a session goes on")
        check_equal(node.peer().ask(1, 1, day_run(METERS[0], PERIOD, [1]))[0][1] in (ACCEPTED, DUPLICATE), True, f"{file.name}: a new one")
        node.put(file, right)
        node.until_reloaded(failures)
    node.process.send_signal(signal.SIGHUP)
    node.until_reloaded(failures + 1)
    check_equal(node.acts("reload")[-1]["detail"], "it was asked for", "SIGHUP reads all again though nothing has changed")
    check_equal(live.ask(99, 99, day_run(METERS[9], PERIOD, [1]))[0][1], ACCEPTED, "after all that")
    node.stop()
    check(any(b"stay as they were" in line and b"access.toml" in line for line in node.said), f"the log names files: {node.said}")


def t32_authorities_and_keys_change_under_load(context):
    """Everything is made anew, over and over, old beside new as long as it takes; not one reading is lost meanwhile."""
    node = EdgeNode(context)
    load, answers, ending = node.peer("head-end-2"), [], threading.Event()

    def keep_asking():
        batch = 0
        while not ending.is_set():
            batch += 1
            answers.append(load.ask(batch, batch, day_run(METERS[batch % 20], PERIOD + batch // 20, [batch]))[0][1])

    asking = threading.Thread(target=keep_asking)
    asking.start()
    changed = (node.roots, node.revocations, pathlib.Path(f"{node.server}.pem"), pathlib.Path(f"{node.server}.key"))
    first = {file: file.read_bytes() for file in (node.roots, node.revocations)}
    trust = node.pki / "services/root.pem"
    for turn in range(1, 6):
        fresh = context.folder / f"pki{turn}"
        context.program.run("pki", "init", "--out", fresh)
        # The load's session was vouched for by the first authorities: they stay.
        node.put(changed[0], first[node.roots] + (fresh / "devices/root.pem").read_bytes())
        node.put(changed[1], first[node.revocations] + (fresh / "devices/revoked.pem").read_bytes())
        node.put(changed[2], (fresh / "server.pem").read_bytes())
        node.put(changed[3], (fresh / "server.key").read_bytes())
        trust.write_bytes((fresh / "services/root.pem").read_bytes())
        for end in ("pem", "key"):
            shutil.copy(fresh / f"head-end-1.{end}", node.pki / f"head-end-1.{end}")
        until(lambda: not is_refused(node), f"turn {turn}: node and peer believe each other by the new authorities")
        check_equal(node.peer().ask(1, 1, day_run(METERS[0], PERIOD + 5000 + turn, [1]))[0][1], ACCEPTED, f"turn {turn}: of the new authorities")
    ending.set()
    asking.join()
    check(len(answers) > 20, f"there was load: {len(answers)}")
    check_equal(set(answers), {ACCEPTED}, "what was answered meanwhile")
    node.stop()


def t37_refusals_do_not_fill_the_store(context):
    """Hundreds of refused connections, readings and broken sessions are a handful of events, and all are counted at the end."""
    node = EdgeNode(context, f'[identities."{SECOND}"]\nmeters_file = "mine.csv"\n[identities."{FIRST}"]\nmeters = "all"\n')
    peer = node.peer("head-end-2")
    for batch in range(1, 101):
        check_equal(peer.ask(batch, batch, day_run(METERS[0], PERIOD, [1]))[0][1], REJECTED, "of another's meter")
    for _ in range(100):
        check(is_refused(node, "settlement-1"), "of another plane")
    for _ in range(30):
        broken = node.peer("head-end-1")
        broken.send(frame(SUBMIT, b"\xff" * 100))
        check_equal(broken.goodbye(), MALFORMED, "why a broken session ends")
    node.stop()
    counts = {}
    for event in node.audit():
        if not event["act"].endswith("-node") and not event["act"].startswith("use-"):
            before, _, times = event["detail"].rpartition(" times since ")
            check(event["act"] in ("refuse-meters", "refuse-connection", "end-session"), f"{event}")
            counts.setdefault(event["act"], []).append(int(before.split()[-1]) if before else 1)
    check_equal({act: sum(counted) for act, counted in counts.items()}, {"refuse-meters": 100, "refuse-connection": 100, "end-session": 30},
                "what is counted")
    check(all(len(counted) <= 2 for counted in counts.values()), f"the first of each and what followed: {counts}")
    node.check_nothing_personal()


def t4_who_contradicts_changes_nothing_by_it(context):
    """Half hours with two contents: neither stands, both are kept with who sent them, until a higher version comes."""
    node = EdgeNode(context)
    first, second = node.peer("head-end-1"), node.peer("head-end-2")
    days = 50
    for day in range(days):
        check_equal(first.ask(day, 1 + 48 * day, day_run(METERS[day % 20], PERIOD + 48 * day, [10] * 48))[0][1], ACCEPTED, "the first content")
    for day in range(days):
        answer = second.ask(day, 1 + 48 * day, day_run(METERS[day % 20], PERIOD + 48 * day, [11] * 48))
        check_equal([run[:2] for run in answer], [(48, CONFLICT)], "another content")
        again = first.ask(1000 + day, 1 + 48 * day, day_run(METERS[day % 20], PERIOD + 48 * day, [10] * 48))
        check(ACCEPTED not in [run[1] for run in again], f"the first content again: {again}")
    node.stop()
    check_equal(context.program.rows("readings", node.store), [], "nothing stands of what is contradicted")
    lineage = context.program.run("explain", "--store", node.store, "--mpan", METERS[3], "--period",
                                  harness.utc_text((PERIOD + 48 * 3) * 1800)).decode()
    check(FIRST in lineage and SECOND in lineage, f"both are kept, with their senders: {lineage}")


def t6_no_other_plane_gets_in(context):
    """Of all that `pki` makes, head-ends alone, and of them who the policy names."""
    node = EdgeNode(context, f'[identities."{FIRST}"]\nmeters = "all"\n')
    names = [file.stem for file in node.pki.glob("*.pem")]
    check_equal(len(names), 8, "certificates")
    check_equal([name for name in names if not is_refused(node, name)], ["head-end-1"], "who gets in")
    node.stop()
    refused = [event for event in node.audit() if event["act"] == "refuse-connection"]
    check_equal(sum("the policy does not name" in event["detail"] for event in refused), 1, f"of its plane: {refused}")
    check(all("unable to get" in event["detail"] or "policy" in event["detail"] or "purpose" in event["detail"] for event in refused), f"{refused}")


def t12_broken_batches(context):
    """Bytes of good batches changed, cut, repeated and mixed: each is answered, or ends its session with a reason; nothing else."""
    node = EdgeNode(context)
    dice = random.Random(12)
    good = [submit(7, 1, *(day_run(meter, PERIOD + 48 * day, [day * 9] * 48) for meter in METERS[:3])) for day in range(4)]
    ends, answers, peer = {}, 0, None
    for turn in range(600):
        body = bytearray(dice.choice(good))
        for _ in range(dice.choice((1, 1, 2, 8))):
            at = dice.randrange(len(body))
            what = dice.randrange(5)
            if what == 0:
                body[at] ^= 1 << dice.randrange(8)
            elif what == 1:
                body[at] = dice.choice((0, 0x7F, 0x80, 0xFF))
            elif what == 2:
                del body[at:at + dice.randrange(1, 20)]
            elif what == 3:
                body[at:at] = body[at:at + dice.randrange(1, 20)]
            else:
                body[at:at] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 12)))
            body = body or bytearray(1)
        peer = peer or node.peer()
        peer.send(frame(SUBMIT, bytes(body)))
        kind, answer = peer.receive()
        while kind == CREDIT:
            kind, answer = peer.receive()
        if kind == ANSWER:
            answers += 1
            continue
        check_equal(kind, GOODBYE, f"turn {turn}: neither an answer nor a goodbye")
        reason = dict(fields_of(answer)).get(1, 0)
        ends[reason] = ends.get(reason, 0) + 1
        peer = None
    check(set(ends) <= {MALFORMED, TOO_LARGE} and ends.get(MALFORMED, 0) > 50 and answers > 50, f"how they ended: {ends}, {answers} answers")
    check_equal(node.peer("head-end-2").ask(1, 1, day_run(METERS[9], PERIOD, [1]))[0][1], ACCEPTED, "an honest peer")
    node.stop()
    node.check_nothing_personal()


def se_05_no_meter_and_no_reading_is_told_of(context):
    """Readings that are accepted, refused, contradicted and another's, and files of meters that are wrong: neither log nor audit
    trail nor what the node tells of its half hours has a meter's number or a value."""
    node = EdgeNode(context, f'[identities."{FIRST}"]\nmeters = "all"\n[identities."{SECOND}"]\nmeters_file = "mine.csv"\n')
    first, second = node.peer("head-end-1"), node.peer("head-end-2")
    canary = 3_133_731
    check_equal(first.ask(1, 1, day_run(METERS[0], PERIOD, [canary]))[0][1], REJECTED, "more than can be")
    check_equal(first.ask(2, 2, day_run(METERS[1], PERIOD, [31_337]))[0][1], ACCEPTED, "what can be")
    check_equal(first.ask(3, 3, day_run(METERS[1], PERIOD, [31_338]))[0][1], CONFLICT, "a contradiction")
    check_equal(first.ask(4, 4, day_run(mpan(199_999_999_999), PERIOD, [31_337]))[0][1], QUARANTINED, "of a meter that nobody knows")
    check_equal(second.ask(1, 1, day_run(METERS[0], PERIOD, [31_337]))[0][1], REJECTED, "another's")
    for turn, wrong in enumerate((f"mpan\n{METERS[0]}\n{METERS[0]}\n", f"mpan\n{METERS[0]},31337\n"), 1):
        node.put(node.folder / "mine.csv", wrong)
        until(lambda turn=turn: len(node.acts("reload-failed")) >= turn, "a wrong file is told of")
    node.process.send_signal(signal.SIGTERM)
    out = node.process.stdout.read().decode()
    check_equal(node.process.wait(timeout=120), 0, "exit status")
    told = b"".join(node.said).decode() + json.dumps(node.audit()) + out
    for secret in [*METERS, mpan(199_999_999_999), str(canary), "31337", "31338"]:
        check(secret not in told, f"{secret} is told of: {told}")


if __name__ == "__main__":
    harness.main(__doc__, [t31_who_is_revoked_is_cut_off, t31_who_is_disabled_is_cut_off,
                           t7_the_newest_policy_counts_in_sessions_that_live_on,
                           t7_a_head_end_may_have_the_meters_of_transformers, t32_a_wrong_file_changes_nothing,
                           t32_authorities_and_keys_change_under_load, t37_refusals_do_not_fill_the_store,
                           t4_who_contradicts_changes_nothing_by_it, t6_no_other_plane_gets_in, t12_broken_batches, se_05_no_meter_and_no_reading_is_told_of])
