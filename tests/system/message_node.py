"""A node that takes messages IF-021 by HTTPS, and a sender of them that shares nothing with the program: http.client and openssl."""

import base64
import hashlib
import http.client
import json
import random
import re
import ssl
import subprocess
import time

import harness
from harness import Skip, check, check_equal, mpan, small_estate
from live_node import ALL_METERS
from node import Node

LIMIT_S = 120  # against hanging
URL = "https://meters.example"  # how senders call the node, whatever leads there
TARGET = "/v1/if-021"
METERS = [mpan(100_000_000_000 + number) for number in range(10)]
DAY = "2026-06-15"
COUNTS = ("accepted", "duplicate", "conflict", "quarantined", "rejected", "busy")


def openssl(*arguments, **options):
    try:
        done = subprocess.run(["openssl", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=LIMIT_S, **options)
    except FileNotFoundError as absent:
        raise Skip("openssl is absent") from absent
    check_equal(done.returncode, 0, f"exit of openssl {arguments}: {done.stderr.decode()}")
    return done.stdout


class Signer:
    """A key and a certificate by which requests are signed."""

    def __init__(self, folder, pki, name, uri, plane="devices", key=("-newkey", "rsa:2048"), use="clientAuth"):
        self.key, self.certificate = folder / f"{name}.key", folder / f"{name}.pem"
        request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
        openssl("req", "-new", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", self.key, "-out", request)
        extensions.write_text(f"basicConstraints=critical,CA:FALSE\nextendedKeyUsage={use}\nsubjectAltName=URI:{uri}\n")
        openssl("x509", "-req", "-in", request, "-CA", pki / plane / "issuing.pem", "-CAkey", pki / plane / "issuing.key", "-days", "30",
                "-set_serial", str(random.SystemRandom().getrandbits(64)), "-extfile", extensions, "-out", self.certificate)
        self.chain = self.certificate.read_bytes() + (pki / plane / "issuing.pem").read_bytes()

    def sign(self, text):
        return base64.b64encode(openssl("dgst", "-sha256", "-sign", self.key, input=text.encode())).decode()

    def fields(self, body, target=TARGET, method="POST", date=None, url=URL):
        date = date or harness.utc_text(int(time.time()))
        content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return {"Content-Type": "application/json", "X-DIP-Signature": self.sign(f"{method};{(url + target).lower()};{date};{content_hash}"),
                "X-DIP-Signature-Date": date, "X-DIP-Content-Hash": content_hash,
                "X-DIP-Signature-Certificate": base64.b64encode(self.chain).decode()}


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body
        self.messages = json.loads(body)["messageArray"] if b'"messageArray"' in body else None

    def codes(self):
        return [one["message"][:7] for one in self.messages]

    def counts(self):
        """What became of half hours, over all messages."""
        out = dict.fromkeys(COUNTS, 0)
        for one in self.messages:
            for name, count in re.findall(rf"\b({'|'.join(COUNTS)}) (\d+)\b", (one["help"] or "").split(";")[0]):
                out[name] += int(count)
        return {name: count for name, count in out.items() if count}


class MessageNode(Node):
    """A node that takes messages by HTTPS, and frames besides."""

    def __init__(self, context, estate, policy=ALL_METERS, **settings):
        super().__init__(context, estate, judge_by="nothing", **settings)
        self.pki = self.folder / "pki"
        context.program.run("pki", "init", "--out", self.pki)
        (self.folder / "access.toml").write_text("version = 1\n" + policy)
        (self.folder / "mine.csv").write_text("mpan\n" + "".join(f"{one}\n" for one in METERS[:5]))
        self.ports = [0, 0]
        self.limits = {"frames": "", "http": "", "if-021": ""}  # more lines of those tables
        self.settings = self.config.read_text()
        self.signers = {}

    def start(self, **options):
        tls = f'certificate = "{self.pki}/server.pem"\nkey = "{self.pki}/server.key"\npolicy = "{self.folder}/access.toml"\n'
        devices = f'roots = "{self.pki}/devices/root.pem"\nrevocations = "{self.pki}/devices/revoked.pem"\n'
        self.config.write_text(self.settings + f"""
[frames]
address = "127.0.0.1"
port = {self.ports[0]}
{tls}{devices}{self.limits["frames"]}
[http]
address = "127.0.0.1"
port = {self.ports[1]}
{tls}services_roots = "{self.pki}/services/root.pem"
services_revocations = "{self.pki}/services/revoked.pem"
operators_roots = "{self.pki}/operators/root.pem"
operators_revocations = "{self.pki}/operators/revoked.pem"
{self.limits["http"]}
[if-021]
url = "{URL}"
{devices}{self.limits["if-021"]}""")
        self.process = self.program.start("run", "--config", self.config, "--json", **options)
        said = self.process.stderr.readline().decode()
        found = re.search(r"ready, listening at 127.0.0.1 port (\d+), HTTPS at 127.0.0.1 port (\d+)", said)
        check(found, f"the node says where it answers: {said}{'' if found else self.process.stderr.read().decode()}")
        self.ports = [int(found[1]), int(found[2])]

    def signer(self, who="head-end-1"):
        if who not in self.signers:
            self.signers[who] = Signer(self.folder, self.pki, f"sign-{who}", f"urn:gridtwin:device:{who}")
        return self.signers[who]

    def tls(self, who="head-end-1"):
        out = ssl.create_default_context(cafile=self.pki / "services/root.pem")
        out.load_cert_chain(self.pki / f"{who}.pem", self.pki / f"{who}.key")
        return out

    def connect(self, who="head-end-1"):
        return http.client.HTTPSConnection("localhost", self.ports[1], timeout=LIMIT_S, context=self.tls(who))

    def ask(self, body, who="head-end-1", target=TARGET, method="POST", fields=None, connection=None, **more):
        """`fields`: in the place of those of a good signature; `more`: in their place or beside them."""
        body = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        fields = self.signer(who if who.startswith("head-end") else "head-end-1").fields(body, target, method) if fields is None else fields
        fields = {**fields, **{name.replace("_", "-"): value for name, value in more.items()}}
        own = connection or self.connect(who)
        try:
            own.request(method, target, body=body, headers={name: value for name, value in fields.items() if value is not None})
            answer = own.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            if connection is None:
                own.close()

    def audit(self, act=None):
        events = [json.loads(line) for line in self.program.run("audit", "--store", self.store, "--json").splitlines()]
        return [event for event in events if act in (None, event["act"])]


def message(meter, kwh="0.100", day=DAY, number=1, half_hours=48):
    first = harness.utc(day)
    text = lambda seconds: harness.utc_text(seconds).replace("Z", "+00:00")  # noqa: E731
    return {"payload": {
        "CommonBlock": {
            "S0": {"interfaceID": "IF-021", "schemaVersion": "011", "eventCode": "[ActivePower]"},
            "S1": {"environmentTag": "DEV", "subText": None, "senderUniqueReference": f"S-IF-021-1401234567-SDS-20260616-{meter}x{number}",
                   "senderTimestamp": "2026-06-16T02:15:00+00:00", "senderDIPID": "1401234567", "senderRoleID": "SDS",
                   "senderCorrelationID": None, "DIPConnectionProviderID": None},
            "A0": {"primaryRecipients": ["2300000001"], "secondaryRecipients": [], "always": []},
            "M0": {"MPANCore": meter, "distributorDIPID": "2500000001", "GSPGroupID": "_C"}},
        "CustomBlock": {
            "B044": {"issuingDataServiceDIPID": "1401234567"},
            "B067": {"connectionTypeIndicator": "W", "connectionTypeEffectiveFromDate": "2020-01-01T00:00:00+00:00"},
            "B900": {"MQID": {"measurementQuantityID": "AI"}, "settlementDayConsumptionPeriods": [{
                "settlementDay": {"settlementDayDate": text(first), "periodDuration": 30},
                "consumptionPeriods": [{"sp": text(first + 1800 * (slot + 1)), "v": kwh, "q": "A", "e": None, "arc": None}
                                       for slot in range(half_hours)]}]}}}}


def periods_of(one):
    return one["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0]["consumptionPeriods"]


def node_of(context, policy=ALL_METERS, **settings):
    node = MessageNode(context, small_estate(context.folder / f"estate-{context.count}", METERS), policy, **settings)
    node.start()
    return node


def replayed_messages(context, estate, messages, name="replayed"):
    file, store = context.fresh("messages"), context.fresh(name)
    file.write_text("".join(json.dumps(one) + "\n" for one in messages))
    context.program.replay(estate, file, store, "--format", "if-021")
    return store
