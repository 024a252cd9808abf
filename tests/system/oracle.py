#!/usr/bin/env python3
"""Everything that a replay counts and exports equals what an independent model of the contract makes of the same readings:
readings of every kind of fault, versions, estimates, two quantities, and meters that move. Nothing is trusted but the input."""

import collections
import random

import harness
import model
from harness import check, check_equal, mpan, utc, utc_text, write_csv, write_estate

PROFILE = """
meter = "mpan"
quantity_column = "quantity"
quantity_map = { "AI" = "AI", "AE" = "AE" }
time = "period_end"
time_format = "iso8601"
label = "period-end"
value = "kwh"
unit = "kWh"
null = ["", "Null"]
quality_column = "quality"
quality_map = { "A" = "A", "A1" = "A1", "E1" = "E1", "ZE1" = "ZE1" }
reason_column = "reason"
version_column = "version"
"""
HEADER = "mpan,quantity,period_end,kwh,quality,reason,version"
FIRST = "2026-03-01"
MOVE = "2026-03-02T11:00:00Z"


def random_estate(folder, chance, transformers=3, feeders=2, meters=7):
    """An estate with every kind of meter; one in eight moves at MOVE, one in eight exports too."""
    stations = [{"transformer_id": f"T{number}", "rating_kva": chance.choice(["100", "315", "500", "12.5"]), "gsp_group": "_C",
                 "power_factor": chance.choice(["", "0.9", "1"])} for number in range(transformers)]
    lines = [{"transformer_id": station["transformer_id"], "feeder_id": f"F{number}"}
             for station in stations for number in range(feeders)]
    rows, number = [], 100_000_000_000
    for line in lines:
        for _ in range(meters):
            number += chance.randrange(1, 1000)
            row = {"mpan": mpan(number), **line, "energisation": "D" if chance.random() < 0.05 else "E",
                   "connection_type": chance.choice("WWWL"), "quantities": "AI|AE" if chance.random() < 0.15 else "",
                   "effective_from": "", "effective_to": ""}
            kind = chance.random()
            if kind < 0.15:  # to another feeder, perhaps under another transformer
                rows.append({**row, "effective_to": MOVE})
                rows.append({**row, **chance.choice(lines), "effective_from": MOVE})
            elif kind < 0.2:
                rows.append({**row, "effective_from": MOVE})
            else:
                rows.append(row)
    return write_estate(folder, stations, lines, rows)


def random_readings(estate, chance, days):
    """Rows as texts, of every verdict that a file can bring about, in random order."""
    first, rows = utc(FIRST), []
    for meter, places in estate.of_meter.items():
        for quantity in places[0].quantities:
            for number in range(1, days * 48 + 1):
                end = utc_text(first + number * 1800)
                wh = chance.randrange(0, 3000)
                row = [meter, quantity, end, f"{wh / 1000:.3f}", "A", "", "1"]
                fate = chance.random()
                if fate < 0.04:
                    continue
                if fate < 0.10:
                    quality = chance.choice(["A1", "E1", "E1", "ZE1"])
                    row[4], row[5] = quality, "" if quality == "A1" else chance.choice(["", "2", "3", "9"])
                    if quality == "ZE1" and chance.random() < 0.7:
                        row[3] = "0"
                rows.append(row)
                if fate > 0.97:
                    rows.append(row)
                elif fate > 0.94:  # contradicted at version 1, perhaps by the quality alone, perhaps thrice
                    other = list(row)
                    other[3], other[4] = chance.choice([("2.999", "A"), (row[3], "A1")])
                    rows += [other] * chance.choice([1, 2])
                    if chance.random() < 0.3:
                        rows.append([*row[:3], "2.998", *row[4:]])
                    if chance.random() < 0.5:
                        rows.append([*row[:3], "1.234", "A", "", "2"])
                elif fate > 0.91:  # corrected, perhaps twice, perhaps in contradiction
                    rows.append([*row[:3], "1.5", "A", "", "2"])
                    if chance.random() < 0.4:
                        rows.append([*row[:3], "1.25", "A", "", chance.choice(["2", "3"])])
                elif fate > 0.88:
                    rows.append([*row[:3], *chance.choice([
                        ("Null", "A", "", "1"), ("", "A", "", "1"), ("-0.001", "A", "", "1"), ("60.001", "A", "", "1"),
                        ("5000", "A", "", "1"), ("abc", "A", "", "1"), ("1.2.3", "A", "", "1")])])
                elif fate > 0.87:
                    rows.append([meter, quantity, utc_text(first + number * 1800 + chance.randrange(1, 1799)), *row[3:]])
                elif fate > 0.86:
                    rows.append([mpan(999_000_000_000 + chance.randrange(10**6)), *row[1:]])
                elif fate > 0.855:
                    rows.append([meter, "XX", *row[2:]])
                elif fate > 0.85:
                    rows.append([*row[:3], chance.choice(["0.0005", "0.0015", "1.23450001", "2.5e-3"]), *row[4:6], "4"])
    chance.shuffle(rows)
    return rows


def check_exports(program, store, estate, judged=None):
    """Loads and gaps against the exported readings; the readings and revisions against what was judged."""
    readings = model.split_readings(program.export("readings", store))
    check_equal(readings, sorted(readings), "readings are sorted by their key as bytes")
    if judged is not None:
        for found, expected in zip(readings, judged.readings):
            check_equal(found, expected, "a reading")
        check_equal(len(readings), len(judged.readings), "number of current readings")
    feeder_rows, transformer_rows = model.loads(estate, readings)

    found = program.rows("feeder-load", store)
    check_equal([tuple(row[name] for name in ("transformer_id", "feeder_id", "period_end")) for row in found],
                sorted(feeder_rows), "keys of feeder-load, in order")
    for row in found:
        key = row["transformer_id"], row["feeder_id"], row["period_end"]
        names = ("import_wh", "export_wh", "meters_expected", "meters_reported", "actual", "estimated")
        check_equal(tuple(int(row[name]) for name in names), feeder_rows[key], f"feeder-load {key} {names}")
        if judged is not None:
            check_equal(int(row["revision"]), judged.versions[key], f"revision of feeder {key}")

    found = program.rows("transformer-load", store)
    check_equal([(row["transformer_id"], row["period_end"]) for row in found], sorted(transformer_rows),
                "keys of transformer-load, in order")
    above = collections.Counter()
    if judged is not None:
        for (transformer, _, end), count in judged.versions.items():
            above[transformer, end] += count
    for row in found:
        key = row["transformer_id"], row["period_end"]
        values = (int(row["import_wh"]), int(row["export_wh"]), row["kva"], row["utilisation_pct"], int(row["meters_expected"]),
                  int(row["meters_reported"]))
        check_equal(values, transformer_rows[key], f"transformer-load {key}: import, export, kva, per cent, expected, reported")
        if judged is not None:
            check_equal(int(row["revision"]), above[key], f"revision of transformer {key}")

    expected = model.gaps(readings)
    found = [(row["mpan"], row["quantity"], row["first_period_end"], row["last_period_end"], int(row["periods"]))
             for row in program.rows("gaps", store)]
    check_equal(found, expected, "gaps")
    return readings, expected


def check_rejects(program, store, judged):
    """Each refused line once with its code; of each contradicted key a row for each content."""
    contradicting = collections.Counter()
    lines = collections.Counter()
    for row in program.rows("rejects", store):
        if row["code"] == "conflict":
            contradicting[row["mpan"], row["quantity"], row["period_end"], int(row["line"])] += 1
        else:
            lines[int(row["line"]), row["code"]] += 1
    missing, more = judged.lines - lines, lines - judged.lines
    check(not missing and not more, f"rejects: missing (line, code) {list(missing)[:5]}, too many {list(more)[:5]}")
    expected = 0
    for (meter, quantity, end, _), contents in judged.contradicted.items():
        for content_lines in contents:
            shown = sum(contradicting[meter, quantity, end, line] for line in content_lines)
            check(shown >= 1, f"rejects do not show the conflict of {meter} {quantity} {end} in lines {sorted(content_lines)}")
            expected += shown
    check_equal(sum(contradicting.values()), expected, "rejects of code `conflict`")


def run_model(context, seed, as_of=None):
    chance = random.Random(seed)
    estate_folder = random_estate(context.fresh("estate"), chance)
    estate = model.Estate(estate_folder)
    rows = random_readings(estate, chance, days=2)
    reads = write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows)
    profile = context.folder / "profile.toml"
    profile.write_text(PROFILE)
    store = context.fresh("store")
    more = ["--as-of", as_of] if as_of else []
    summary = context.program.replay(estate_folder, reads, store, "--format", profile, *more)
    judged = model.judge(estate, rows, as_of=utc(as_of) if as_of else None)

    refused = {code: count for code, count in judged.refused.items() if code not in model.QUARANTINED}
    check_equal(summary["rejected"], refused, f"seed {seed}: rejected")
    held = {code: count for code, count in judged.refused.items() if code in model.QUARANTINED}
    check_equal(harness.total(summary["quarantined"]), sum(held.values()), f"seed {seed}: quarantined, of {held}")
    for name, expected in (("readings", len(rows)), ("accepted", judged.accepted), ("duplicates", judged.duplicates),
                           ("conflicts", judged.conflicts), ("rounded", judged.rounded), ("days", len(judged.days)),
                           ("meters", len(estate.of_meter)), ("feeders", len(estate.feeders)),
                           ("transformers", len(estate.transformers))):
        check_equal(summary[name], expected, f"seed {seed}: {name}")
    for quantity in ("AI", "AE"):
        check_equal(summary["energy_wh"].get(quantity, 0), judged.energy_wh[quantity], f"seed {seed}: energy of {quantity}")
    _, gaps = check_exports(context.program, store, estate, judged)
    check_equal((summary["gaps"], summary["gap_periods"]), (len(gaps), sum(gap[4] for gap in gaps)), f"seed {seed}: gaps")
    check_rejects(context.program, store, judged)
    context.program.verify(store)


def va_14_ag_02_random_sets_of_readings(context):
    for seed in range(4):
        run_model(context, seed)


def with_an_instant_of_asking(context):
    run_model(context, 100, as_of="2026-03-02T16:00:00Z")


def filters_of_exports(context):
    """Each filter gives exactly the rows of the whole export that it names."""
    chance = random.Random(7)
    estate_folder = random_estate(context.fresh("estate"), chance)
    estate = model.Estate(estate_folder)
    rows = [row for row in random_readings(estate, chance, days=2)]
    reads = write_csv(context.folder / "reads.csv", HEADER, rows)
    profile = context.folder / "profile.toml"
    profile.write_text(PROFILE)
    store, program = context.fresh("store"), context.program
    program.replay(estate_folder, reads, store, "--format", profile)
    meter = next(iter(estate.of_meter))
    begin, end = "2026-03-01T10:00:00Z", "2026-03-02T09:30:00Z"
    inside = range(utc(begin), utc(end))

    def starts_inside(row):
        return utc(row["period_end"]) - model.PERIOD_S in inside

    for kind in ("readings", "feeder-load", "transformer-load"):
        whole = program.rows(kind, store)
        check_equal(program.rows(kind, store, "--from", begin, "--to", end), [row for row in whole if starts_inside(row)],
                    f"{kind} --from --to")
        if kind != "readings":
            check_equal(program.rows(kind, store, "--transformer", "T1"), [row for row in whole if row["transformer_id"] == "T1"],
                        f"{kind} --transformer")
    whole = program.rows("feeder-load", store)
    check_equal(program.rows("feeder-load", store, "--transformer", "T1", "--feeder", "F1"),
                [row for row in whole if (row["transformer_id"], row["feeder_id"]) == ("T1", "F1")], "feeder-load --feeder")
    for kind in ("readings", "gaps"):
        whole = program.rows(kind, store)
        check_equal(program.rows(kind, store, "--mpan", meter), [row for row in whole if row["mpan"] == meter], f"{kind} --mpan")
    out = context.folder / "out.csv"
    check_equal(program.run("export", "gaps", "--store", store, "--out", out), b"", "standard output of export --out")
    check_equal(out.read_bytes(), program.export("gaps", store), "export --out")


if __name__ == "__main__":
    harness.main(__doc__, [va_14_ag_02_random_sets_of_readings, with_an_instant_of_asking, filters_of_exports])
