#!/usr/bin/env python3
"""What one peer of the HTTPS listener can take from another: requests, places, and connections that never say who they are."""

import json
import re
import socket
import time

import harness
from harness import check, check_equal, small_estate
from message_node import LIMIT_S, METERS, MessageNode, message
from node import until

POLICY = """[identities."urn:gridtwin:device:head-end-1"]
meters = "all"
[identities."urn:gridtwin:device:head-end-2"]
meters = "all"
[identities."urn:gridtwin:service:settlement:settlement-1"]
[identities."urn:gridtwin:operator:operator-1"]
"""


def limited(context, **limits):
    """A node with these limits for those who bring and those who read."""
    node = MessageNode(context, small_estate(context.folder / f"estate-{context.count}", METERS), POLICY)
    text = "".join(f"{key} = {value}\n" for key, value in limits.items())
    node.limits.update({"http": text, "if-021": text})
    node.start()
    return node


def figure(node, name):
    text = node.ask(b"", target="/metrics", method="GET", who="operator-1", fields={}).body.decode()
    return int(re.search(rf"^{re.escape(name)} (\d+)$", text, re.MULTILINE)[1])


def t17_an_identity_has_its_rate(context):
    """Beyond it 429 with the seconds to wait, nothing of the request is looked at, the connection goes on, and others notice nothing;
    of head-ends and of readers."""
    at_once = 20
    node = limited(context, requests_per_s=1, requests_at_once=at_once)
    body = json.dumps([message(METERS[0])]).encode()
    signed = node.signer().fields(body)
    unread = json.dumps([message(METERS[9])]).encode()
    unread_signed = node.signer().fields(unread)

    def spend(ask, who):
        """Asks until it is told that this was too much."""
        began, asked = time.monotonic(), 0
        while True:
            answer = ask()
            if answer.status == 429:
                break
            asked += 1
            check(answer.status in (200, 201), f"{who} before its rate is used up: {answer.status} {answer.body}")
            check(asked <= at_once + 1 + time.monotonic() - began, f"{who} gets no more than its rate: {asked}")
        check(asked >= at_once, f"{who} gets all of its rate: {asked}")
        return answer

    sender = node.connect()
    answer = spend(lambda: node.ask(body, fields=signed, connection=sender), "a head-end")
    check(answer.fields["Retry-After"] in ("1", "2"), f"when it may come again: {answer.fields}")
    check(b"more requests than you may send" in answer.body, f"it is told why: {answer.body}")
    statuses = [node.ask(unread, fields=unread_signed).status for _ in range(3)]  # a new connection helps nobody
    check(429 in statuses, f"the rate is the identity's: {statuses}")
    if 201 not in statuses:
        check_equal([row for row in context.program.rows("readings", node.store) if row["mpan"] == METERS[9]], [], "what was refused left nothing")
    check_equal(node.ask([message(METERS[1])], who="head-end-2").status, 201, "another head-end")
    reader = node.connect("settlement-1")
    ask = lambda: node.ask(b"", target="/v1/topics", method="GET", who="settlement-1", fields={}, connection=reader)  # noqa: E731
    spend(ask, "a reader")
    check(figure(node, "gridtwin_http_limited_total") >= 3, "what was refused is counted")
    until(lambda: node.ask(body, fields=signed, connection=sender).status == 201, "on the same connection, when its time has come")
    until(lambda: ask().status == 200, "a reader, too")
    node.end()


def place_of(node, who):
    """(connection, status): one that is kept."""
    connection = node.connect(who)
    return connection, node.ask(b"", target="/healthz", method="GET", who=who, fields={}, connection=connection).status


def t17_who_brings_and_who_reads_have_places_of_their_own(context):
    """So many of each kind and of each identity; a place that is left is free."""
    node = limited(context, connections=4, connections_of_identity=3)
    kept = {}
    for one, other in (("head-end-1", "head-end-2"), ("settlement-1", "operator-1")):
        kept[one] = [place_of(node, one) for _ in range(3)]
        check_equal([status for _, status in kept[one]], [200] * 3, f"{one} has its places")
        connection, status = place_of(node, one)
        check_equal(status, 503, f"{one} has no more")
        connection.close()
        kept[other] = [place_of(node, other)]
        check_equal(kept[other][0][1], 200, f"the last place is {other}'s")
        connection, status = place_of(node, other)
        check_equal(status, 503, f"there is no other for {other}")
        connection.close()
    kept["head-end-1"].pop()[0].close()
    connection, status = None, 0

    def comes_in():
        nonlocal connection, status
        if connection:
            connection.close()
        connection, status = place_of(node, "head-end-2")
        return status == 200

    until(comes_in, "what a head-end leaves is a head-end's")
    check_equal(place_of(node, "operator-1")[1], 503, "and no reader's")
    node.end()


def t9_who_never_says_who_it_is_takes_no_place(context):
    """Some hundred connections from several addresses that do not begin their handshake; readers and head-ends come and are answered
    while they are there, and each is cut."""
    node = limited(context)
    body = json.dumps([message(METERS[0])]).encode()
    signed = node.signer().fields(body)

    def is_there(connection):
        try:
            return connection.recv(1) != b""
        except BlockingIOError:
            return True
        except ConnectionError:
            return False

    def held_nobody_up():
        """Both are answered before any of those is cut."""
        silent = []
        for number in range(400):
            connection = socket.create_connection(("127.0.0.1", node.ports[1]), LIMIT_S, (f"127.2.0.{1 + number // 50}", 0))
            connection.settimeout(0)
            silent.append(connection)
        check_equal(node.ask(body, fields=signed).status, 201, "a head-end")
        check_equal(place_of(node, "settlement-1")[1], 200, "a reader")
        out = all(is_there(one) for one in silent)
        until(lambda: not any(is_there(one) for one in silent), "each is cut")
        return out

    # More than once where the machine is slower than the 5 s that they have.
    check(any(held_nobody_up() for _ in range(5)), "who says who it is is answered while they are there")
    check(figure(node, 'gridtwin_connections_refused_total{listener="http",why="slow"}') >= 400, "for being slow")
    node.end()


if __name__ == "__main__":
    harness.main(__doc__, [t17_an_identity_has_its_rate, t17_who_brings_and_who_reads_have_places_of_their_own,
                           t9_who_never_says_who_it_is_takes_no_place])
