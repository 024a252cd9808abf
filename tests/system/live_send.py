#!/usr/bin/env python3
"""`send` and the framed protocol's listener: killed at random, against peers that do wrong, with certificates of all kinds."""

import json
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import threading

import harness
from harness import Failure, check, check_equal, mpan, utc, utc_text, write_csv
from wire_peers import (ACCEPTED, CONFLICT, DUPLICATE, GOODBYE, HELLO, LIMIT_S, MALFORMED, NOT_PERMITTED, REJECTED, SUBMIT,
                        SUPERSEDED, TOO_LARGE, TOO_SLOW, VERSION, Certificates, Peer, Server, day_run, field, frame, submit)

FIRST = utc("2026-03-01")
PERIOD = FIRST // 1800 + 1
METERS = [mpan(200_000_000_000 + 11 * number) for number in range(150)]


def reads(path, meters, days):
    """A row for each half hour, by time."""
    return write_csv(path, "mpan,period_end,kwh", [
        (meter, utc_text(FIRST + 1800 * (slot + 1)), f"{(slot * 7 + number) % 900 / 1000:.3f}")
        for slot in range(48 * days) for number, meter in enumerate(meters)])


def send_arguments(port, certificates, spool, *files, name="head-end", patience=LIMIT_S):
    more = ["--reads", *files] if files else []
    return ["send", "--to", f"localhost:{port}", *certificates.arguments(name), "--spool", spool, "--patience", patience, "--json",
            *more]


def lines_of(log):
    """(outcome, sender, number, mpan, quantity, period, version, wh, quality) of each reading that the gate took."""
    text = pathlib.Path(log).read_text(encoding="ascii")
    return [tuple(line.split()) for line in text[:text.rfind("\n") + 1].splitlines()]


def check_log(log, count):
    """Each key was accepted once, and had one number whenever it was sent."""
    numbers, keys, accepted = {}, {}, 0
    for outcome, _, number, *key in lines_of(log):
        key = tuple(key)
        check(numbers.setdefault(key, number) == number, f"{key} had the numbers {numbers[key]} and {number}")
        check(keys.setdefault(number, key) == key, f"number {number} stood for two readings")
        check(outcome in ("accepted", "duplicate"), f"{outcome}: {key}")
        accepted += outcome == "accepted"
    check_equal(accepted, count, "readings accepted")
    check_equal(len(keys), count, "readings")


class ImmortalServer:
    """A server that kills itself at random, and is started again at the same port until it is enough."""

    def __init__(self, context, certificates, log, deaths_in, turns):
        self.start = lambda port, seed, deaths: Server(context, certificates, log, port=port, seed=seed, deaths_in=deaths)
        self.server = self.start(0, 1, deaths_in)
        self.port, self.deaths, self.turns, self.deaths_in = self.server.port, 0, turns, deaths_in
        self.ending, self.fault = False, None
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        try:
            while True:
                self.server.process.wait()
                if self.ending:
                    return
                check_equal(self.server.process.returncode, -signal.SIGKILL, "the server's end")
                self.deaths += 1
                self.server = self.start(self.port, self.deaths + 1, self.deaths_in if self.deaths < self.turns else 0)
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def end(self):
        self.ending = True
        self.server.process.kill()
        self.thread.join()
        if self.fault:
            raise self.fault


def kill_9_of_sender_and_node(context):
    """At the end each reading was taken exactly once, under the number that it got first, and each is answered."""
    certificates = Certificates(context.folder / "certificates")
    days = 40
    file, log, spool = reads(context.folder / "reads.csv", METERS, days), context.folder / "log", context.folder / "spool"
    count = 48 * days * len(METERS)
    chance, kills = random.Random(20261127), 0
    server = ImmortalServer(context, certificates, log, 12, 12)
    try:
        certificates.arguments("head-end")
        for _ in range(40):
            process = context.program.start(*send_arguments(server.port, certificates, spool, file))
            try:
                process.communicate(timeout=chance.uniform(0.1, 2.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            kills += process.returncode == -signal.SIGKILL
            if kills >= 8:
                break
        summary = json.loads(context.program.run(*send_arguments(server.port, certificates, spool, file)))
    finally:
        server.end()
    check_equal(summary["unanswered"], 0, "unanswered at the end")
    check_log(log, count)
    check(server.deaths >= 3 and kills >= 3, f"too little has happened: {server.deaths} deaths of the node, {kills} of the sender")
    again = context.program.try_run(*send_arguments(server.port, certificates, spool, file, patience=1))
    check_equal(json.loads(again.out)["known"], count, "a file that was taken is not taken again")


def send_tells_what_became_of_each(context):
    """Accepted, duplicate by another sender, conflict, rejected; rows that are no readings; the spool alone."""
    certificates, spool = Certificates(context.folder / "certificates"), context.folder / "spool"
    file = reads(context.folder / "reads.csv", METERS[:10], 2)
    with open(file, "a", encoding="ascii") as more:
        more.write(f"{METERS[0]},yesterday,1\n{METERS[0]},2026-03-01T00:30:00Z,Null\n")
    other = write_csv(context.folder / "other.csv", "mpan,period_end,kwh", [(METERS[0], "2026-03-01T00:30:00Z", "99.999")])
    with Server(context, certificates, context.folder / "log", foreign=METERS[9]) as server:
        run = lambda *arguments, **options: json.loads(
            context.program.run(*send_arguments(server.port, certificates, *arguments, **options)))
        first = run(spool, file)
        check_equal((first["readings"], first["accepted"], first["rejected"], first["unsendable"], first["unanswered"]),
                    (960, 864, {"not-permitted": 96}, {"unparseable": 1, "null-value": 1}, 0), "the first sender")
        second = run(context.folder / "spool2", file, other, name="another")
        check_equal((second["duplicates"], second["conflicts"], second["rejected"]), (864, 1, {"not-permitted": 96}), "another")
        nothing = run(spool)
        check_equal((nothing["readings"], nothing["sent"], nothing["unanswered"]), (0, 0, 0), "the spool alone")
        check_equal(server.stop(), 0, "exit status of the server")


def send_keeps_what_nobody_takes(context):
    """No node, a node of another authority, Ctrl-C: exit 1, and the readings are there when a node is."""
    certificates, spool = Certificates(context.folder / "certificates"), context.folder / "spool"
    file = reads(context.folder / "reads.csv", METERS[:10], 2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
        alone = context.program.try_run(*send_arguments(nobody, certificates, spool, file, patience=1))
        check_equal((alone.status, json.loads(alone.out)["unanswered"]), (1, 960), "without a node")
        check(b"no connection" in alone.err and b"960 readings are unanswered" in alone.err, f"says so: {alone.err}")
        process = context.program.start(*send_arguments(nobody, certificates, spool))
        check(b"no connection" in process.stderr.readline(), "it tries")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_S)
        check_equal((process.returncode, json.loads(out)["unanswered"]), (1, 960), "after Ctrl-C")
        check(b"stopped: 960 readings" in err, f"says so: {err}")
    with Server(context, certificates, context.folder / "log") as server:
        strangers = Certificates(context.folder / "strangers")
        for other in (strangers.folder / "authority.pem", certificates.folder / "stranger.pem"):
            arguments = send_arguments(server.port, certificates, spool, patience=1)
            arguments[arguments.index("--trust") + 1] = other
            done = context.program.try_run(*arguments)
            check(done.status == 1 and b"no TLS" in done.err, f"a node that is not trusted: {done.describe()}")
        elsewhere = send_arguments(server.port, certificates, spool, patience=1)
        elsewhere[2] = f"127.0.0.2:{server.port}"
        done = context.program.try_run(*elsewhere)
        check_equal(done.status, 1, "a node that is not where its certificate says")
        summary = json.loads(context.program.run(*send_arguments(server.port, certificates, spool)))
        check_equal((summary["accepted"], summary["unanswered"]), (960, 0), "with a node")
        check_equal(len(lines_of(context.folder / "log")), 960, "nothing was sent before")


def send_refuses_wrong_use(context):
    certificates, spool = Certificates(context.folder / "certificates"), context.folder / "spool"
    names = write_csv(context.folder / "names.csv", "mpan,period_end,kwh", [("MAC000002", "2026-03-01T00:30:00Z", "1")])
    wrong = write_csv(context.folder / "wrong.csv", "mpan,period_end,kwh", [("2000000000001", "2026-03-01T00:30:00Z", "1")])
    good = reads(context.folder / "good.csv", METERS[:1], 1)
    for change, text in (({"--to": "localhost"}, b"HOST:PORT"), ({"--to": ":1"}, b"HOST:PORT"), ({"--to": "a:70000"}, b"HOST:PORT"),
                         ({"--reads": names}, b"MAC000002"), ({"--reads": wrong}, b"is no MPAN"),
                         ({"--reads": context.folder / "absent.csv"}, b"absent.csv"), ({"--cert": good}, b"good.csv"),
                         ({"--key": certificates.folder / "stranger.key"}, b"stranger.key"), ({"--trust": good}, b"good.csv")):
        arguments = send_arguments(1, certificates, spool, good)
        for option, value in change.items():
            arguments[arguments.index(option) + 1] = value
        done = context.program.try_run(*arguments)
        check_equal((done.status, text in done.err.splitlines()[0]), (2, True), f"{change}: {done.describe()}")
    check(not spool.exists(), "nothing was kept")


def t1_a_meter_of_another_never_reaches_the_gate(context):
    """Every place of the foreign meter in a batch, alone and among others."""
    certificates, log = Certificates(context.folder / "certificates"), context.folder / "log"
    with Server(context, certificates, log, foreign=METERS[5]) as server:
        peer = Peer(server, "head-end")
        foreign, own = day_run(METERS[5], PERIOD, [7] * 48), day_run(METERS[6], PERIOD, [7] * 48)
        number, rejected = 1, 0
        for turn, runs in enumerate(([foreign], [foreign, own], [own, foreign], [own, foreign, own], [foreign, own, foreign])):
            answer = peer.ask(turn, number, *runs)
            number += 48 * len(runs)
            for count, outcome, code, _, _ in answer:
                check((outcome == REJECTED) == (code == NOT_PERMITTED), f"an answer of its kind: {answer}")
                rejected += count * (outcome == REJECTED)
        check_equal(rejected, 48 * 6, "readings rejected")
        check_equal(server.counters()["not_permitted"], 48 * 6, "each is counted")
        check_equal({line[3] for line in lines_of(log)}, {METERS[6]}, "meters of the log")
        peer.close()


def t2_one_session_an_identity(context):
    """The newest wins; the older one is told, and nothing of it is taken from then on."""
    certificates, log = Certificates(context.folder / "certificates"), context.folder / "log"
    with Server(context, certificates, log) as server:
        older = Peer(server, "gateway")
        check_equal(older.ask(1, 1, day_run(METERS[0], PERIOD, [1]))[0][1], ACCEPTED, "alone")
        newer = Peer(server, "gateway")
        other = Peer(server, "another")
        try:
            older.send(frame(SUBMIT, submit(2, 2, day_run(METERS[1], PERIOD, [1]))))
        except (ssl.SSLError, ConnectionError):
            pass  # it has been told already
        check_equal(older.goodbye(), SUPERSEDED, "why the older session ended")
        check_equal(newer.ask(1, 2, day_run(METERS[2], PERIOD, [1]))[0][1], ACCEPTED, "the newer session")
        check_equal(other.ask(1, 1, day_run(METERS[3], PERIOD, [1]))[0][1], ACCEPTED, "another identity")
        check_equal(server.counters()["superseded"], 1, "it is counted")
        check_equal([line[3] for line in lines_of(log)], [METERS[0], METERS[2], METERS[3]], "what was taken")
        newer.close()
        other.close()


def t3_what_is_sent_again_is_a_duplicate(context):
    """The same frames in the same session, in a new one and from another sender: where they stand since the first time."""
    certificates, log = Certificates(context.folder / "certificates"), context.folder / "log"
    frames = [(1000 + n, 1 + 48 * n, day_run(METERS[n], PERIOD, [n] * 48)) for n in range(20)]
    with Server(context, certificates, log) as server:
        peer = Peer(server, "head-end")
        first = [peer.ask(*one) for one in frames]
        check(all(run[1] == ACCEPTED for answer in first for run in answer), "the first time")
        place = [[run[3:] for run in answer] for answer in first]
        for sender in (None, "head-end", "another"):
            again = Peer(server, sender) if sender else peer
            answers = [again.ask(*one) for one in frames]
            check(all(run[1] == DUPLICATE for answer in answers for run in answer), "again")
            check_equal([[run[3:] for run in answer] for answer in answers], place, "their places")
        changed = again.ask(1, 5000, day_run(METERS[0], PERIOD, [99] * 48))
        check_equal([run[:2] for run in changed], [(48, CONFLICT)], "another content of a key")
        check_equal(sum(line[0] == "accepted" for line in lines_of(log)), 20 * 48, "each was taken once")


def t9_who_is_slow_is_cut(context):
    """Silent before the handshake, silent before hello, a byte of a frame, silent after it; others go on meanwhile."""
    certificates = Certificates(context.folder / "certificates")
    certificates.arguments("slow")
    with Server(context, certificates, context.folder / "log", handshake_ms=1500, hello_ms=1500, frame_ms=1500, idle_ms=3000,
                half_open_of_address=20) as server:
        silent = [socket.create_connection(("127.0.0.1", server.port), LIMIT_S, (f"127.0.1.{n % 20 + 1}", 0)) for n in range(300)]
        peer = Peer(server, "honest")
        for turn in range(30):
            check_equal(peer.ask(turn, 1 + turn, day_run(METERS[turn], PERIOD, [1]))[0][1], ACCEPTED, "an honest peer")
        for connection in silent:
            connection.settimeout(LIMIT_S)
            check_equal(connection.recv(1), b"", "a silent connection ends")
        without_hello = Peer(server, "slow", hello=False)
        check_equal(without_hello.goodbye(), 0, "no hello")
        half_a_hello = Peer(server, "slow", hello=False)
        half_a_hello.send(frame(HELLO, field(1, 1))[:6])
        check_equal(half_a_hello.goodbye(), 0, "half a hello")
        half_a_frame = Peer(server, "slow")
        half_a_frame.send(frame(SUBMIT, b"x" * 1000)[:500])
        check_equal(half_a_frame.goodbye(), TOO_SLOW, "half a frame")
        idle = Peer(server, "slow")
        check_equal(idle.goodbye(), TOO_SLOW, "nothing at all")
        counters = server.counters()
        check(counters["deadlines"] >= 304, f"each is counted: {counters}")
        check_equal(counters["half_open"], 0, f"half-open connections at the end: {counters}")
        flood = [socket.create_connection(("127.0.0.1", server.port), LIMIT_S, ("127.0.2.1", 0)) for _ in range(60)]
        for connection in flood:
            connection.settimeout(LIMIT_S)
            check_equal(connection.recv(1), b"", "a connection too many ends")
        check(server.counters()["refused_by_address"] > 0, "beyond the cap of an address they are not kept at all")
        check_equal(server.stop(), 0, "exit status of the server")


def t9_who_says_nothing_holds_nobody_up(context):
    """Three times as many silent connections as may be half-open, with ten minutes for a handshake: an honest peer comes in, and one
    that has begun to speak is left its time."""
    certificates = Certificates(context.folder / "certificates")
    with Server(context, certificates, context.folder / "log", handshake_ms=600_000, half_open=100, half_open_of_address=20) as server:
        begun = socket.create_connection(("127.0.0.1", server.port), LIMIT_S)
        begun.sendall(b"\x16")
        silent = [socket.create_connection(("127.0.0.1", server.port), LIMIT_S, (f"127.0.1.{n % 20 + 1}", 0)) for n in range(300)]
        peer = Peer(server, "honest")
        check_equal(peer.ask(1, 1, day_run(METERS[0], PERIOD, [1]))[0][1], ACCEPTED, "an honest peer")
        check(server.counters()["deadlines"] >= 200, "those that say nothing are cut")
        begun.settimeout(0)
        try:
            check(begun.recv(1), "one that has begun is still there")
        except BlockingIOError:
            pass
        for connection in silent:
            connection.close()
        check_equal(server.stop(), 0, "exit status of the server")


def t18_all_come_back_at_once(context):
    """After an outage: more than may be half-open, all at once, each with a whole handshake: each gets in, and who was there stays."""
    certificates = Certificates(context.folder / "certificates")
    names = [f"gateway-{number}" for number in range(8)]
    for name in names:
        certificates.arguments(name)
    patient = {f"{phase}_ms": 1000 * LIMIT_S for phase in ("handshake", "hello", "frame", "idle")}
    with Server(context, certificates, context.folder / "log", half_open=16, half_open_of_address=64, **patient) as server:
        honest = Peer(server, "honest")
        answers, faults, gate = [], [], threading.Barrier(40)

        def come(number):
            try:
                gate.wait()
                for turn in range(10):
                    peer = Peer(server, names[number % 8], f"127.0.3.{number + 1}")
                    peer.socket.settimeout(LIMIT_S)
                    peer.close()
                    answers.append(turn)
            except Exception as fault:  # pylint: disable=broad-except
                faults.append(fault)

        threads = [threading.Thread(target=come, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for turn in range(50):
            check_equal(honest.ask(turn, 1 + turn, day_run(METERS[turn], PERIOD, [1]))[0][1], ACCEPTED, "who was there goes on")
        for thread in threads:
            thread.join()
        check_equal(faults, [], "faults")
        check_equal(len(answers), 400, "who got in")
        counters = server.counters()
        check_equal((counters["welcomed"], counters["refused_by_address"], counters["deadlines"]), (401, 0, 0), f"{counters}")


def memory_of(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise Failure("no VmRSS")


def t10_what_is_too_large_is_refused_by_its_length(context):
    certificates = Certificates(context.folder / "certificates")
    certificates.arguments("hostile")
    with Server(context, certificates, context.folder / "log", half_open_of_address=1000) as server:
        for length in (16 * 1024 + 1, 1 << 20, 0xFFFFFFFF):
            peer = Peer(server, "hostile", hello=False)
            peer.send(length.to_bytes(4, "big"))
            check_equal(peer.goodbye(), TOO_LARGE, f"{length} bytes before hello")
        for length in ((1 << 20) + 1, 0xFFFFFFFF):
            peer = Peer(server, "hostile")
            peer.send(length.to_bytes(4, "big"))
            check_equal(peer.goodbye(), TOO_LARGE, f"{length} bytes")
        peer = Peer(server, "hostile")
        peer.send(frame(SUBMIT, submit(1, 1, day_run(METERS[0], PERIOD, [1] * 40_000))))
        check_equal(peer.goodbye(), TOO_LARGE, "a batch of too many readings")
        for wrong in (frame(99), frame(SUBMIT, b"\xff" * 100), frame(HELLO), frame(GOODBYE, b"\xff")):
            peer = Peer(server, "hostile")
            peer.send(wrong)
            check_equal(peer.goodbye(), MALFORMED, f"{wrong[:9]}")
        peer = Peer(server, "hostile", hello=False)
        peer.send(frame(HELLO, field(1, 7) + field(2, 9)))
        check_equal(peer.goodbye(), VERSION, "another version")
        before, count, peers = memory_of(server.process), 100, []
        for _ in range(count):  # each claims 16 KiB, as much as one may before hello, and sends none of it
            peer = Peer(server, "hostile", hello=False)
            peer.send((16 * 1024).to_bytes(4, "big") + bytes([HELLO]))
            peers.append(peer)
        grown = (memory_of(server.process) - before) / count
        check(context.program.is_sanitized() or grown <= 128 * 1024, f"a hostile connection costs {grown} bytes")
        honest = Peer(server, "honest")
        check_equal(honest.ask(1, 1, day_run(METERS[0], PERIOD, [1]))[0][1], ACCEPTED, "an honest peer")


def certificates_that_are_refused(context):
    """None, a stranger's, one that names nobody who may come, TLS 1.2, no TLS: not one is welcomed."""
    certificates = Certificates(context.folder / "certificates")
    certificates.make("stranger-1", authority="stranger")
    with Server(context, certificates, context.folder / "log", handshake_ms=1500) as server:
        def try_it(name=None, version=None):
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.load_verify_locations(certificates.trust)
            if name:
                certificates.arguments(name)
                tls.load_cert_chain(certificates.folder / f"{name}.pem", certificates.folder / f"{name}.key")
            if version:
                tls.maximum_version = version
            try:
                with socket.create_connection(("127.0.0.1", server.port), LIMIT_S) as plain:
                    with tls.wrap_socket(plain, server_hostname="localhost") as peer:
                        peer.sendall(frame(HELLO, field(1, 1) + field(2, 1)))
                        return peer.recv(1) != b""
            except (ssl.SSLError, ConnectionError):
                return False

        check(not try_it(), "no certificate")
        check(not try_it("stranger-1"), "a stranger's certificate")
        check(not try_it("nobody"), "a name that may not come")
        check(not try_it("head-end", ssl.TLSVersion.TLSv1_2), "TLS 1.2")
        with socket.create_connection(("127.0.0.1", server.port), LIMIT_S) as plain:
            plain.sendall(frame(HELLO, field(1, 1) + field(2, 1)))
            check(plain.recv(1 << 16)[:1] != b"\x00", "no TLS")
        counters = server.counters()
        check_equal((counters["welcomed"], counters["refused_identities"]), (0, 1), f"{counters}")
        check(try_it("head-end"), "and one that may")


if __name__ == "__main__":
    harness.main(__doc__, [kill_9_of_sender_and_node, send_tells_what_became_of_each, send_keeps_what_nobody_takes,
                           send_refuses_wrong_use, t1_a_meter_of_another_never_reaches_the_gate, t2_one_session_an_identity,
                           t3_what_is_sent_again_is_a_duplicate, t9_who_is_slow_is_cut, t9_who_says_nothing_holds_nobody_up, t18_all_come_back_at_once,
                           t10_what_is_too_large_is_refused_by_its_length, certificates_that_are_refused])
