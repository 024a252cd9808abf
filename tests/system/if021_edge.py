#!/usr/bin/env python3
"""What a live node lets nobody do with messages IF-021: signatures, rights, bounds and slow senders, and what it records of it."""

import base64
import hashlib
import json
import re
import socket
import ssl
import time

import harness
from harness import check, check_equal, mpan
from message_node import LIMIT_S, METERS, TARGET, Signer, message, node_of
from node import until


def se_02_what_is_not_signed_so_is_not_looked_at(context):
    """Altered body, URL, date, method or hash; another key, another's certificate, one of another plane, revoked: 401 each, before a
    byte of the body counts. Each is recorded."""
    node = node_of(context)
    body = json.dumps([message(METERS[0])]).encode()
    good = node.signer().fields(body)
    folder, pki = node.folder, node.pki
    uri = "urn:gridtwin:device:head-end-1"
    revoked = Signer(folder, pki, "revoked", uri)
    foreign = {
        "no signature": {"X-DIP-Signature": None},
        "no date": {"X-DIP-Signature-Date": None},
        "no hash": {"X-DIP-Content-Hash": None},
        "no certificate": {"X-DIP-Signature-Certificate": None},
        "another date": {"X-DIP-Signature-Date": harness.utc_text(harness.utc(good["X-DIP-Signature-Date"]) - 1)},
        "another hash": {"X-DIP-Content-Hash": base64.b64encode(hashlib.sha256(b"x").digest()).decode()},
        "no base64": {"X-DIP-Signature": "&&&&"},
        "another URL": {**node.signer().fields(body, url="https://other.example"), "Host": "other.example"},
        "another target": node.signer().fields(body, target=TARGET + "?version=2"),
        "another method": node.signer().fields(body, method="PUT"),
        "of another body": node.signer().fields(body + b" "),
        "another key": {**good, "X-DIP-Signature": node.signer("head-end-2").fields(body)["X-DIP-Signature"]},
        "another sender's certificate": node.signer("head-end-2").fields(body),
        "a stranger's certificate": Signer(folder, pki, "stranger", "urn:gridtwin:device:stranger").fields(body),
        "another plane's certificate": Signer(folder, pki, "other-plane", uri, plane="services").fields(body),
        "not made for this": Signer(folder, pki, "signing-alone", uri, use="codeSigning").fields(body),
        "a key that is not RSA": Signer(folder, pki, "curve", uri, key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")).fields(body),
        "a key that is too short": Signer(folder, pki, "short", uri, key=("-newkey", "rsa:1024")).fields(body),
    }
    for name, fields in foreign.items():
        for sent in (body, b"{ no JSON"):
            answer = node.ask(sent, fields={**good, **fields})
            check_equal(answer.status, 401, f"{name}: {answer.body}")
            check(b"JSON" not in answer.body, f"{name}: nothing is said of the body: {answer.body}")
    check_equal(node.ask(body, fields=good).status, 201, "as it should be")
    check_equal(node.ask(body, fields=revoked.fields(body)).status, 201, "another certificate of the sender")
    (pki / "signer.pem").write_bytes(revoked.certificate.read_bytes())
    context.program.run("pki", "revoke", "--dir", pki, "signer")
    until(lambda: node.audit("reload"), "the list is read")
    check_equal(node.ask(body, fields=revoked.fields(body)).status, 401, "the revoked certificate")
    check_equal(node.ask(body).status, 201, "the other one")
    reasons = [event["detail"] for event in node.audit("refuse-request")]
    for words in ("X-DIP-Signature is missing", "is not the SHA-256", "not of this request", "another's than", "not RSA", "policy does not name"):
        check(any(words in reason for reason in reasons), f"{words!r} is recorded: {reasons}")
    check(len(reasons) < 30, f"the same refusal is told once: {len(reasons)}")
    node.end()


def se_03_a_signature_has_its_time(context):
    """Dates outside of the window are refused, and a request within it may be played again without effect."""
    node = node_of(context)
    body = json.dumps([message(METERS[0])]).encode()
    now = int(time.time())
    for shift in (-86_400, -400, 400, 86_400):
        check_equal(node.ask(body, fields=node.signer().fields(body, date=harness.utc_text(now + shift))).status, 401, f"{shift} s")
    for wrong in ("now", "2026-02-30T00:00:00Z", harness.utc_text(now)[:-1], str(now)):
        check_equal(node.ask(body, fields=node.signer().fields(body, date=wrong)).status, 401, wrong)
    good = node.signer().fields(body, date=harness.utc_text(now).replace("Z", ".250Z"))
    check_equal([node.ask(body, fields=good).counts() for _ in range(3)], [{"accepted": 48}, {"duplicate": 48}, {"duplicate": 48}], "played again")
    node.end()
    (kept,) = [event for event in node.audit("refuse-request") if "300 seconds" in event["detail"]][:1]
    check_equal(kept["who"], "urn:gridtwin:device:head-end-1", "who it was")


MINE = """[identities."urn:gridtwin:device:head-end-1"]
meters_file = "mine.csv"
[identities."urn:gridtwin:device:head-end-2"]
transformers = ["T1"]
[identities."urn:gridtwin:service:settlement:settlement-1"]
[identities."urn:gridtwin:operator:operator-1"]
"""


def t1_a_sender_speaks_for_its_meters_alone(context):
    """Messages of another's meters leave no trace but in the audit trail, whatever they say of their sender; who is no head-end finds
    nothing, and a head-end nothing else."""
    node = node_of(context, MINE)
    both = [message(METERS[4]), message(METERS[5])]
    answer = node.ask(both)
    check_equal((answer.status, answer.codes()), (207, ["MSG0000", "GTW0002"]), f"{answer.body}")
    answer = node.ask([message(METERS[5]), message(mpan(777_777_777_777))])
    check_equal((answer.status, answer.codes()), (403, ["GTW0002"] * 2), f"another's and nobody's look the same: {answer.body}")
    check_equal(node.ask(both, who="head-end-2").status, 201, "by the transformer")
    check_equal(sorted({row["mpan"] for row in context.program.rows("readings", node.store)}), METERS[4:6], "what is stored")
    check_equal(context.program.rows("rejects", node.store), [], "nothing else is kept")
    nothing = node.ask(b"", target="/v1/nothing", method="GET", who="settlement-1")
    for who in ("settlement-1", "operator-1"):
        answer = node.ask(both, who=who)
        check_equal((answer.status, answer.body), (404, nothing.body), f"{who} finds nothing")
    for target in ("/metrics", "/v1/topics", "/v1/topics/reading/events", "/v1/extract/reading", "/v1/pointers"):
        check_equal(node.ask(b"", target=target, method="GET").status, 404, f"a head-end at {target}")
    check_equal([node.ask(b"", target=target, method="GET").status for target in ("/healthz", "/readyz")], [200, 200], "whether it is up")
    # A right that is taken back is gone with the next request, on the connection that is there.
    connection = node.connect()
    check_equal(node.ask([both[0]], connection=connection).status, 201, "before")
    aside = node.folder / "mine.new"
    aside.write_text(f"mpan\n{METERS[0]}\n")
    aside.rename(node.folder / "mine.csv")
    until(lambda: node.audit("reload"), "the policy is read")
    check_equal(node.ask([both[0]], connection=connection).status, 403, "after")
    node.end()
    first, rest = node.audit("refuse-meters")  # told once, and at the end how often it was
    check_equal({first["who"], rest["who"]}, {"urn:gridtwin:device:head-end-1"}, "who it was")
    check("3 times since" in rest["detail"], f"two requests more: {rest}")
    check(not re.search(r"\d{13}", json.dumps(node.audit())), "the audit trail names no meter")


def t10_bounds_of_requests(context):
    """95,000 bytes and not one more, on this path alone; other methods, types, lengths; what is no list of messages."""
    node = node_of(context)
    messages = [message(one) for one in METERS]
    body = json.dumps(messages, separators=(",", ":")).encode()
    filled_up = body[:-1] + b" " * (95_000 - len(body)) + b"]"
    check_equal((len(filled_up), node.ask(filled_up).status), (95_000, 201), "as long as may be")
    check_equal(node.ask(filled_up[:-1] + b" ]").status, 413, "a byte more")
    check_equal(node.ask(b"x" * 20_000, target="/v1/pointers/mine", method="PUT").status, 413, "on another path")
    check_equal(node.ask(b"", method="GET").status, 405, "GET")
    check_equal(node.ask(body, method="PUT").status, 405, "PUT")
    check_equal(node.ask(body, Accept="text/html").status, 406, "an answer in HTML")
    check_equal(node.ask(body, Content_Type="text/plain").status, 400, "a text")
    check_equal(node.ask(body, target=TARGET + "?verson=1").status, 400, "a misspelt parameter")
    short = json.dumps(messages[:1]).encode()
    check_equal(node.ask(short, target=TARGET + "/").status, 400, "an empty part of the path")
    check_equal(node.ask(short, target=TARGET + "x").status, 404, "another path")
    check_equal(node.ask(body, X_Long="x" * 17_000).status, 431, "long fields")
    for wrong in (b"", b"[]", b"{}", b"null", b"[1]", b"[" * 5000, body[:-1], b"\xff" + body, b'{"payload":1}', json.dumps(messages * 20, separators=(",", ":")).encode()[:95_000]):
        answer = node.ask(wrong)
        check_equal((answer.status, set(answer.codes())), (400, {"MSG1001"}), f"{wrong[:40]}: {answer.body}")
    # In chunks, and with a client that asks first.
    signed = node.signer().fields(body)
    connection = node.connect()
    connection.request("POST", TARGET, body=iter([body[:100], body[100:]]), headers=signed, encode_chunked=True)
    check_equal(connection.getresponse().status, 201, "in chunks")
    connection = node.connect()
    connection.request("POST", TARGET, body=iter([filled_up, b"x" * 5000]), headers=signed, encode_chunked=True)
    check_equal(connection.getresponse().status, 413, "too many chunks")
    peer = node.tls().wrap_socket(socket.create_connection(("127.0.0.1", node.ports[1]), LIMIT_S), server_hostname="localhost")
    head = f"POST {TARGET} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n"
    peer.sendall((head + "".join(f"{name}: {value}\r\n" for name, value in signed.items()) + "\r\n").encode())
    check_equal(peer.recv(1 << 16).split(b"\r\n")[0], b"HTTP/1.1 100 Continue", "it is told to go on")
    peer.sendall(body)
    check(peer.recv(1 << 16).startswith(b"HTTP/1.1 201 "), "and answered")
    node.end()


def t9_a_slow_sender_is_cut_and_holds_nobody_up(context):
    """Half a body, and nothing more: the connection ends, while others are answered."""
    node = node_of(context)
    body = json.dumps([message(METERS[0])]).encode()
    head = f"POST {TARGET} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in node.signer().fields(body).items()) + "\r\n"
    slow = []
    for _ in range(20):
        peer = node.tls().wrap_socket(socket.create_connection(("127.0.0.1", node.ports[1]), LIMIT_S), server_hostname="localhost")
        peer.sendall(head.encode() + body[:100])
        slow.append(peer)
    check_equal(node.ask(body).status, 201, "an honest sender")
    for peer in slow:
        peer.settimeout(LIMIT_S)
        try:
            check_equal(peer.recv(1), b"", "half a request ends without an answer")
        except (ssl.SSLError, ConnectionError):
            pass
    node.end()


def settings_of_messages_are_checked(context):
    config = context.folder / "gridtwin.toml"
    node = '[node]\nestate = "e"\nstore = "s"\n'
    listener = '[http]\naddress = "127.0.0.1"\n' + "".join(f'{key} = "x"\n' for key in (
        "certificate", "key", "services_roots", "services_revocations", "operators_roots", "operators_revocations", "policy"))
    files = 'roots = "x"\nrevocations = "x"\n'
    for text, words in {
            f'[if-021]\nurl = "https://a"\n{files}': "needs a listener",
            f'{listener}[if-021]\nurl = "http://a"\n{files}': "must be as https://",
            f'{listener}[if-021]\nurl = "https://a/"\n{files}': "must be as https://",
            f'{listener}[if-021]\nurl = "https://a"\n': "'roots' of [if-021] is missing",
            f'{listener}[if-021]\nurl = "https://a"\nenvironment = "LIVE"\n{files}': "must be one of: PRD SITB SIT UIT DEV",
            f'{listener}[if-021]\nurl = "https://a"\nsignature_window_s = 0\n{files}': "whole number of seconds from 1"}.items():
        config.write_text(node + text)
        done = context.program.try_run("config", "check", "--config", config)
        check_equal(done.status, 2, f"exit status for {text!r}")
        check(words in done.err.decode(), f"{text!r} is answered with {words!r}: {done.err}")
    config.write_text(node + listener + f'[if-021]\nurl = "https://a"\n{files}')
    context.program.run("config", "check", "--config", config)


if __name__ == "__main__":
    harness.main(__doc__, [se_02_what_is_not_signed_so_is_not_looked_at, se_03_a_signature_has_its_time,
                           t1_a_sender_speaks_for_its_meters_alone, t10_bounds_of_requests, t9_a_slow_sender_is_cut_and_holds_nobody_up,
                           settings_of_messages_are_checked])
