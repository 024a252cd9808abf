#!/usr/bin/env python3
"""Messages IF-021, out and in: what is exported against the schema and against what stands, and read into a store again."""

import gzip
import json
import random
import re

import harness
from harness import check, check_equal, check_same_bytes, mpan, read_csv, small_estate, write_csv

METERS = [mpan(100_000_000_000 + number) for number in range(1, 6)]
DAY = "2026-06-15"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
REFERENCE = re.compile(r"S-((IF|REP)-)?\d{3}[A-B]?-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+")
VALUE = re.compile(r"\d{1,9}\.\d{3}")


def market(context, environment="DEV", prefixes=("10",)):
    file = context.fresh("market")
    ids = "".join(f'{prefix} = "25000000{prefix}"\n' for prefix in sorted(prefixes))
    file.write_text(f'[market]\nenvironment = "{environment}"\nsender_dip_id = "1401234567"\nsender_role = "SDS"\n'
                    f'primary_recipients = ["1800000001"]\n[market.suppliers]\nSUPP = "2300000001"\n[market.distributors]\n{ids}')
    return file


def keys(value, *names):
    check_equal(list(value), list(names), "keys")
    return [value[name] for name in names]


def half_hours_of(message):
    """(mpan, quantity, end, Wh, quality, reason) of each half hour, with the schema checked on the way: key by key."""
    (payload,) = keys(message, "payload")
    common, custom = keys(payload, "CommonBlock", "CustomBlock")
    s0, s1, a0, m0 = keys(common, "S0", "S1", "A0", "M0")
    check_equal(keys(s0, "interfaceID", "schemaVersion", "eventCode")[:2], ["IF-021", "011"], "S0")
    environment, sub_text, reference, sent, sender, role, correlation, provider = keys(
        s1, "environmentTag", "subText", "senderUniqueReference", "senderTimestamp", "senderDIPID", "senderRoleID",
        "senderCorrelationID", "DIPConnectionProviderID")
    check_equal((environment, sub_text, sender, role, correlation, provider), ("DEV", None, "1401234567", "SDS", None, None), "S1")
    check(REFERENCE.fullmatch(reference) and INSTANT.fullmatch(sent), f"{reference} {sent}")
    check(all(isinstance(one, list) for one in keys(a0, "primaryRecipients", "secondaryRecipients", "always")), "A0")
    meter, distributor, group = keys(m0, "MPANCore", "distributorDIPID", "GSPGroupID")
    check(re.fullmatch(r"\d{13}", meter) and len(distributor) == 10 and re.fullmatch(r"_[A-HJ-NP]", group), f"{m0}")
    b044, b067, b900 = keys(custom, "B044", "B067", "B900")
    check_equal(keys(b044, "issuingDataServiceDIPID"), ["1401234567"], "B044")
    kind, since = keys(b067, "connectionTypeIndicator", "connectionTypeEffectiveFromDate")
    check(kind in "WLHEU" and INSTANT.fullmatch(since), f"{b067}")
    mqid, days = keys(b900, "MQID", "settlementDayConsumptionPeriods")
    (quantity,) = keys(mqid, "measurementQuantityID")
    check_equal(s0["eventCode"], "[ActivePower]" if quantity in ("AI", "AE") else "[ReactivePower]", "event")
    check_equal(len(days), 1, "days of a message")
    day, periods = keys(days[0], "settlementDay", "consumptionPeriods")
    date, duration = keys(day, "settlementDayDate", "periodDuration")
    check(INSTANT.fullmatch(date) and date.endswith("T00:00:00+00:00") and duration == 30, f"{day}")
    check(1 <= len(periods) <= 48, "periods")
    out = []
    for period in periods:
        sp, v, q, e, arc = keys(period, "sp", "v", "q", "e", "arc")
        check(INSTANT.fullmatch(sp) and VALUE.fullmatch(v) and arc is None, f"{period}")
        end = sp.replace("+00:00", "Z")
        check(date < sp and harness.utc(end) <= harness.utc(date.replace("+00:00", "Z")) + 86400 and since <= sp, f"{period} of {date}")
        out.append((meter, quantity, end, str(int(v.replace(".", ""))), q, e or ""))
    return out


def simulated(context):
    """(estate, store, market) of two hundred meters with faults, corrections left out: messages have no versions."""
    program, estate = context.program, context.folder / "estate"
    program.run("sim", "estate", "--meters", 200, "--out", estate, "--seed", 11)
    reads = context.folder / "reads.csv"
    program.run("sim", "reads", "--estate", estate, "--from", "2026-03-28", "--days", 3, "--seed", 11, "--faults",
                "gap=0.02,duplicate=0.01,conflict=0.005,null=0.005,negative=0.005,unknown-meter=0.005", "--out", reads)
    store = context.fresh("store")
    program.replay(estate, reads, store)
    prefixes = {row["mpan"][:2] for row in read_csv(estate / "meters.csv")}
    return estate, store, market(context, prefixes=prefixes)


def env_01_what_is_exported_is_what_stands_in_the_schema(context):
    program = context.program
    _, store, settings = simulated(context)
    out = program.export("if-021", store, "--market", settings)
    found, references = [], set()
    for line in out.decode().splitlines():
        message = json.loads(line)
        found += half_hours_of(message)
        references.add(message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"])
    rows = program.rows("readings", store)
    check(len(rows) > 25_000, f"{len(rows)} readings")
    check_equal(found, [(row["mpan"], row["quantity"], row["period_end"], row["wh"], row["quality"], row["reason"]) for row in rows],
                "half hours in their order")
    check_equal(len(references), len(out.splitlines()), "references, each another one")
    check_same_bytes(program.export("if-021", store, "--market", settings), out, "the same again")
    file = context.fresh("messages.jsonl")
    file.write_bytes(out)
    checked = json.loads(program.run("message", "check", file, "--json"))
    check_equal((checked["messages"], checked["half_hours"], checked["faults"]), (len(references), len(rows), []), "message check")
    one = rows[0]["mpan"]
    part = program.export("if-021", store, "--market", settings, "--mpan", one, "--from", "2026-03-29T00:00:00Z", "--to", "2026-03-29T12:00:00Z")
    check_equal([half_hour for line in part.decode().splitlines() for half_hour in half_hours_of(json.loads(line))],
                [half_hour for half_hour in found if half_hour[0] == one and "2026-03-29T00:00:00Z" < half_hour[2] <= "2026-03-29T12:00:00Z"],
                "of one meter, half a day")


def dl_01_dl_02_read_again_in_any_order_and_many_times(context):
    program = context.program
    estate, store, settings = simulated(context)
    out = program.export("if-021", store, "--market", settings)
    digests, rows = program.digests(store), program.export("readings", store)
    lines = out.splitlines(keepends=True)
    plain = context.folder / "messages.jsonl"
    plain.write_bytes(out)
    shuffled = context.folder / "shuffled.jsonl.gz"
    random.Random(5).shuffle(lines)
    shuffled.write_bytes(gzip.compress(b"".join(3 * lines)))
    requests = context.folder / "requests"
    program.export("if-021", store, "--market", settings, "--out", f"{requests}/")
    sizes = [file.stat().st_size for file in sorted(requests.iterdir())]
    check(max(sizes) <= 95_000 and min(sizes[:-1]) > 85_000, f"bytes of requests: {sizes[:5]}...")
    pretty = context.folder / "pretty.json"
    pretty.write_text(json.dumps([json.loads(line) for line in lines[:300]], indent=2), encoding="utf-8")
    rest = context.folder / "rest.jsonl"
    rest.write_bytes(b"".join(lines[300:]))
    half_hours = rows.count(b"\n") - 1
    for name, reads, times in (("lines", [plain], 1), ("three times, shuffled", [shuffled], 3), ("requests", [requests], 1),
                               ("one text over many lines", [pretty, rest], 1)):
        again = context.fresh("again")
        summary = program.replay(estate, reads, again, "--format", "if-021")
        check_equal((summary["accepted"], summary["duplicates"], summary["readings"]), (half_hours, (times - 1) * half_hours, times * half_hours), name)
        check_same_bytes(program.digests(again), digests, f"{name}: digests")
        check_same_bytes(program.export("readings", again), rows, f"{name}: readings")
        check_same_bytes(program.export("if-021", again, "--market", settings), out, f"{name}: messages")
        more = program.replay(estate, reads, again, "--format", "if-021")
        check_equal((more["accepted"], more["duplicates"]), (0, times * half_hours), f"{name}, once more")
        check_same_bytes(program.digests(again), digests, f"{name}, once more: digests")


def messages_of(context, rows, columns="mpan,period_end,kwh"):
    """(estate, store, messages as objects, market) of these readings."""
    program, estate = context.program, small_estate(context.folder / "estate", METERS)
    reads, store, settings = context.fresh("reads"), context.fresh("store"), market(context)
    write_csv(reads, columns, rows)
    program.replay(estate, reads, store)
    return estate, store, [json.loads(line) for line in program.export("if-021", store, "--market", settings).splitlines()], settings


def whole_day(meter, kwh="0.100"):
    first = harness.utc(DAY)
    return [(meter, harness.utc_text(first + slot * 1800), kwh) for slot in range(1, 49)]


def write_messages(context, messages):
    file = context.fresh("messages")
    file.write_text("".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8")
    return file


def replayed(message):
    message["payload"]["CommonBlock"]["D0"] = {
        "transactionID": "T1", "transactionTimestamp": "2026-07-01T00:00:00+00:00", "publicationID": "PUB-021",
        "initialCorrelationID": None, "replayIndicator": True, "serviceTicketURL": None}
    return message


def dl_03_a_replayed_message_leaves_the_correction(context):
    program = context.program
    estate, store, old, settings = messages_of(context, whole_day(METERS[0]))
    corrected = write_csv(context.folder / "corrected.csv", "mpan,period_end,kwh,version", [(METERS[0], f"{DAY}T10:00:00Z", "0.777", 2)])
    program.replay(estate, corrected, store)
    digests, rows = program.digests(store), program.export("readings", store)
    summary = program.replay(estate, write_messages(context, [replayed(message) for message in old]), store, "--format", "if-021")
    check_equal((summary["duplicates"], summary["accepted"]), (48, 0), "the old message once more")
    check_same_bytes(program.digests(store), digests, "digests")
    check_same_bytes(program.export("readings", store), rows, "readings")
    new = json.loads(program.export("if-021", store, "--market", settings))
    check_equal([entry["v"] for _, entry in enumerate(new["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0]["consumptionPeriods"])
                 if entry["sp"] == f"{DAY}T10:00:00+00:00"], ["0.777"], "the correction is what is told")
    reference = [message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for message in (old[0], new)]
    check(reference[0] != reference[1], "another reference")
    again = context.fresh("again")  # a message has no version: what it carries is version 1, or what the command says
    program.replay(estate, write_messages(context, [new]), again, "--format", "if-021")
    without = [{**row, "version": "1"} for row in read_csv(rows)]
    check_equal(program.rows("readings", again), without, "the same half hours, but for the version")
    check(program.digests(again) != digests, "the version is part of a day's root")


def dl_04_one_bad_message_of_ten(context):
    program = context.program
    rows = [row for meter in METERS for row in whole_day(meter)]
    next_day = [(meter, harness.utc_text(harness.utc(end) + 86400), kwh) for meter, end, kwh in rows]
    estate, _, messages, _ = messages_of(context, rows + next_day)
    check_equal(len(messages), 10, "messages")
    periods = messages[3]["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0]["consumptionPeriods"]
    periods[7]["v"] = "0,100"
    file = context.folder / "request.json"
    file.write_text(json.dumps(messages), encoding="utf-8")
    store = context.fresh("again")
    summary = program.replay(estate, file, store, "--format", "if-021")
    check_equal((summary["accepted"], summary["rejected"], summary["readings"]), (9 * 48, {"unparseable": 1}, 9 * 48 + 1), "counts")
    (reject,) = program.rows("rejects", store)
    check_equal((reject["source"], reject["line"], reject["code"]), ("request.json", "1", "unparseable"), "reject")
    check(reject["detail"].startswith("$[3].payload.CustomBlock.B900.settlementDayConsumptionPeriods[0].consumptionPeriods[7].v: "), reject["detail"])
    done = program.try_run("message", "check", file)
    check_equal((done.status, done.out), (2, b""), "message check")
    check_equal(done.err.decode(), f"{file}: {reject['detail']}\n", "the fault")
    del periods[7]["v"]
    (reject_again,) = [json.loads(program.try_run("message", "check", "--json", write_messages(context, messages)).out)]
    check_equal([(fault["line"], fault["path"].rpartition(".")[2], fault["fault"]) for fault in reject_again["faults"]], [(4, "v", "is missing")], "JSON")


def tm_05_tm_12_rules_on_messages(context):
    """Each breaks one rule in a message of its own; what the twin refuses has the half hour's own text."""
    program = context.program
    estate, _, messages, _ = messages_of(context, [row for meter in METERS for row in whole_day(meter)])
    days = [message["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0] for message in messages]
    days[0]["settlementDay"]["periodDuration"] = 15
    for entry in days[1]["consumptionPeriods"]:
        end = harness.utc(entry["sp"].replace("+00:00", "Z")) - 1800
        entry["sp"] = harness.utc_text(end).replace("Z", "+00:00")
    days[2]["consumptionPeriods"][4]["v"] = "-0.001"
    days[2]["consumptionPeriods"][5]["sp"] = f"{DAY}T03:00:01+00:00"
    messages[3]["payload"]["CommonBlock"]["S0"]["eventCode"] = "[ReactivePower]"
    messages[4]["payload"]["CommonBlock"]["S1"]["environmentTag"] = "PRD"
    file, store = write_messages(context, messages), context.fresh("again")
    summary = program.replay(estate, file, store, "--format", "if-021")
    check_equal((summary["accepted"], summary["quarantined"], summary["rejected"]),
                (45, 48, {"duration": 48, "negative": 1, "off-grid": 1, "overlap": 1, "wrong-event": 48, "unparseable": 1}), "counts")
    check_equal({row["code"] for row in program.rows("rejects", store, "--mpan", METERS[1])}, {"label-suspect"}, "what is set apart")
    found = program.run("explain", "--store", store, "--mpan", METERS[2], "--period", f"{DAY}T02:30:00Z", "--json")
    check("negative" in found.decode(), found.decode())
    done = program.try_run("message", "check", file)
    codes = [line.partition(": ")[0].rpartition(":")[2] + " " + line.rpartition(" rule ")[2] for line in done.err.decode().splitlines()]
    check_equal(sorted(set(codes)), ["1 duration (ECS1004)", "2 label-suspect", "3 negative (ECS1010)", "3 off-grid (ECS1005)", "3 overlap (ECS1007)",
                                     "4 wrong-event (ECS1002)"], "message check: line and rule")


def env_10_production_and_the_rest(context):
    program = context.program
    estate, _, messages, _ = messages_of(context, whole_day(METERS[0]) + whole_day(METERS[1]))
    messages[1]["payload"]["CommonBlock"]["S1"]["environmentTag"] = "PRD"
    file = write_messages(context, messages)
    for settings, meter in ((["--market", market(context, "PRD")], METERS[1]), (["--market", market(context, "SIT")], METERS[0]), ([], METERS[0])):
        store = context.fresh("again")
        summary = program.replay(estate, file, store, "--format", "if-021", *settings)
        check_equal((summary["accepted"], summary["rejected"]), (48, {"unparseable": 1}), "half of the mixed files")
        check_equal({row["mpan"] for row in program.rows("readings", store)}, {meter}, "whose environment it is")
        (reject,) = program.rows("rejects", store)
        check("S1.environmentTag: is " in reject["detail"], reject["detail"])


def moves_and_changes_within_a_day(context):
    """A supplier is told its own half hours; a connection of one type goes on while the meter moves."""
    program, meter = context.program, METERS[0]
    noon = f"{DAY}T12:00:00Z"
    parts = [{"feeder_id": "F1", "supplier_mpid": "SUPP", "effective_from": "2026-01-01T00:00:00Z", "effective_to": noon},
             {"feeder_id": "F2", "supplier_mpid": "SUPP", "effective_from": noon, "effective_to": f"{DAY}T18:00:00Z"},
             {"feeder_id": "F2", "supplier_mpid": "ELSE", "connection_type": "L", "effective_from": f"{DAY}T18:00:00Z"}]
    estate = harness.write_estate(context.folder / "estate", [{"transformer_id": "T1", "rating_kva": "500", "gsp_group": "_C"}],
                                  [{"transformer_id": "T1", "feeder_id": one} for one in ("F1", "F2")],
                                  [{"mpan": meter, "transformer_id": "T1", **part} for part in parts])
    reads, store = write_csv(context.folder / "reads.csv", "mpan,period_end,kwh", whole_day(meter)), context.fresh("store")
    program.replay(estate, reads, store)
    out = program.export("if-021", store, "--market", market(context))
    told = []
    for message in map(json.loads, out.splitlines()):
        half_hours = half_hours_of(message)
        b067 = message["payload"]["CustomBlock"]["B067"]
        told.append((len(half_hours), half_hours[0][2], b067["connectionTypeIndicator"], b067["connectionTypeEffectiveFromDate"],
                     message["payload"]["CommonBlock"]["A0"]["primaryRecipients"]))
    check_equal(told, [(36, f"{DAY}T00:30:00Z", "W", "2026-01-01T00:00:00+00:00", ["2300000001", "1800000001"]),
                       (12, f"{DAY}T18:30:00Z", "L", f"{DAY}T18:00:00+00:00", ["1800000001"])], "messages of the day")
    again = context.fresh("again")
    file = context.folder / "messages.jsonl"
    file.write_bytes(out)
    program.replay(estate, file, again, "--format", "if-021")
    check_same_bytes(program.digests(again), program.digests(store), "digests")


def wrong_usage(context):
    program = context.program
    estate, store, messages, settings = messages_of(context, whole_day(METERS[0]))
    file = write_messages(context, messages)
    empty, full = context.folder / "empty", context.folder / "full"
    empty.mkdir()
    full.mkdir()
    (full / "a.json").write_text("{}", encoding="utf-8")
    (empty / "readings.csv").write_text("x", encoding="utf-8")
    broken = context.folder / "broken.toml"
    broken.write_text('[market]\nenvironment = "DEV"\n', encoding="utf-8")
    replay = ("replay", "--estate", estate, "--store", context.fresh("none"), "--reads")
    for arguments, says in (
            (("export", "if-021", "--store", store), "--market"),
            (("export", "readings", "--store", store, "--market", settings), "--market is for if-021"),
            (("export", "if-021", "--store", store, "--market", broken), "sender_dip_id"),
            (("export", "if-021", "--store", store, "--market", market(context, prefixes=("20",))), "begin with 10"),
            (("export", "if-021", "--store", store, "--market", settings, "--out", full), "empty folder"),
            ((*replay, file, "--format", "if-021", "--meter", METERS[0]), "--meter"),
            ((*replay, file, "--market", settings), "--market is for --format if-021"),
            ((*replay, empty, "--format", "if-021"), "*.json"),
            (("message", "check", context.folder / "absent.json"), "absent.json"),
            (("message", "check", file, "--check-digits", "none"), "--check-digits"),
            (("message",), "")):
        done = program.try_run(*arguments)
        check(done.status == 2 and not done.out, f"expected exit 2: {done.describe()}")
        check(says in done.err.decode().splitlines()[0], f"first line must name {says}: {done.describe()}")
    check(sorted(one.name for one in full.iterdir()) == ["a.json"] and not full.with_name("full.part").exists(), "the folder is as it was")
    text = program.run("message", "check", file).decode()
    check_equal(text, f"{file}: 1 message, 48 half hours\n", "a line for a good file")


if __name__ == "__main__":
    harness.main(__doc__, [env_01_what_is_exported_is_what_stands_in_the_schema, dl_01_dl_02_read_again_in_any_order_and_many_times,
                           dl_03_a_replayed_message_leaves_the_correction, dl_04_one_bad_message_of_ten, tm_05_tm_12_rules_on_messages,
                           env_10_production_and_the_rest, moves_and_changes_within_a_day, wrong_usage])
