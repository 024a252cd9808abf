#!/usr/bin/env python3
"""Messages IF-021 by HTTPS into a live node: answers, kills, and one digest with a replay of the same messages, with the framed protocol
and with the inbox; and the commands of docs/if-021.md."""

import http.client
import json
import os
import pathlib
import random
import re
import socket
import ssl
import subprocess
import threading
import time

import harness
from harness import Skip, check, check_equal, write_csv
from message_node import DAY, LIMIT_S, METERS, TARGET, MessageNode, message, node_of, periods_of, replayed_messages
from messages import simulated as simulated_messages
from node import check_as_replayed, until


def a_message_is_created_and_again_a_duplicate(context):
    """201 with the platform's keys; the same request once more, and the same message in another request: no second reading."""
    node = node_of(context)
    one = message(METERS[0])
    first = node.ask([one])
    check_equal((first.status, first.counts()), (201, {"accepted": 48}), f"the first time: {first.body}")
    (told,) = first.messages
    check_equal(list(told), ["transactionID", "senderUniqueReference", "correlationID", "sentTimestamp", "senderID", "recipientID",
                             "DIPConnectionProviderID", "message", "help", "serviceTicketURL"], "keys")
    check_equal((told["senderUniqueReference"], told["sentTimestamp"], told["senderID"], told["message"]),
                (one["payload"]["CommonBlock"]["S1"]["senderUniqueReference"], "2026-06-16T02:15:00+00:00", "1401234567", "MSG0000 - Success"),
                "what its sender finds it by")
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", json.loads(first.body)["timestamp"]), "when it was answered")
    digests = context.program.digests(node.store)
    check(digests, "it is durable when it is answered")
    for again in (node.ask([one]), node.ask([one]), node.ask([one, message(METERS[1])])):
        check_equal((again.status, again.counts()["duplicate"], set(again.codes())), (201, 48, {"MSG0000"}), f"again: {again.body}")
    check_equal(len(context.program.rows("readings", node.store)), 96, "readings")
    node.end()


def dl_01_files_frames_and_https_are_one(context):
    """Messages by HTTPS in requests of 95 kB, of two senders, three times and in any order; the same as a file; the rest by frames and
    by the inbox: the digest is that of a replay."""
    estate, store, settings = simulated_messages(context)
    requests = context.folder / "requests"
    context.program.export("if-021", store, "--market", settings, "--out", f"{requests}/")
    bodies = [file.read_bytes() for file in sorted(requests.iterdir())]
    check(len(bodies) > 10 and max(map(len, bodies)) > 85_000, f"requests: {[len(one) for one in bodies]}")
    replayed = context.fresh("replayed")
    context.program.replay(estate, [requests], replayed, "--format", "if-021")
    node = MessageNode(context, estate)
    node.start()
    accepted = 0
    for number in random.Random(3).sample(3 * list(range(len(bodies))), 3 * len(bodies)):
        answer = node.ask(bodies[number], who=f"head-end-{number % 2 + 1}")
        check_equal((answer.status, set(answer.codes())), (201, {"MSG0000"}), f"request {number}: {answer.body[:500]}")
        accepted += answer.counts().get("accepted", 0)
    check_equal(accepted, len(context.program.rows("readings", replayed)), "each half hour is accepted once")
    check_as_replayed(context, node, replayed)
    # What came by HTTPS is known by frames and by the inbox.
    reads = context.program.rows("readings", replayed)[:3000]
    rows = [(row["mpan"], row["period_end"], f"{int(row['wh']) / 1000:.3f}") for row in reads if row["quantity"] == "AI" and not row["reason"] and row["quality"] == "A"]
    file = write_csv(context.folder / "some.csv", "mpan,period_end,kwh", rows)
    sent = json.loads(context.program.run("send", "--to", f"localhost:{node.ports[0]}", "--cert", node.pki / "head-end-1.pem", "--key",
                                          node.pki / "head-end-1.key", "--trust", node.pki / "services/root.pem", "--spool",
                                          context.fresh("spool"), "--json", "--reads", file))
    check_equal((sent["accepted"], sent["duplicates"]), (0, len(rows)), f"by frames: {sent}")
    node.bring("some.csv", file.read_bytes())
    until(lambda: node.names("done") == ["some.csv"], "the file is read")
    node.end()
    check_as_replayed(context, node, replayed)
    context.program.verify(node.store)


def half_by_each_way(context):
    """A third of the readings by HTTPS, one by frames, one by the inbox: one digest with all of them replayed."""
    meters = METERS[:6]
    node = node_of(context)
    messages = [message(one) for one in meters]
    replayed = replayed_messages(context, context.folder / "estate-0", messages)
    check_equal(node.ask(messages[:2]).status, 201, "by HTTPS")
    rows = lambda some: [(one["payload"]["CommonBlock"]["M0"]["MPANCore"], period["sp"], period["v"])  # noqa: E731
                         for one in some for period in periods_of(one)]
    frames = write_csv(context.folder / "frames.csv", "mpan,period_end,kwh", rows(messages[2:4]))
    context.program.run("send", "--to", f"localhost:{node.ports[0]}", "--cert", node.pki / "head-end-1.pem", "--key", node.pki / "head-end-1.key",
                        "--trust", node.pki / "services/root.pem", "--spool", context.fresh("spool"), "--json", "--reads", frames)
    node.bring("inbox.csv", write_csv(context.folder / "inbox.csv", "mpan,period_end,kwh", rows(messages[4:])).read_bytes())
    until(lambda: node.names("done") == ["inbox.csv"], "the file is read")
    node.end()
    check_as_replayed(context, node, replayed)


def dl_04_one_bad_message_does_not_sink_the_rest(context):
    """Ten messages, one of them bad in each of several ways: nine are created, and the bad one is told by itself."""
    def without_block(one):
        del one["payload"]["CustomBlock"]["B067"]

    def unknown_key(one):
        one["payload"]["CommonBlock"]["S9"] = {}

    def production(one):
        one["payload"]["CommonBlock"]["S1"]["environmentTag"] = "PRD"

    def old_schema(one):
        one["payload"]["CommonBlock"]["S0"]["schemaVersion"] = "010"

    def null_value(one):
        periods_of(one)[7]["v"] = None

    node = node_of(context)
    for number, bend in enumerate((without_block, unknown_key, production, old_schema, null_value)):
        messages = [message(one, day=f"2026-06-{10 + number}") for one in METERS]
        bend(messages[number])
        answer = node.ask(messages)
        check_equal((answer.status, answer.counts()), (207, {"accepted": 9 * 48}), f"{bend.__name__}: {answer.body}")
        check_equal(answer.codes(), ["MSG1001" if at == number else "MSG0000" for at in range(10)], bend.__name__)
        bad = answer.messages[number]
        check(f"$[{number}].payload" in bad["help"], f"the fault has a path: {bad}")
        alone = node.ask([messages[number]])
        check_equal((alone.status, alone.codes()), (400, ["MSG1001"]), f"{bend.__name__} alone")
    check_equal(len(context.program.rows("readings", node.store)), 5 * 9 * 48, "readings")
    check_equal(context.program.rows("rejects", node.store), [], "nothing of what breaks the schema is kept")
    node.end()
    check(any("break the schema" in event["detail"] for event in node.audit("refuse-request")), f"it is recorded: {node.audit()}")


def bent_messages():
    """(message, the code of its 21st half hour) for each rule that a message or a reading can break."""
    def bent(code, **changes):
        one = message(METERS[len(out)], number=len(out))
        periods_of(one)[20].update(changes)
        out.append((one, code))

    out = []
    bent("off-grid", sp="2026-06-15T10:29:59+00:00")
    bent("negative", v="-0.001")
    bent("over-maximum", v="99.000")
    bent("zero-estimate-not-zero", q="ZE1", e="2", v="0.001")
    bent("reason-missing", q="E3")
    bent("amendment-reason-missing", q="E3", e="9")
    bent("duplicate-in-message", sp="2026-06-15T10:00:00+00:00")
    whole, code = message(METERS[7], number=7), "wrong-event"
    whole["payload"]["CommonBlock"]["S0"]["eventCode"] = "[ReactivePower]"
    periods_of(whole)[20]["v"] = "99.000"  # which comes first in the contract's order
    out.append((whole, "over-maximum"))
    whole = message(METERS[8], number=8)
    whole["payload"]["CustomBlock"]["B067"]["connectionTypeEffectiveFromDate"] = "2026-06-15T20:00:00+00:00"
    out.append((whole, "before-connection"))
    starts = message(METERS[9], number=9)
    for slot, period in enumerate(periods_of(starts)):
        period["sp"] = harness.utc_text(harness.utc(DAY) + 1800 * slot).replace("Z", "+00:00")
    out.append((starts, "label-suspect"))
    return out


def va_14_rules_are_those_of_a_replay(context):
    """A message for each rule: told by half hour, kept with code and text, and each half hour has the verdict of a replay."""
    node = node_of(context)
    bent = bent_messages()
    answer = node.ask([one for one, _ in bent])
    check_equal((answer.status, set(answer.codes())), (207, {"GTW0001"}), f"{answer.body}")
    for told, (_, code) in zip(answer.messages, bent):
        check(code in told["help"], f"{code} is told: {told['help']}")
    replayed = replayed_messages(context, context.folder / "estate-0", [one for one, _ in bent])
    kept = lambda store: sorted((row["mpan"], row["quantity"], row["period_end"], row["code"]) for row in context.program.rows("rejects", store))  # noqa: E731
    check_equal(kept(node.store), kept(replayed), "what was refused, and for what")
    check({code for _, code in bent} <= {row[3] for row in kept(node.store)}, f"each rule: {kept(node.store)}")
    again = node.ask([one for one, _ in bent])
    strip = lambda one: [(told["message"], told["help"].replace("accepted", "duplicate")) for told in one.messages]  # noqa: E731
    check_equal(strip(again), strip(answer), "the same again: what stood is a duplicate, what was refused is refused")
    check_equal(kept(node.store), kept(replayed), "and nothing is kept twice")
    node.end()
    check_as_replayed(context, node, replayed)


def corrections_have_versions(context):
    """Another value of the same version is a conflict, of a higher version a correction, as with --version of a replay."""
    node = node_of(context)
    check_equal(node.ask([message(METERS[0])]).status, 201, "a day")
    corrected = message(METERS[0], kwh="0.200", number=2)
    answer = node.ask([corrected], target=TARGET + "?version=2")
    check_equal((answer.status, answer.counts()), (201, {"accepted": 48}), f"corrected: {answer.body}")
    check_equal({row["wh"] for row in context.program.rows("readings", node.store)}, {"200"}, "what stands")
    conflict = node.ask([message(METERS[0], kwh="0.300", number=3)], target=TARGET + "?version=2")
    check_equal((conflict.status, conflict.counts()), (207, {"conflict": 48}), f"contradicted: {conflict.body}")
    for wrong in ("0", "65536", "x", "", "1.5"):
        check_equal(node.ask([corrected], target=f"{TARGET}?version={wrong}").status, 400, f"version {wrong!r}")
    node.end()


def busy_is_not_stored(context):
    """A gate that has room for little tells some senders to come again, and each gets all of its messages in by doing so."""
    node = node_of(context, waiting_readings=1)
    told, busy = [], []

    def bring(number):
        pending, day = [message(one, day=f"2026-06-{10 + number}") for one in METERS], 0
        while pending and day < 500:
            answer = node.ask(pending)
            check(answer.status in (201, 207, 503), f"{answer.status}: {answer.body}")
            again = [one for one, code in zip(pending, answer.codes()) if code == "GTW0003"]
            check_equal(bool(again), "Retry-After" in answer.fields, "who is to come again is told when")
            busy.append(len(again))
            pending, day = again, day + 1
        told.append(len(pending))

    node.signer()
    threads = [threading.Thread(target=bring, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LIMIT_S)
    check_equal(told, [0] * 4, "messages that are left")
    check(sum(busy) > 0, "somebody was told busy")
    check_equal(len(context.program.rows("readings", node.store)), 4 * 10 * 48, "readings")
    node.end()


def p1_killed_and_sent_again(context):
    """SIGKILL at random moments while requests are under way: what was answered is there, what was not is sent again, and in the end the
    store is as a replay makes it."""
    estate, store, settings = simulated_messages(context)
    requests = context.folder / "requests"
    context.program.export("if-021", store, "--market", settings, "--out", f"{requests}/")
    bodies = [file.read_bytes() for file in sorted(requests.iterdir())]
    replayed = context.fresh("replayed")
    context.program.replay(estate, [requests], replayed, "--format", "if-021")
    node, dice, lost = MessageNode(context, estate), random.Random(11), 0
    node.start()
    for number, body in enumerate(bodies):
        if number % 3 == 0:
            connection = node.connect()
            connection.request("POST", TARGET, body=body, headers=node.signer().fields(body))
            time.sleep(dice.choice((0, 0, 0.002, 0.006, 0.02)))  # an answer takes some 10 ms
            node.kill()
            try:
                status = connection.getresponse().status
            except (http.client.HTTPException, ConnectionError, ssl.SSLError, OSError):
                status, lost = None, lost + 1
            connection.close()
            node.start()
        else:
            status = node.ask(body).status
        if status is None:
            status = node.ask(body).status
        check_equal(status, 201, f"request {number}")
    check(lost > 0, "some answers were lost")
    node.end()
    check_as_replayed(context, node, replayed)


def the_document_runs_word_for_word(context):
    """The part of docs/if-021.md about live nodes, in bash with curl; only the port that it says is led to another one."""
    root = pathlib.Path(__file__).resolve().parents[2]
    text = (root / "docs/if-021.md").read_text(encoding="utf-8")
    live = text[text.index("## Live"):]
    live = live[:live.index("\n## ")]
    script = "\n".join(line[4:] for line in live.splitlines() if line.startswith("    "))
    check("curl $sender" in script and "gridtwin run" in script, "the document has commands")
    folder = context.fresh("document")
    folder.mkdir()
    (folder / "market.toml").write_bytes((root / "config/examples/market.toml").read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / ".curlrc").write_text(f'connect-to = "localhost:7480:localhost:{port}"\nwrite-out = "%{{stderr}}status %{{http_code}}\\n"\n')
    script = script.replace("[http]\\naddress", f"[http]\\nport = {port}\\naddress", 1)
    script += "\nkill -TERM $!\nwait $!\necho node ended $? >&2\n"
    environment = dict(os.environ, CURL_HOME=str(folder), PATH=f"{pathlib.Path(context.options.program).resolve().parent}:{os.environ['PATH']}")
    try:
        done = subprocess.run(["bash", "-c", "set -x\n" + script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=LIMIT_S, check=False)
    except FileNotFoundError as absent:
        raise Skip("bash is absent") from absent
    err = done.stderr.decode()
    if "curl: command not found" in err or "openssl: command not found" in err:
        raise Skip("curl or openssl is absent")
    check("node ended 0" in err and "status 201" in err, f"the request is taken, and the node ended in good order: {err[-3000:]}")
    check('"message":"MSG0000 - Success","help":"accepted 1"' in done.stdout.decode(), f"what it answers: {done.stdout.decode()[-2000:]}")
    check_equal(context.program.digests(folder / "store"), context.program.digests(folder / "earlier"), "digests")


if __name__ == "__main__":
    harness.main(__doc__, [a_message_is_created_and_again_a_duplicate, dl_01_files_frames_and_https_are_one, half_by_each_way,
                           dl_04_one_bad_message_does_not_sink_the_rest, va_14_rules_are_those_of_a_replay, corrections_have_versions,
                           busy_is_not_stored, p1_killed_and_sent_again, the_document_runs_word_for_word])
