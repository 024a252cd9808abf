#!/usr/bin/env python3
"""Topics pushed to webhooks of receivers that are not ours: order and repeats over kills, a receiver that is away, refusals, requests by
bytes, and twenty receivers that do wrong beside one that is honest; the commands of docs/webhooks.md word for word."""

import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import time

import harness
from harness import check, check_equal
from node import simulated, until
from readers import ReadNode, commands_of, masked, whole_log
from webhook_receivers import (Evil, Receiver, closes, drips, hold, make_signer, never_answers, pours, reads_nothing, resets,
                               resets_at_once, says, server_tls, signature_holds, speaks_plainly)

LIMIT_S = 120  # against hanging
SETTLEMENT = "urn:gridtwin:service:settlement:settlement-1"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class PushNode(ReadNode):
    """A node with webhooks, whose receivers are on this machine."""

    def __init__(self, context, estate):
        super().__init__(context, estate)
        certificate, key = make_signer(self.folder)
        self.settings += f'[push]\nsigning_certificate = "{certificate}"\nsigning_key = "{key}"\n'

    def push(self, name, port, host="127.0.0.1", **more):
        """One more webhook, from its next start on; its url."""
        url = more.pop("url", f"https://{host}:{port}/events")
        options = {"url": url, "reader": SETTLEMENT, "topic": "reading", "certificate": f"{self.pki}/settlement-1.pem",
                   "key": f"{self.pki}/settlement-1.key", "roots": f"{self.pki}/services/root.pem", "allow": ["127.0.0.1", "::1"], **more}
        self.settings += f"[webhooks.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items())
        return url

    def webhooks(self, *arguments):
        """What `gridtwin webhooks` prints, as objects."""
        return [json.loads(line) for line in self.program.run("webhooks", *arguments, "--store", self.store, "--json").splitlines()]

    def standing(self, name):
        return next((one for one in self.webhooks("list") if one["name"] == name), None)

    def bring_all(self, header, lines, parts, prefix="part"):
        before = len(self.names("done"))
        for number in range(parts):
            self.bring(f"{prefix}{number:02}.csv", header + b"".join(lines[number::parts]))
        until(lambda: len(self.names("done")) == before + parts, "the files are read")

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise harness.Failure("the process has no memory")


def place(event):
    return event["offset"], event["place"]


def without_repeats(events):
    """As docs/webhooks.md has a receiver do it: what is not behind the last of its shard came before."""
    last, out = {}, []
    for event in events:
        if place(event) > last.get(event["shard"], (-1, -1)):
            last[event["shard"]] = place(event)
            out.append(event)
    return out


def as_lines(events):
    return [json.dumps(event, separators=(",", ":"), ensure_ascii=False) for event in events]


def check_whole(context, node, events, what):
    """Nothing is missing, nothing twice, each shard in order."""
    expected = whole_log(context, node)
    found = sorted(as_lines(events))
    check_equal((len(found), found == expected), (len(expected), True), f"{what}: the log, all of it")


def p4_dl_01_order_and_no_gap_over_kills_of_both(context):
    """SIGKILL of node and receiver at random moments: a receiver that keeps what it answers for, and drops repeats by the last place of
    each shard, has the whole log in its order."""
    estate, header, lines = simulated(context, 200, 2)
    node = PushNode(context, estate)
    port = free_port()
    node.push("mds", port, most_events=50)
    file = node.folder / "taken.jsonl"
    command = [sys.executable, "-B", pathlib.Path(__file__).with_name("webhook_receivers.py"), node.pki, file, str(port)]
    dice = random.Random(11)
    receiver, brought = None, 0
    for turn in range(12):
        node.start()
        if receiver is None:
            receiver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            receiver.stdout.readline()
        if brought < 6:
            node.bring(f"part{brought:02}.csv", header + b"".join(lines[brought::6]))
            brought += 1
        time.sleep(dice.random() * 0.7)
        if turn % 3 == 2:
            receiver.kill()
            receiver.communicate()
            receiver = None
            time.sleep(dice.random() * 0.3)
        node.kill()
    if receiver is None:
        receiver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        receiver.stdout.readline()
    node.start()
    until(lambda: len(node.names("done")) == 6, "all is read")
    expected = len(whole_log(context, node))

    def taken():
        return [json.loads(line) for line in file.read_bytes().decode().split("\n")[:-1]]

    until(lambda: len(without_repeats(taken())) >= expected, "all is delivered")
    all_of_it = taken()
    check_whole(context, node, without_repeats(all_of_it), "over kills")
    repeats = len(all_of_it) - expected
    check(repeats <= 13 * 50, f"at most a request is repeated for each kill: {repeats}")
    node.end()
    receiver.kill()
    receiver.communicate()


def dl_05_p17_a_receiver_that_is_away_costs_a_pointer(context):
    """While it is away the node takes readings, its other webhook goes on and memory stays; back again it drains, the oldest of each shard
    first, with nothing lost; paused and resumed likewise."""
    estate, header, lines = simulated(context, 400, 6)
    node = PushNode(context, estate)
    port = free_port()
    node.push("away", port)
    other = Receiver(server_tls(node.pki))
    node.push("other", other.port)
    receiver = Receiver(server_tls(node.pki), port=port)
    node.start()
    middle = len(lines) // 2
    node.bring_all(header, lines[:middle], 6, "first")
    until(lambda: receiver.taken == other.taken == len(whole_log(context, node)), "both have all of it")
    early, stood, before = receiver.events(), node.standing("away")["position"], node.resident_bytes()
    receiver.close()
    node.bring_all(header, lines[middle:], 6, "more")
    until(lambda: other.taken == len(whole_log(context, node)), "the other one has all of it")
    until(lambda: node.standing("away")["failing_since"], "it is noticed")
    after, standing = node.resident_bytes(), node.standing("away")
    check_equal((standing["position"], standing["dead_letters"]), (stood, 0), "the pointer of the one that is away")
    harness.say(f"  resident bytes: {before} before, {after} after")
    if not context.program.is_sanitized():
        check(after <= before * 6 // 5 + (8 << 20), f"memory: {before} bytes before, {after} after")
    receiver = Receiver(server_tls(node.pki), port=port)
    context.program.run("webhooks", "pause", "away", "--store", node.store, "--by", "anna")
    context.program.run("webhooks", "resume", "away", "--store", node.store, "--by", "anna")  # at once, rather than after its pause
    until(lambda: receiver.taken >= other.taken - len(early), "it drains")
    events = early + receiver.events()
    check_whole(context, node, without_repeats(events), "drained")
    check_equal(receiver.events() == without_repeats(receiver.events()), True, "the oldest of each shard first, and once")
    check_equal(node.standing("away")["state"], "delivering", "state")
    acts = [act["act"] for act in map(json.loads, context.program.run("audit", "--store", node.store, "--json").splitlines())]
    check("pause-webhook" in acts and "resume-webhook" in acts, f"acts: {acts}")
    node.end()
    for one in (other, receiver):
        one.close()


def dl_06_retries_refusals_and_halves(context):
    """503 with Retry-After is offered again, the same; 400 becomes a dead letter with its reason and the rest goes on; 413 halves; sent again
    by an operator what was refused arrives."""
    estate, header, lines = simulated(context, 50, 1)
    node = PushNode(context, estate)
    state = {"busy": 2, "bad": None}

    def decide(body, _):
        if state["busy"]:
            state["busy"] -= 1
            return 503, {"Retry-After": "1"}
        if len(body["events"]) > 100:
            return 413
        if state["bad"] is None:
            state["bad"] = body["correlation"]
            return 400
        return 200

    receiver = Receiver(server_tls(node.pki), decide)
    url = node.push("mds", receiver.port)
    node.start()
    node.bring_all(header, lines, 1)
    expected = len(whole_log(context, node))
    until(lambda: node.webhooks("deadletters"), "there is a dead letter")
    (letter,) = node.webhooks("deadletters")
    check_equal((letter["status"], letter["webhook"], letter["state"]), (400, "mds", "waiting"), "the letter")
    check("400" in letter["reason"], f"its reason: {letter}")
    until(lambda: receiver.taken == expected - letter["events"], "the rest goes on")
    check_equal(receiver.bodies[0], receiver.bodies[1], "the same is offered again")
    done = context.program.run("webhooks", "replay", "mds", letter["id"], "--store", node.store, "--by", "anna", "--why", "mended")
    check_equal(done, b"1 dead letters queued\n", "what the command says")
    until(lambda: receiver.taken == expected, "the letter arrives")
    found = sorted(as_lines(receiver.events()))
    check_equal(found == whole_log(context, node), True, "with the letter all of it")
    check_equal([body["correlation"] for body in receiver.bodies if body["replay"]] != [], True, "and says that it is a replay")
    check_equal(node.webhooks("deadletters"), [], "letters that wait")
    seen = [receiver.requests_seen[0], receiver.requests_seen[-1]]
    for path, fields, data in seen:
        check_equal(path, "/events", "path")
        check(signature_holds(fields, url, data), "SE-02: the signature holds by openssl")
        check(not signature_holds(fields, url, data + b" "), "and not for another body")
    node.end()
    receiver.close()


def dl_10_the_journal_has_each_request(context):
    """Stage, status, duration, recipient, uri and correlation of each, as the receiver saw it; figures without anybody's data."""
    estate, header, lines = simulated(context, 50, 1)
    node = PushNode(context, estate)
    receiver = Receiver(server_tls(node.pki), lambda body, fields: 500 if receiver.came() == 1 else 200)
    url = node.push("mds", receiver.port, most_events=200)
    node.start()
    node.bring_all(header, lines, 1)
    until(lambda: receiver.taken == len(whole_log(context, node)), "all is delivered")
    until(lambda: len(node.webhooks("journal", "--last", 1000)) == receiver.came(), "all is written down")
    journal = node.webhooks("journal", "--last", 1000)
    check_equal([one["correlation"] for one in journal], [body["correlation"] for body in receiver.bodies], "correlations")
    check_equal([one["answer"] for one in journal], receiver.statuses, "answers")
    check_equal([one["status"] for one in journal], ["Retrying" if status == 500 else "Delivered" for status in receiver.statuses], "status")
    for one in journal:
        check_equal((one["recipient"], one["uri"], one["stage"]), (SETTLEMENT, url, "answer"), "recipient, uri, stage")
        check(one["duration_ms"] >= 0 and one["bytes"] > 100 and one["events"] > 0, f"duration and sizes: {one}")
    figures = node.get("/metrics", "operator-1").decode()
    total = sum(status == 200 for status in receiver.statuses)
    check(f'gridtwin_webhook_requests_total{{webhook="mds",outcome="delivered"}} {total}\n' in figures, f"figures: {figures}")
    check(not re.search(r"\b\d{13}\b", figures) and SETTLEMENT not in figures, "of no meter and of no reader")
    told = json.loads(context.program.run("status", "--store", node.store, "--json"))["webhooks"]
    check_equal([(one["name"], one["records_behind"], one["dead_letters"]) for one in told], [("mds", 0, 0)], "status")
    node.end()
    receiver.close()


def dl_07_requests_keep_to_their_bytes(context):
    """No request is longer than 95,000 bytes, and each is nearly as long where there is enough to say."""
    estate, header, lines = simulated(context, 200, 1)
    node = PushNode(context, estate)
    receiver = Receiver(server_tls(node.pki))
    port = free_port()
    node.push("mds", port, most_events=5000)
    node.start()
    node.bring_all(header, lines, 1)
    receiver.close()
    receiver = Receiver(server_tls(node.pki), port=port)
    until(lambda: receiver.taken == len(whole_log(context, node)), "all is delivered")
    sizes = [len(data) for _, _, data in receiver.requests_seen]
    check(max(sizes) <= 95_000, f"the longest request: {max(sizes)}")
    check(len(sizes) > 5 and sorted(sizes)[len(sizes) // 2] > 70_000, f"most of it is used: {sizes}")
    node.end()
    receiver.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
FOREVER = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


def evil_receivers(node, inside):
    """Twenty: (name, listener, options)."""
    tls = server_tls(node.pki)
    (node.folder / "foreign").mkdir()
    own = make_signer(node.folder / "foreign")
    redirect = f"HTTP/1.1 %d Found\r\nLocation: https://127.0.0.2:{inside.port}/events\r\nContent-Length: 0\r\n\r\n"
    in_tls = {
        "never-answers": never_answers,
        "byte-a-second": drips(OK),
        "header-forever": pours(b"HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"x" * 1000 + b"\r\n"),
        "body-forever": pours(FOREVER, b"x" * 65536),
        "body-chunked-forever": pours(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        "body-drips": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000, 0.05),
        "one-header-line-forever": pours(b"HTTP/1.1 200 ", b"x" * 65536),
        "no-http": says(b"\x00\x01\x02 this is no answer\r\n\r\n"),
        "interim-for-ever": pours(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
        "closes": closes,
        "resets": resets,
        "redirects-inside": says((redirect % 302).encode()),
        "redirects-for-good": says((redirect % 308).encode()),
        "reads-nothing": reads_nothing,
    }
    out = [(name, Evil(wrong, tls), {}) for name, wrong in in_tls.items()]
    foreign = Evil(says(OK), server_tls(node.pki, *own))
    no_name = Evil(says(OK), server_tls(node.pki, node.pki / "settlement-1.pem", node.pki / "settlement-1.key"))
    return out + [
        ("no-tls", Evil(hold), {}),
        ("plain-http", Evil(speaks_plainly), {}),
        ("resets-at-once", Evil(resets_at_once), {}),
        ("foreign-certificate", foreign, {}),
        ("no-servers-certificate", no_name, {}),
        ("wrong-name", Evil(says(OK), tls, "127.0.0.3"), {"allow": ["127.0.0.3"]}),
    ]


def t38_receivers_that_do_wrong_harm_nobody_else(context):
    """Twenty of them beside an honest one: it has all that comes, at once; nothing of theirs is led on to an address inside, and where the
    settings name such a one itself it is not connected to; memory stays."""
    estate, header, lines = simulated(context, 100, 2)
    node = PushNode(context, estate)
    inside, by_name = Evil(hold, host="127.0.0.2"), Evil(hold)  # neither is on its webhook's list
    honest = Receiver(server_tls(node.pki))
    evil = evil_receivers(node, inside)
    check_equal(len(evil), 20, "receivers that do wrong")
    node.push("honest", honest.port)
    for name, listener, options in evil:
        node.push(name, listener.port, host=listener.host, request_s=3, **options)
    node.push("inside", inside.port, host="127.0.0.2")
    node.push("inside-by-name", by_name.port, host="localhost", allow=[])
    node.start()
    slow = []
    for number in range(20):
        part = header + b"".join(lines[number::20])
        before = honest.taken
        began = time.monotonic()
        node.bring(f"part{number:02}.csv", part)
        until(lambda: honest.taken > before, "the honest one hears of it")  # pylint: disable=cell-var-from-loop
        slow.append(time.monotonic() - began)
    until(lambda: len(node.names("done")) == 20, "all is read")
    until(lambda: honest.taken == len(whole_log(context, node)), "the honest one has all")
    check_whole(context, node, honest.events(), "the honest one")

    def tried(name):
        standing = node.standing(name)
        return standing and (standing["attempts"] > 0 or standing["dead_letters"] > 0)

    for name, listener, _ in evil:
        until(lambda: tried(name), f"{name} was tried")  # pylint: disable=cell-var-from-loop
        check(listener.connections > 0, f"{name} was connected to")
        check_equal(node.standing(name)["delivered"], None, f"{name} has taken nothing")
    for name in ("inside", "inside-by-name"):
        until(lambda: tried(name), f"{name} was tried")  # pylint: disable=cell-var-from-loop
    check_equal((inside.connections, by_name.connections), (0, 0), "connections to an address inside")
    for name in ("inside", "inside-by-name"):
        check("none of the host's addresses is public" in node.standing(name)["trouble"], f"{name}: {node.standing(name)}")
    for name in ("redirects-inside", "redirects-for-good"):
        check(node.standing(name)["dead_letters"] > 0, f"{name}: a redirect is refused")
        check("redirect: it is not followed" in node.webhooks("deadletters", name)[0]["reason"], "and says so")
    check_equal((inside.connections, by_name.connections), (0, 0), "connections to an address inside")
    for name, words in (("foreign-certificate", "not believed"), ("no-servers-certificate", "not believed"), ("body-forever", "longer than 65536"),
                        ("never-answers", "in time"), ("no-tls", "no TLS"),
                        ("wrong-name", "not believed")):
        until(lambda: words in node.standing(name)["trouble"], f"{name} says {words}: {node.standing(name)}")  # pylint: disable=cell-var-from-loop
    if not context.program.is_sanitized():
        check(node.resident_bytes() < 400 << 20, f"memory: {node.resident_bytes()}")
    harness.say(f"  from a file to the honest receiver, ms: {sorted(int(one * 1000) for one in slow)}")
    node.end()
    honest.close()
    for listener in [inside, by_name] + [one for _, one, _ in evil]:
        listener.close()


def the_document_runs_word_for_word(context):
    """docs/webhooks.md in bash, with the receiver of config/examples; only the port that it says is another one."""
    root = pathlib.Path(__file__).resolve().parents[2]
    folder = context.fresh("document")
    folder.mkdir()
    (folder / "webhook_receiver.py").write_bytes((root / "config" / "examples" / "webhook_receiver.py").read_bytes())
    script = commands_of(root / "docs" / "webhooks.md").replace("8443", str(free_port()))
    check("gridtwin run" in script and "gridtwin webhooks replay" in script, "the document has commands")
    script = "trap 'kill $(jobs -p) 2> /dev/null' EXIT\n" + script + "\nkill -TERM %1\nwait %1\necho node ended $? >&2\n"
    environment = dict(os.environ, PATH=f"{pathlib.Path(context.options.program).resolve().parent}:{os.environ['PATH']}")
    done = subprocess.run(["bash", "-c", "set -mx\n" + script], cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    check("node ended 0" in err, f"the node ended in good order: {err[-3000:]}")
    for words in ("settling  delivering  reading to https://localhost:", "Delivered", "settling is paused\n", "settling is no longer paused by an operator\n", "no dead letters\n",
                  "0 dead letters queued\n", "0 dead letters dropped\n"):
        check(words in out, f"{words!r} is said: {out}\n{err[-2000:]}")
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    check(len(events) > 100 and events == without_repeats(events), f"the receiver has events, each once: {len(events)}")


def settings_that_are_wrong_are_refused(context):
    """`config check` names the webhook and what to mend; `config show` can be read again."""
    estate, _, _ = simulated(context, 20, 1)
    node = PushNode(context, estate)
    good = node.settings
    for words, options in (("must begin with https://", {"url": "http://receiver.example/"}), ("'reader'", {"reader": "settlement-1"}),
                           ("no address or network", {"allow": ["localhost"]}), ("bits behind its prefix", {"allow": ["10.0.0.1/8"]}),
                           ("must be one of", {"topic": "weather"}), ("from 8000 to 1000000", {"most_bytes": 10}),
                           ("unknown key 'speed'", {"speed": 1}), ("'from_time'", {"from_time": "yesterday"}),
                           ("must be one of: delivering paused", {"state": "off"})):
        node.settings = good
        node.push("mds", 4711, **options)
        node.config.write_text(node.settings + f'[http]\npolicy = "{node.folder}/access.toml"\n')
        done = context.program.try_run("config", "check", "--config", node.config)
        check_equal(done.status, 2, f"exit status: {done.describe()}")
        check(words in done.err.decode() and "mds" in done.err.decode(), f"{words!r} is said: {done.err.decode()}")
    node.settings = good
    node.push("mds", 4711)
    node.config.write_text(node.settings)
    done = context.program.try_run("config", "check", "--config", node.config)
    check("'policy' of [http]" in done.err.decode(), f"a policy is asked for: {done.err.decode()}")
    node.config.write_text(node.settings + f'[http]\npolicy = "{node.folder}/access.toml"\n')
    shown = context.program.run("config", "show", "--config", node.config)
    again = node.folder / "again.toml"
    again.write_bytes(shown)
    check_equal(context.program.run("config", "show", "--config", again), shown, "what is shown can be read again")
    check(b"# bytes, 8000 to 1000000, default 95000\n" in shown, "with units, bounds and fallbacks")


if __name__ == "__main__":
    harness.main(__doc__, [p4_dl_01_order_and_no_gap_over_kills_of_both, dl_05_p17_a_receiver_that_is_away_costs_a_pointer,
                           dl_06_retries_refusals_and_halves, dl_10_the_journal_has_each_request, dl_07_requests_keep_to_their_bytes,
                           t38_receivers_that_do_wrong_harm_nobody_else, the_document_runs_word_for_word,
                           settings_that_are_wrong_are_refused])
