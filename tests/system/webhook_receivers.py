"""Receivers of webhooks for the tests: one that is honest, by the description in docs/webhooks.md alone, and twenty that do wrong.
Run as a program, the honest one is a process that can be killed: it writes what it has taken to a file before it answers."""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time


def server_tls(pki, certificate=None, key=None):
    """Of a receiver that wants to see the node's certificate."""
    out = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    out.minimum_version = ssl.TLSVersion.TLSv1_3
    out.load_cert_chain(certificate or pki / "server.pem", key or pki / "server.key")
    out.load_verify_locations(pki / "services/root.pem")
    out.verify_mode = ssl.CERT_REQUIRED
    return out


def make_signer(folder):
    """A certificate of RSA and its key, for signatures; (certificate, key)."""
    certificate, key = folder / "signer.pem", folder / "signer.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=node", "-days", "30", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


def signature_holds(fields, url, body):
    """By openssl alone: hash of the body, and the key's signature over METHOD;url;date;hash."""
    if fields["X-DIP-Content-Hash"] != base64.b64encode(hashlib.sha256(body).digest()).decode():
        return False
    text = f"POST;{url.lower()};{fields['X-DIP-Signature-Date']};{fields['X-DIP-Content-Hash']}"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "pem").write_bytes(base64.b64decode(fields["X-DIP-Signature-Certificate"]))
        (folder / "signature").write_bytes(base64.b64decode(fields["X-DIP-Signature"]))
        (folder / "text").write_text(text)
        key = subprocess.run(["openssl", "x509", "-in", folder / "pem", "-pubkey", "-noout"], check=True, capture_output=True).stdout
        (folder / "key").write_bytes(key)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder / "key", "-signature", folder / "signature", folder / "text"],
                              capture_output=True, check=False)
    return done.returncode == 0


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it takes. `decide(body, fields)`: the status, or (status, fields), of each answer."""

    daemon_threads = True

    def __init__(self, tls, decide=None, port=0, keep=None):
        self.decide, self.keep = decide or (lambda body, fields: 200), keep
        self.bodies, self.statuses, self.requests_seen, self.lock = [], [], [], threading.Lock()
        self.taken, self.connections = 0, set()  # events; that are open
        self.tls = tls
        super().__init__(("127.0.0.1", port), Handler)
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def finish_request(self, request, client_address):
        request.settimeout(60)
        with self.tls.wrap_socket(request, server_side=True) as secured:
            with self.lock:
                self.connections.add(secured)
            try:
                super().finish_request(secured, client_address)
            finally:
                with self.lock:
                    self.connections.discard(secured)

    def handle_error(self, request, client_address):
        pass  # a client that goes away is none of a test's business

    def close(self):
        """Nobody is there any more, on connections that were open either."""
        self.shutdown()
        self.server_close()
        with self.lock:
            for one in self.connections:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def events(self):
        """Of what it took, in the order in which it came."""
        with self.lock:
            return [event for body, status in zip(self.bodies, self.statuses) if 200 <= status < 300 for event in body["events"]]

    def came(self):
        with self.lock:
            return len(self.bodies)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        data = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(data)
        answer = self.server.decide(body, self.headers)
        status, fields = answer if isinstance(answer, tuple) else (answer, {})
        if self.server.keep and 200 <= status < 300:
            self.server.keep(body)
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.statuses.append(status)
            self.server.requests_seen.append((self.path, dict(self.headers), data))
            self.server.taken += len(body["events"]) if 200 <= status < 300 else 0
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Evil:
    """A listener that does something wrong to each connection, and counts them."""

    def __init__(self, wrong, tls=None, host="127.0.0.1"):
        self.wrong, self.tls, self.host, self.connections, self.ending = wrong, tls, host, 0, False
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.ending:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            if self.tls:
                connection.settimeout(30)
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.wrong(connection, self)
        except (OSError, ValueError):
            pass
        finally:
            try:
                connection.close()
            except OSError:
                pass

    def close(self):
        self.ending = True
        self.socket.close()


def read_request(connection):
    """Its body, whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return body


def hold(connection, server):
    """Says nothing, for as long as the other end stays."""
    while not server.ending and connection.recv(65536):
        pass


def never_answers(connection, server):
    read_request(connection)
    hold(connection, server)


def drips(what, pause=1.0):
    """A byte now and then."""
    def wrong(connection, server):
        read_request(connection)
        for byte in what:
            if server.ending:
                return
            connection.sendall(bytes([byte]))
            time.sleep(pause)
        hold(connection, server)
    return wrong


def pours(head, piece, pieces=1 << 14):
    """So much that nobody should take it."""
    def wrong(connection, _):
        read_request(connection)
        connection.sendall(head)
        for _ in range(pieces):
            connection.sendall(piece)
    return wrong


def says(text):
    def wrong(connection, server):
        while read_request(connection) is not None:
            connection.sendall(text)
        hold(connection, server)
    return wrong


def closes(connection, _):
    read_request(connection)


def resets(connection, _):
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_at_once(connection, _):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reads_nothing(connection, server):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    while not server.ending:
        time.sleep(0.1)


def speaks_plainly(connection, server):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    hold(connection, server)


def main():
    """webhook_receivers.py PKI FILE PORT: an honest receiver as a process. A line of FILE for each event, synced before the answer."""
    pki, file, port = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    lock = threading.Lock()

    def keep(body):
        with lock:
            os.write(out, "".join(json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n" for event in body["events"]).encode())
            os.fsync(out)

    receiver = Receiver(server_tls(pki), port=port, keep=keep)
    print(receiver.port, flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
