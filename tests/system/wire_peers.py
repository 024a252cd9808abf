"""What the tests of the framed protocol share: certificates made by openssl, a server to talk to, and a peer of our own that
speaks the protocol by its description alone."""

import json
import pathlib
import socket
import ssl
import struct
import subprocess

from harness import Skip, check

HELLO, WELCOME, SUBMIT, ANSWER, CREDIT, GOODBYE = range(1, 7)
DONE, STOPPING, SUPERSEDED, MALFORMED, TOO_LARGE, VERSION, OVER_CREDIT, TOO_SLOW, REVOKED = range(1, 10)
UNKNOWN, ACCEPTED, DUPLICATE, CONFLICT, QUARANTINED, REJECTED, BUSY = range(7)
NOT_PERMITTED = 64
LIMIT_S = 60  # against hanging


def openssl(*arguments, **options):
    try:
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **options)
    except FileNotFoundError as absent:
        raise Skip("openssl is absent") from absent


class Certificates:
    """An authority and what it signs; another one that nobody trusts."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for authority in ("authority", "stranger"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                    "-subj", f"/CN={authority}", "-keyout", folder / f"{authority}.key", "-out", folder / f"{authority}.pem")
        self.trust = folder / "authority.pem"
        self.make("node", "DNS:localhost,IP:127.0.0.1")

    def make(self, name, alternative=None, authority="authority"):
        """(certificate, key)"""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative or 'DNS:' + name}\n")
        openssl("x509", "-req", "-in", request, "-CA", self.folder / f"{authority}.pem", "-CAkey", self.folder / f"{authority}.key",
                "-CAcreateserial", "-days", 2, "-extfile", extensions, "-out", certificate)
        return certificate, key

    def arguments(self, name):
        """For `gridtwin send`."""
        if not (self.folder / f"{name}.pem").exists():
            self.make(name)
        return ["--cert", self.folder / f"{name}.pem", "--key", self.folder / f"{name}.key", "--trust", self.trust]


class Server:
    """The test server of tests/support, which the tests' build puts beside the program's own tests."""

    def __init__(self, context, certificates, log, **settings):
        program = pathlib.Path(context.options.program).parent / "tests" / "wire_server"
        check(program.exists(), f"{program} is not built")
        self.process = subprocess.Popen([program, certificates.folder / "node.pem", certificates.folder / "node.key",
                                         certificates.trust, log, *(f"{name}={value}" for name, value in settings.items())],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        check(line.startswith("port "), "the test server did not start")
        self.port = int(line.split()[1])
        self.certificates = certificates

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def counters(self):
        self.process.stdin.write("counters\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.communicate("stop\n", timeout=LIMIT_S)
        return self.process.returncode


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def field(number, value):
    """A field of a message: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields_of(body):
    """(number, value) of a message's fields."""
    at, out = 0, []

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(body):
        tag = number()
        value = number()
        if tag & 7 == 2:
            out.append((tag >> 3, body[at:at + value]))
            at += value
        else:
            out.append((tag >> 3, value))
    return out


def packed(data):
    values, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            values.append(value)
            value = shift = 0
    return values


def day_run(meter, first_period, values):
    return field(3, field(1, field(1, int(meter)) + field(3, first_period) + field(5, b"".join(map(zigzag, values)))))


def submit(batch, first_number, *runs):
    return field(1, batch) + field(2, first_number) + b"".join(runs)


def frame(kind, body=b""):
    return struct.pack(">IB", len(body), kind) + body


class Peer:
    """A sender that may do wrong."""

    def __init__(self, server, name, source=None, hello=True):
        certificates = server.certificates
        certificates.arguments(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificates.trust)
        context.load_cert_chain(certificates.folder / f"{name}.pem", certificates.folder / f"{name}.key")
        plain = socket.create_connection(("127.0.0.1", server.port), LIMIT_S, source and (source, 0))
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.data = b""
        if hello:
            self.send(frame(HELLO, field(1, 1) + field(2, 1)))
            kind, _ = self.receive()
            check(kind == WELCOME, "no welcome")

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """(kind, body) of the next frame; (None, b"") at the end."""
        while len(self.data) < 5 or len(self.data) < 5 + struct.unpack(">I", self.data[:4])[0]:
            try:
                part = self.socket.recv(1 << 16)
            except (ssl.SSLError, ConnectionError):
                part = b""
            if not part:
                return None, b""
            self.data += part
        length, kind = struct.unpack(">IB", self.data[:5])
        body, self.data = self.data[5:5 + length], self.data[5 + length:]
        return kind, body

    def goodbye(self):
        """The reason of the goodbye that comes, 0 if the connection just ends."""
        kind, body = self.receive()
        check(kind in (None, GOODBYE), f"goodbye expected, a frame of kind {kind} came")
        return dict(fields_of(body)).get(1, 0)

    def ask(self, *arguments):
        """Submits a batch; [(count, outcome, code, shard, offset)] of its answer."""
        self.send(frame(SUBMIT, submit(*arguments)))
        return self.answer()

    def answer(self):
        kind, body = self.receive()
        while kind == CREDIT:
            kind, body = self.receive()
        check(kind == ANSWER, f"an answer expected, a frame of kind {kind} came")
        found = dict(fields_of(body))
        columns = [packed(found[number]) for number in range(2, 7)]
        offset, runs = 0, []
        for count, outcome, code, shard, difference in zip(*columns):
            offset += (difference >> 1) ^ -(difference & 1)
            runs.append((count, outcome, code, shard, offset))
        return runs

    def close(self):
        self.socket.close()
