#!/usr/bin/env python3
"""The certificate matrix of the threat model (section 2.3): each case against each listener of a running node, which serves
honest peers after every one of them."""

import json
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import types
import warnings

import harness
from harness import Skip, check, check_equal, mpan, small_estate, utc
from live_node import ListeningNode
from node import Node, until
from wire_peers import ACCEPTED, DUPLICATE, HELLO, LIMIT_S, WELCOME, Peer, day_run, field, frame

HEAD_END, OTHER = "urn:gridtwin:device:head-end-1", "urn:gridtwin:device:head-end-2"
PERIOD = utc("2026-03-01") // 1800 + 1


class FramesListener:
    """The listener of the framed protocol, as the matrix sees one: who its clients are, and what shows that one is in."""

    plane, identity, other, speaks_tls_1_2 = "devices", HEAD_END, OTHER, False

    def __init__(self, context, folder):
        self.meter = mpan(200_000_000_000)
        policy = f'[identities."{HEAD_END}"]\nmeters = "all"\n'
        self.node = ListeningNode(context, small_estate(context.folder / "estate", [self.meter]), policy, folder / "node",
                                  folder / "devices.pem", folder / "devices.crl")
        self.folder, self.turn = folder, 0
        self.node.start()

    @property
    def port(self):
        return self.node.port

    question = frame(HELLO, field(1, 1) + field(2, 1))

    @staticmethod
    def is_answer(data):
        return len(data) >= 5 and data[4] == WELCOME

    def lets_in(self, tls):
        """Of a connection that is through its handshake as the client sees it."""
        tls.sendall(self.question)
        return self.is_answer(tls.recv(5))

    def check_serves(self):
        """An honest peer's reading is taken."""
        trusted = types.SimpleNamespace(folder=self.folder, trust=self.folder / "server.pem", arguments=lambda name: None)
        self.turn += 1
        peer = Peer(types.SimpleNamespace(certificates=trusted, port=self.port), "good")
        check(peer.ask(self.turn, 1, day_run(self.meter, PERIOD, [1]))[0][1] in (ACCEPTED, DUPLICATE), "an honest peer is served")
        peer.close()


class HttpsNode(Node):
    """A node that answers over HTTPS: readers whose certificates are the matrix's, or head-ends, and the rest of `pki`."""

    def __init__(self, context, listener, folder, messages):
        super().__init__(context, small_estate(context.folder / "estate", [mpan(200_000_000_000)]), judge_by="nothing")
        self.pki = self.folder / "pki"
        context.program.run("pki", "init", "--out", self.pki)
        (self.folder / "access.toml").write_text(f'version = 1\n[identities."{listener.identity}"]\n{listener.scope}')
        files = {plane: (self.pki / plane / "root.pem", self.pki / plane / "revoked.pem") for plane in ("devices", "services", "operators")}
        files[listener.plane] = (folder / f"{listener.plane}.pem", folder / f"{listener.plane}.crl")
        table = lambda prefix, plane: f'{prefix}roots = "{files[plane][0]}"\n{prefix}revocations = "{files[plane][1]}"\n'  # noqa: E731
        self.config.write_text(self.config.read_text() + f"""
[http]
address = "127.0.0.1"
port = 0
certificate = "{folder}/node.pem"
key = "{folder}/node.key"
{table("services_", "services")}{table("operators_", "operators")}policy = "{self.folder}/access.toml"
""" + (f'[if-021]\nurl = "https://localhost"\n{table("", "devices")}' if messages else ""))
        self.port = 0

    def start(self):
        self.process = self.program.start("run", "--config", self.config, "--json")
        said = self.process.stderr.readline().decode()
        found = re.search(r"ready, HTTPS at 127.0.0.1 port (\d+)", said)
        check(found, f"the node says where it answers: {said}{'' if found else self.process.stderr.read().decode()}")
        self.port = int(found[1])

    def audit(self):
        return [json.loads(line) for line in self.program.run("audit", "--store", self.store, "--json").splitlines()]


class HttpsListener:
    """The listener of HTTPS, as a reader meets it."""

    plane, identity, other, speaks_tls_1_2 = "services", "urn:gridtwin:service:settlement:settlement-1", "urn:gridtwin:service:settlement:x", False
    scope, messages = "", False

    def __init__(self, context, folder):
        self.folder = folder
        self.node = HttpsNode(context, self, folder, self.messages)
        self.node.start()

    @property
    def port(self):
        return self.node.port

    question = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @staticmethod
    def is_answer(data):
        return data.startswith(b"HTTP/1.1 200 ")

    def lets_in(self, tls):
        tls.sendall(self.question)
        return self.is_answer(tls.recv(1 << 16))

    def check_serves(self):
        let_in, _ = try_it(self, client(self.folder, "good"), "127.0.0.1")
        check(let_in, "an honest peer is served")


class MessagesListener(HttpsListener):
    """The same as a head-end meets it that brings messages."""

    plane, identity, other = FramesListener.plane, FramesListener.identity, FramesListener.other
    scope, messages = 'meters = "all"\n', True


def made(context, listener):
    """The folder with all certificates of the matrix."""
    program = pathlib.Path(context.options.program).parent / "tests" / "certificate_cases"
    check(program.exists(), f"{program} is not built")
    folder = context.fresh("certificates")
    subprocess.run([program, folder, listener.plane, listener.identity, listener.other, str(int(time.time()))], check=True,
                   timeout=LIMIT_S)
    return folder


def client(folder, name=None, suites="DEFAULT", least=None, most=None):
    """A client that shows what it is given, however weak."""
    warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that must be refused
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.set_ciphers(f"{suites}:@SECLEVEL=0")
    tls.load_verify_locations(folder / "server.pem")
    if least:
        tls.minimum_version = least
    if most:
        tls.maximum_version = most
    if name:
        tls.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return tls


def try_it(listener, tls, source, session=None):
    """(whether it is let in, the session)"""
    try:
        with socket.create_connection(("127.0.0.1", listener.port), LIMIT_S, (source, 0)) as plain:
            with tls.wrap_socket(plain, server_hostname="localhost", session=session) as peer:
                return listener.lets_in(peer), peer.session
    except (ssl.SSLError, ConnectionError):
        return False, None


# What the node's operator is told: a peer that is refused for another reason shows nothing.
REFUSED = [("self-signed", "self-signed certificate"), ("wrong-authority", "self-signed certificate in certificate chain"),
           ("of-devices", "unable to get"), ("of-services", "unable to get"), ("of-operators", "unable to get"),
           ("of-another-kind", "was given by an authority of"), ("expired", "certificate has expired"),
           ("not-yet-valid", "not yet valid"), ("revoked", "certificate revoked"),
           ("of-revoked-authority", "certificate revoked (at depth 1"), ("no-use", "no clientAuth"),
           ("use-serverAuth", "unsuitable certificate purpose"), ("use-codeSigning", "unsuitable certificate purpose"),
           ("use-anyExtendedKeyUsage", "unsuitable certificate purpose"), ("of-another", "the policy does not name this identity"),
           ("common-name-alone", "no alternative names"), ("wildcard", "wildcard"), ("zero-byte", "zero byte"), ("escapes", ""),
           ("rsa-1024", "key too weak"), ("p-224", ""), ("sha-1", "signature digest algorithm too weak"),
           ("path-too-long", "path length constraint exceeded"), ("large-chain", "excessive message size")]


def matrix(context, listener_class):
    """Every case, each from an address of its own, by which the audit trail tells them apart."""
    folder = made(context, listener_class)
    listener = listener_class(context, folder)
    expected, asked = {}, 0

    def expect(what, tls, reason=None, session=None):
        nonlocal asked
        asked += 1
        source = f"127.7.0.{asked}"
        let_in, kept = try_it(listener, tls, source, session)
        check_equal(let_in, reason is None, f"{what}: let in")
        if reason:
            expected[source] = (what, reason)
        listener.check_serves()
        return kept

    for name in ("good", "of-new-authority", "of-old-authority", "renewed"):
        expect(f"accept: {name}", client(folder, name))
    tls_1_2 = {"least": ssl.TLSVersion.TLSv1_2, "most": ssl.TLSVersion.TLSv1_2}
    expect("TLS 1.2, where it is allowed", client(folder, "good", **tls_1_2), None if listener.speaks_tls_1_2 else "unsupported protocol")
    expect("refuse: none", client(folder), "did not return a certificate")
    for name, reason in REFUSED:
        if name != f"of-{listener.plane}":
            expect(f"refuse: {name}", client(folder, name), reason)
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        expect(f"refuse: {version}", client(folder, "good", least=version, most=version), "unsupported protocol")
    for suites in ("aNULL", "eNULL", "AECDH-AES256-SHA"):
        expect(f"refuse: {suites}", client(folder, "good", suites=suites, **tls_1_2),
               "no shared cipher" if listener.speaks_tls_1_2 else "unsupported protocol")
    tls = client(folder, "revoked-later")
    session = expect("before it is revoked", tls)
    check(session is None or not session.has_ticket, "there is no ticket to resume by")
    shutil.copy(folder / f"{listener.plane}-later.crl", folder / "new.crl")
    (folder / "new.crl").rename(folder / f"{listener.plane}.crl")
    until(lambda: any(event["act"] == "reload" for event in listener.node.audit()), "the lists are read again")
    expect("refuse: resumed after it was revoked", tls, "certificate revoked", session)

    recorded = lambda: {event["who"]: event for event in listener.node.audit()}
    until(lambda: set(expected) <= set(recorded()), "each refusal is recorded")
    told = recorded()
    for source, (what, reason) in expected.items():
        check_equal(told[source]["act"], "refuse-connection", what)
        check(reason in told[source]["detail"], f"{what}: {told[source]['detail']}")
    check_log(listener.node)


def check_log(node):
    """T21: what peers say of themselves makes no lines of the log, and nothing that a terminal would obey."""
    node.process.send_signal(signal.SIGTERM)
    _, err = node.process.communicate(timeout=LIMIT_S)
    check_equal(node.process.returncode, 0, "exit status")
    text = err.decode()
    check(all(line.startswith("gridtwin run: ") and line.isprintable() for line in text.splitlines()), f"the log is lines of its own: {text}")
    check("event=reload" in text and not any(line.startswith("gridtwin run: event=reload") for line in text.splitlines()),
          f"a peer's text stands within a line: {text}")


def p7_frames_listener(context):
    matrix(context, FramesListener)


def p7_https_listener(context):
    matrix(context, HttpsListener)


def p7_messages_listener(context):
    matrix(context, MessagesListener)


def s_client(listener, folder, name, *more):
    """What `openssl s_client` is answered and what it says, once it has asked what shows that it is in."""
    shown = ["-cert", folder / f"{name}.pem", "-cert_chain", folder / f"{name}.pem", "-key", folder / f"{name}.key"] if name else []
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{listener.port}", "-servername", "localhost", "-verify_hostname", "localhost",
               "-verify_return_error", "-CAfile", folder / "server.pem", "-quiet", *shown, *more]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            process.stdin.write(listener.question)
            process.stdin.flush()
            answer = process.stdout.read1(1 << 16)  # until it is answered, or refused
        except BrokenPipeError:
            answer = b""
        if answer:
            process.terminate()
        _, said = process.communicate(timeout=LIMIT_S)
    return answer, said.decode(errors="replace")


def foreign_client_openssl_at_each_listener(context):
    """A client that shares nothing with us: in with a certificate, by TLS 1.3 alone, and the node is the one that it is to be."""
    if shutil.which("openssl") is None:
        raise Skip("openssl is absent")
    for listener_class in (FramesListener, HttpsListener, MessagesListener):
        folder = made(context, listener_class)
        listener, what = listener_class(context, folder), listener_class.__name__
        answer, said = s_client(listener, folder, "good")
        check(listener.is_answer(answer), f"{what}: {answer!r} {said}")
        answer, said = s_client(listener, folder, None)
        check(not answer and "certificate required" in said, f"{what} without a certificate: {answer!r} {said}")
        answer, said = s_client(listener, folder, "good", "-tls1_2")
        check(not answer and "protocol version" in said, f"{what} by TLS 1.2: {answer!r} {said}")
        answer, said = s_client(listener, folder, "self-signed")
        check(not answer and "alert" in said, f"{what} with a certificate that nobody vouches for: {answer!r} {said}")
        answer, said = s_client(listener, folder, "good", "-verify_hostname", "another.example")
        check(not answer and "verify error" in said, f"{what} by another name: {answer!r} {said}")
        listener.check_serves()
        listener.node.process.send_signal(signal.SIGTERM)
        listener.node.process.communicate(timeout=LIMIT_S)


if __name__ == "__main__":
    harness.main(__doc__, [p7_frames_listener, p7_https_listener, p7_messages_listener, foreign_client_openssl_at_each_listener])
