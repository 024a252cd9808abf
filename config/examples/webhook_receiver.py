#!/usr/bin/env python3
"""A receiver of webhooks to start from (docs/webhooks.md): checks who calls and what was signed, drops repeats, and answers when what it
was given is on the disk. Python and openssl alone.

    webhook_receiver.py --port 8443 --url https://localhost:8443/events --certificate pki/server.pem --key pki/server.key \\
        --roots pki/services/root.pem --signer signer.pem --out events.jsonl
"""

import argparse
import base64
import hashlib
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import threading

LONGEST_BODY = 1_000_000


class Taken:
    """The events that were taken, a line each, and the last of each shard."""

    def __init__(self, path):
        self.last, self.lock = {}, threading.Lock()
        pathlib.Path(path).touch()
        self.file = open(path, "r+b")  # pylint: disable=consider-using-with
        whole = 0
        for line in self.file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            self.is_new(json.loads(line))
        self.file.seek(whole)
        self.file.truncate()  # a line that was cut off comes again

    def is_new(self, event):
        """Events of a shard ascend by offset and place, so that what is not behind the last was taken before."""
        place = (event["offset"], event["place"])
        if place <= self.last.get(event["shard"], (-1, -1)):
            return False
        self.last[event["shard"]] = place
        return True

    def take(self, body):
        with self.lock:
            # What an operator of the node has sent again lies before the last; it is told by its id where that matters.
            fresh = [event for event in body["events"] if body["replay"] or self.is_new(event)]
            self.file.write(b"".join(json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for event in fresh))
            self.file.flush()
            os.fsync(self.file.fileno())


def signature_holds(fields, url, body, signer):
    """Whether the node's key has signed this body, for this URL."""
    date, content_hash = fields["X-DIP-Signature-Date"] or "", fields["X-DIP-Content-Hash"] or ""
    if content_hash != base64.b64encode(hashlib.sha256(body).digest()).decode():
        return False
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "text").write_text(f"POST;{url.lower()};{date};{content_hash}")
        (folder / "signature").write_bytes(base64.b64decode(fields["X-DIP-Signature"] or ""))
        (folder / "key").write_bytes(subprocess.run(["openssl", "x509", "-in", signer, "-pubkey", "-noout"], check=True, capture_output=True).stdout)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder / "key", "-signature", folder / "signature", folder / "text"],
                              capture_output=True, check=False)
    return done.returncode == 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        length = int(self.headers["Content-Length"] or 0)
        if length > LONGEST_BODY:
            self.close_connection = True
            self.answer(413)
            return
        body = self.rfile.read(length)
        options = self.server.options
        if not signature_holds(self.headers, options.url, body, options.signer):
            self.answer(401)
            return
        self.server.taken.take(json.loads(body))
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()


class Server(http.server.ThreadingHTTPServer):
    def finish_request(self, request, client_address):
        request.settimeout(60)
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    for name in ("url", "certificate", "key", "roots", "signer", "out"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    server = Server(("127.0.0.1", options.port), Handler)
    server.options, server.taken = options, Taken(options.out)
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.minimum_version = ssl.TLSVersion.TLSv1_3
    server.tls.load_cert_chain(options.certificate, options.key)
    server.tls.load_verify_locations(options.roots)
    server.tls.verify_mode = ssl.CERT_REQUIRED
    server.serve_forever()


if __name__ == "__main__":
    main()
