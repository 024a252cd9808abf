#!/usr/bin/env python3
"""Feeders that sum more than can be believed, and what of feeders may leave the estate: against an independent computation
from the exported readings and the estate's files, and by hand."""

import collections
import csv
import json
import pathlib
import random

import harness
import model
from harness import check, check_equal, check_same_bytes, mpan, utc, utc_text, write_csv, write_estate

DAY = [utc_text(utc("2026-03-10") + 1800 * number) for number in range(1, 49)]
HEADER = "mpan,quantity,period_end,kwh,version"
COLUMNS = ("dataset_id", "dno_name", "dno_alias", "secondary_substation_id", "secondary_substation_name", "lv_feeder_id",
           "lv_feeder_name", "substation_geo_location", "aggregated_device_count_active", "primary_consumption_active_import",
           "secondary_consumption_active_import", "total_consumption_active_import", "aggregated_device_count_reactive",
           "total_consumption_reactive_import", "data_collection_log_timestamp", "insert_time", "last_modified_time")
MEASURES = COLUMNS[8:14] + COLUMNS[15:]
KINDS = ("readings", "feeder-load", "transformer-load", "gaps", "rejects")
FEEDERS = {"rating_pct": 400, "unrated_wh": 1_000_000, "meters_pct": 100}
LIMITS = {"W": (60_000, 34_500), "L": (1_000_000, 500_000), "H": (20_000_000, 10_000_000), "E": (500_000_000, 250_000_000),
          "U": (10_000_000, 5_000_000)}


def pack(context, version, **feeders):
    """The example of a rule pack; `without=True` leaves out what older ones do not have."""
    text = pathlib.Path(__file__).resolve().parents[2].joinpath("config/examples/rules.toml").read_text(encoding="utf-8")
    text = text.replace("version = 1\n", f"version = {version}\n")
    if feeders.pop("without", False):
        begin, end = text.index("[feeders]\n"), text.index("# Sums of half hours")
        text = text[:begin] + text[end:]
    for name, value in feeders.items():
        check(text.count(f"{name} = {FEEDERS[name]}\n") == 1, f"the example has {name} once")
        text = text.replace(f"{name} = {FEEDERS[name]}\n", f"{name} = {value}\n")
    file = context.fresh("rules").with_suffix(".toml")
    file.write_text(text, encoding="utf-8")
    return file


def reads_of(context, rows):
    return write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, [(*row, "1")[:5] for row in rows])


def estate_of(context, feeders, **transformer):
    """A transformer T1 with feeders: id -> (rating_a, MPANs)."""
    return write_estate(context.fresh("estate"), [{"transformer_id": "T1", "rating_kva": "500", "gsp_group": "_C", **transformer}],
                        [{"transformer_id": "T1", "feeder_id": name, "rating_a": rating} for name, (rating, _) in feeders.items()],
                        [{"mpan": meter, "transformer_id": "T1", "feeder_id": name, "quantities": "AI|AE|RI"}
                         for name, (_, meters) in feeders.items() for meter in meters])


def meters_from(first, count):
    return [mpan(100_000_000_000 + first + number) for number in range(count)]


def columns(row, *names):
    return tuple(row[name] for name in names)


# -- the second computation ----------------------------------------------------------------------------------------------

class Expected:
    """The exports that follow from the exported readings, the estate's files and what a pack says of feeders."""

    def __init__(self, program, store, folder, feeders, floor=5, *more):
        self.estate, self.floor = model.Estate(folder), floor
        readings = model.split_readings(program.export("readings", store, *more))
        self.sums, _ = model.loads(self.estate, readings)
        self.given = collections.defaultdict(lambda: {"AI": {}, "RI": {}})
        for meter, quantity, end, wh, *_ in readings:
            if quantity in ("AI", "RI"):
                place = self.estate.place(meter, utc(end))
                self.given[place.transformer, place.feeder, end][quantity][meter] = int(wh)
        self.over = {}  # key -> limit
        if feeders is not None:
            ratings = {(row["transformer_id"], row["feeder_id"]): row.get("rating_a") for row in self.estate.feeders}
            kinds = collections.defaultdict(list)
            for one in self.estate.connections:
                kinds[one.transformer, one.feeder].append(one)
            for key, row in self.sums.items():
                limit = limit_wh(ratings[key[:2]], [one.type for one in kinds[key[:2]] if one.holds(utc(key[2]))], feeders)
                if max(row[:2]) > limit:
                    self.over[key] = limit

    def feeder_load(self):
        return {key: row for key, row in self.sums.items() if key not in self.over}

    def quarantined(self):
        return [(*key, "feeder-over-maximum", *map(str, (*row[:2], self.over[key], *row[2:4])))
                for key, row in sorted(self.sums.items()) if key in self.over]

    def transformer_load(self):
        """key -> import, export, meters reported"""
        found = collections.defaultdict(lambda: [0, 0, 0])
        for (transformer, _, end), row in self.feeder_load().items():
            for place, value in enumerate((row[0], row[1], row[3])):
                found[transformer, end][place] += value
        return {key: tuple(row) for key, row in found.items()}

    def published(self):
        """(transformer, feeder, end) -> devices, Wh, reactive devices, varh, suppressed; texts"""
        found = {}
        for key, given in self.given.items():
            active, reactive = given["AI"], given["RI"]
            numbers = [str(len(active)), str(sum(active.values())), str(len(reactive)), str(sum(reactive.values()))]
            why = ""
            if len(active) < self.floor:
                numbers, why = [""] * 4, f"fewer-than-{self.floor}-devices"
            elif key in self.over:
                numbers, why = [""] * 4, "feeder-over-maximum"
            elif len(reactive) < self.floor:
                numbers[2:] = ["", ""]
                why = f"reactive-fewer-than-{self.floor}-devices" if reactive else ""
            found[key] = (*numbers, why)
        return found


def limit_wh(rating_a, types, feeders):
    """Of a feeder with meters of these connection types: watt-hours, by what the example of a rule pack says in words."""
    milliamperes = round(float(rating_a or 0) * 1000)
    if milliamperes and not {"H", "E"} & set(types):
        return milliamperes * 3 * 230 * feeders["rating_pct"] // (2 * 1000 * 100)
    meters = max([sum(LIMITS[one][1] for one in types), *(LIMITS[one][0] for one in types)])
    return max(feeders["unrated_wh"], meters * feeders["meters_pct"] // 100)


def check_everything(program, store, folder, feeders, floor=5, more=()):
    """The exports of a store against the second computation; how many half hours are quarantined and suppressed."""
    expected = Expected(program, store, folder, feeders, floor, *more)
    rows = program.rows("feeder-load", store, *more)
    found = {columns(row, "transformer_id", "feeder_id", "period_end"):
             tuple(int(row[name]) for name in ("import_wh", "export_wh", "meters_expected", "meters_reported", "actual", "estimated"))
             for row in rows}
    check_equal(list(found), sorted(expected.feeder_load()), "keys of feeder-load")
    check_equal(found, {key: expected.feeder_load()[key] for key in found}, "feeder-load")
    found = {columns(row, "transformer_id", "period_end"): tuple(int(row[name]) for name in ("import_wh", "export_wh", "meters_reported"))
             for row in program.rows("transformer-load", store, *more)}
    check_equal(list(found), sorted(expected.transformer_load()), "keys of transformer-load")
    check_equal(found, {key: expected.transformer_load()[key] for key in found}, "transformer-load")
    found = [tuple(row.values()) for row in program.rows("quarantined-loads", store, *more)]
    check_equal(found, expected.quarantined(), "quarantined-loads")
    rows = program.rows("lv-feeder", store, "--privacy-floor", floor, *more)
    published = {columns(row, "secondary_substation_id", "lv_feeder_id", "data_collection_log_timestamp"):
                 columns(row, "aggregated_device_count_active", "total_consumption_active_import", "aggregated_device_count_reactive",
                         "total_consumption_reactive_import", "suppressed") for row in rows}
    check_equal(list(published), sorted(expected.published()), "keys of lv-feeder")
    for key, row in expected.published().items():
        check_equal(published[key], row, f"lv-feeder {key}")
    for row in rows:
        check_equal(row["primary_consumption_active_import"], row["total_consumption_active_import"], "primary is the total")
        if row["suppressed"] in (f"fewer-than-{floor}-devices", "feeder-over-maximum"):
            check_equal({row[name] for name in MEASURES}, {""}, f"what a suppressed row tells: {row}")
    return len(expected.over), collections.Counter(row[4] for row in published.values())


# -- VA-12 -----------------------------------------------------------------------------------------------------------------

def va_12_a_feeder_above_its_limit_is_left_out(context):
    """Two feeders: 10 A carry 10 x 3 x 230 V x 0.5 h = 3,450 Wh, four times that is the limit; the other is not rated. At the
    limit and a watt-hour above it, of import and of export."""
    program = context.program
    one, other = meters_from(1, 5), meters_from(100, 6)
    estate = estate_of(context, {"F1": ("10", one), "F2": ("", other)})
    rows = [(meter, "AI", end, "1.000") for meter in other for end in DAY[:5]]
    rows += [(meter, quantity, end, "1.000") for meter in one[1:] for quantity, end in (
        ("AI", DAY[0]), ("AI", DAY[1]), ("AI", DAY[2]), ("AE", DAY[2]), ("AI", DAY[3]), ("AE", DAY[3]))]
    rows += [(one[0], "AI", DAY[0], "9.800"), (one[0], "AI", DAY[1], "9.801"),
             (one[0], "AE", DAY[2], "9.800"), (one[0], "AE", DAY[3], "9.801")]
    store = context.fresh("store")
    summary = program.replay(estate, reads_of(context, rows), store)
    check_equal((summary["accepted"], harness.total(summary["quarantined"]), summary["rejected"]), (len(rows), 0, {}), "no reading is touched")
    check_equal(check_everything(program, store, estate, FEEDERS)[0], 2, "half hours above the limit")

    found = [tuple(row.values()) for row in program.rows("quarantined-loads", store)]
    check_equal(found, [("T1", "F1", DAY[1], "feeder-over-maximum", "13801", "0", "13800", "5", "5"),
                        ("T1", "F1", DAY[3], "feeder-over-maximum", "4000", "13801", "13800", "5", "5")], "quarantined-loads")
    found = {columns(row, "feeder_id", "period_end"): row for row in program.rows("feeder-load", store)}
    check_equal(sorted(found), [("F1", DAY[0]), ("F1", DAY[2]), *(("F2", end) for end in DAY[:5])], "keys of feeder-load")
    found = {row["period_end"]: columns(row, "import_wh", "export_wh", "kva", "meters_expected", "meters_reported", "revision")
             for row in program.rows("transformer-load", store)}
    # Without the feeder fewer report than are expected. The revision is of versions that stand, believed or not.
    check_equal(found, {DAY[0]: ("19800", "0", "41.684", "11", "11", "11"), DAY[1]: ("6000", "0", "12.632", "11", "6", "11"),
                        DAY[2]: ("10000", "13800", "8.000", "11", "11", "15"), DAY[3]: ("6000", "0", "12.632", "11", "6", "15"),
                        DAY[4]: ("6000", "0", "12.632", "11", "6", "6")}, "transformer-load")
    # Four gave import in the last half hour: of so few not even that is told.
    check_equal([row["suppressed"] for row in program.rows("lv-feeder", store, "--feeder", "F1", "--transformer", "T1")],
                ["", "feeder-over-maximum", "fewer-than-5-devices", "fewer-than-5-devices"], "lv-feeder says so")
    check_equal(len(program.rows("readings", store)), len(rows), "all readings stand")
    check_equal(program.rows("rejects", store), [], "none is refused")

    # Of a transformer of which nothing is believed there is no row, rather than one of 0 kVA.
    program.replay(estate, reads_of(context, [(meter, "AI", DAY[9], "3") for meter in one]), store)
    check_equal([row for row in program.rows("transformer-load", store) if row["period_end"] == DAY[9]], [], "rows without a feeder")
    # A correction brings a half hour back, without any other pack.
    program.replay(estate, reads_of(context, [(one[0], "AI", DAY[1], "9.800", "2")]), store)
    check_equal([columns(row, "feeder_id", "import_wh", "revision") for row in program.rows("feeder-load", store)
                 if row["period_end"] == DAY[1]], [("F1", "13800", "6"), ("F2", "6000", "6")], "after a correction")


def va_12_another_pack_judges_all_anew(context):
    """A higher limit brings the rows back and a lower one takes them away, half hours of long ago too; readings and digest
    stay. What a pack without [feeders] makes of a store is what the program did before there was one."""
    program = context.program
    meters = meters_from(1, 6)
    estate = estate_of(context, {"F1": ("10", meters)})
    reads = reads_of(context, [(meter, "AI", end, "2.500") for meter in meters for end in DAY[:4]])
    store = context.fresh("store")

    def rows(*more):
        program.replay(estate, reads, store, *more)
        return len(program.rows("feeder-load", store)), len(program.rows("quarantined-loads", store))

    old = pack(context, 1, without=True)
    check_equal(rows("--rules", old), (4, 0), "a pack from before the table: its store is read as before")
    done = program.try_run("export", "quarantined-loads", "--store", store)
    check(done.status == 0 and b"without [feeders]" in done.err.splitlines()[0], f"and that says so: {done.describe()}")
    plain = {kind: program.export(kind, store) for kind in KINDS}
    digest = program.digests(store)
    check_equal(rows("--rules", old), (4, 0), "it may be given again")
    check_equal(rows(), (4, 0), "and holds, though the built-in pack has the table")
    check_equal(rows("--rules", pack(context, 2)), (0, 4), "the figures of the built-in pack: 15,000 Wh are above 13,800")
    done = program.try_run("export", "quarantined-loads", "--store", store)
    check_equal(done.err, b"", "no note where there is a limit")
    check_equal(rows(), (0, 4), "without being given again")
    for kind in ("readings", "gaps", "rejects"):
        check_same_bytes(program.export(kind, store), plain[kind], f"{kind} of a quarantined feeder")
    check_equal(program.digests(store), digest, "digests of a quarantined feeder")
    check_equal(rows("--rules", pack(context, 3, rating_pct=435)), (4, 0), "15,007 Wh")
    for kind in KINDS:
        check_same_bytes(program.export(kind, store), plain[kind], f"{kind} under a higher limit")
    check_equal(rows("--rules", pack(context, 4, rating_pct=434)), (0, 4), "14,973 Wh")
    program.verify(store)


def va_12_simulated_estate_with_planted_loads(context):
    """Every kind of fault, ratings from absent to wide, meters of every connection type, and half hours that somebody planted;
    under several packs and as known at an instant, in two orders of files."""
    program, folder, chance = context.program, context.fresh("estate"), random.Random(12)
    program.run("sim", "estate", "--meters", 1200, "--out", folder, "--seed", 12)
    reads = context.folder / "reads.csv"
    program.run("sim", "reads", "--estate", folder, "--from", "2026-03-10", "--days", 1, "--seed", 12, "--out", reads, "--faults", "all")
    feeders = harness.read_csv(folder / "feeders.csv")
    for row in feeders:
        row["rating_a"] = chance.choice(["", "", "400", "400", "30.5", "0"])
    meters = harness.read_csv(folder / "meters.csv")
    planted = []
    for place, row in enumerate(chance.sample(meters, 120)):
        row["connection_type"] = chance.choice("WWLLLLHU")
        row["quantities"] = "AI|AE|RI"
        most = {"W": 60_000}.get(row["connection_type"], LIMITS[row["connection_type"]][0])
        for end in chance.sample(DAY, 4):
            for quantity, share in (("AI", 0.7), ("AE", 0.3), ("RI", 0.4)):
                if chance.random() < share:
                    wh = chance.choice([most, most // 2, most // 50 + place])
                    planted.append((row["mpan"], quantity, end, f"{wh / 1000:.3f}", "7"))
    for name, rows in (("feeders.csv", feeders), ("meters.csv", meters)):
        write_csv(folder / name, ",".join(rows[0]), [tuple(row.values()) for row in rows])
    late = reads_of(context, planted)
    known = "2026-03-20T00:00:00Z"
    stores = context.fresh("store"), context.fresh("store")
    program.replay(folder, reads, stores[0])
    program.replay(folder, late, stores[0], "--received-at", known)
    program.replay(folder, late, stores[1], "--received-at", known)
    program.replay(folder, reads, stores[1])
    over, why = check_everything(program, stores[0], folder, FEEDERS, floor=55)
    check(over > 20 and len(why) == 4 and min(why.values()) > 5, f"every fate is there: {over} above, {why}")
    for kind in ("feeder-load", "transformer-load", "quarantined-loads", "lv-feeder"):
        check_same_bytes(program.export(kind, stores[1]), program.export(kind, stores[0]), f"{kind} of files in another order")
    before = check_everything(program, stores[0], folder, FEEDERS, more=("--as-known-at", "2026-03-19T23:59:59Z"))[0]
    check_equal(before, 0, "above before the planted ones were known")
    check_equal(check_everything(program, stores[0], folder, FEEDERS, more=("--as-known-at", known))[0], over, "and from then on")
    for version, feeders in ((2, {"rating_pct": 30, "unrated_wh": 20_000, "meters_pct": 1}), (3, {"rating_pct": 1_000_000}), (4, None)):
        rules = pack(context, version, **(feeders or {"without": True}))
        program.replay(folder, late, stores[0], "--rules", rules)
        found, _ = check_everything(program, stores[0], folder, feeders and {**FEEDERS, **feeders}, floor=20)
        check(found > over if version == 2 else found < over, f"pack {version}: {found} above, {over} with the built-in one")
    check_equal(found, 0, "above without a limit")


# -- AG-04, PI-02 ------------------------------------------------------------------------------------------------------------

def ag_04_fewer_than_the_floor_are_suppressed(context):
    """By hand: 4 and 5 meters; a fifth that gives only export or reactive energy, is contradicted, or moves away."""
    program = context.program
    meters = meters_from(1, 5)
    estate = estate_of(context, {"F1": ("", meters)})
    store = context.fresh("store")
    rows = [(meter, "AI", end, "0.100") for meter in meters[:4] for end in DAY[:6]]
    rows += [(meters[4], "AI", DAY[1], "0.007"), (meters[4], "AE", DAY[2], "0.007"), (meters[4], "RI", DAY[3], "0.007"),
             (meters[4], "AI", DAY[4], "0.007"), (meters[4], "AI", DAY[4], "0.008"), (meters[4], "RI", DAY[6], "0.007")]
    rows += [(meter, "RI", DAY[1], "0.050") for meter in meters[1:]]
    program.replay(estate, reads_of(context, rows), store)

    def published(*more):
        return {row["data_collection_log_timestamp"]:
                columns(row, "aggregated_device_count_active", "total_consumption_active_import", "aggregated_device_count_reactive",
                        "total_consumption_reactive_import", "suppressed") for row in program.rows("lv-feeder", store, *more)}

    few = ("", "", "", "", "fewer-than-5-devices")
    expected = {end: few for end in DAY[:7]}
    expected[DAY[1]] = ("5", "407", "", "", "reactive-fewer-than-5-devices")
    check_equal(published(), expected, "the floor of 5")
    check_equal(check_everything(program, store, estate, FEEDERS)[0], 0, "half hours above the limit")
    # A row that is suppressed is the same whether one meter reported or four: nothing of it tells how many.
    texts = {",".join(row[name] for name in row if name != "data_collection_log_timestamp")
             for row in program.rows("lv-feeder", store) if row["suppressed"] == few[-1]}
    check_equal(len(texts), 1, "texts of suppressed rows")
    program.replay(estate, reads_of(context, [(meters[4], "AI", DAY[4], "0.009", "2"), (meters[0], "RI", DAY[1], "0.050")]), store)
    expected[DAY[4]] = ("5", "409", "", "", "")
    expected[DAY[1]] = ("5", "407", "5", "250", "")
    check_equal(published(), expected, "after a contradiction was resolved and a fifth gave reactive energy")
    check_equal(published("--privacy-floor", 5), expected, "5 is the default")
    check_equal(published("--privacy-floor", 6), {end: (*few[:4], "fewer-than-6-devices") for end in DAY[:7]}, "a floor of 6")
    lower = published("--privacy-floor", 3)
    check_equal((lower[DAY[0]], lower[DAY[6]]), (("4", "400", "", "", ""), (*few[:4], "fewer-than-3-devices")), "a floor of 3")
    check_equal(lower[DAY[3]], ("4", "400", "", "", "reactive-fewer-than-3-devices"), "one reactive value under a floor of 3")

    out = context.folder / "out.csv"
    for arguments, what in (((("lv-feeder", "--privacy-floor", floor), "--privacy-floor must be a whole number, 3 to 1000000")
                             for floor in ("2", "1", "0", "-5", "5.5", "five", "1000001", "99999999999999999999"))):
        done = program.try_run("export", *arguments, "--store", store, "--out", out)
        check(done.status == 2 and what in done.err.decode().splitlines()[0], f"{arguments}: {done.describe()}")
    for arguments, what in ((("feeder-load", "--privacy-floor", 5), "no other export has a floor"),
                            (("quarantined-loads", "--dno-alias", "X"), "for lv-feeder alone"),
                            (("feeder-load", "--mpan", meters[0]), "--mpan is not for feeder-load"),
                            (("transformer-load", "--mpan", meters[0]), "--mpan is not for transformer-load"),
                            (("quarantined-loads", "--mpan", meters[0]), "--mpan is not for quarantined-loads"),
                            (("lv-feeder", "--mpan", meters[0]), "--mpan is not for lv-feeder")):
        done = program.try_run("export", *arguments, "--store", store, "--out", out)
        check(done.status == 2 and what in done.err.decode().splitlines()[0], f"{arguments}: {done.describe()}")
    check(not out.exists(), "nothing was written")


def pi_02_columns_of_the_open_data(context):
    """The header of the published files, names and ids, a day from 00:30 to 00:00, and what each filter leaves."""
    program = context.program
    one, other = meters_from(1, 5), meters_from(100, 5)
    estate = write_estate(context.fresh("estate"),
                          [{"transformer_id": f"T{number}", "rating_kva": "500", "gsp_group": "_C", "name": 'Mill Lane, "Old"'}
                           for number in (1, 2)],
                          [{"transformer_id": f"T{number}", "feeder_id": "01", "name": "East"} for number in (1, 2)],
                          [{"mpan": meter, "transformer_id": name, "feeder_id": "01"} for name, some in (("T1", one), ("T2", other))
                           for meter in some])
    reads = reads_of(context, [(meter, "AI", end, "0.123") for meter in one + other for end in DAY])
    store = context.fresh("store")
    program.replay(estate, reads, store)
    data = program.export("lv-feeder", store)
    lines = list(csv.reader(data.decode().splitlines()))
    check_equal(tuple(lines[0]), (*COLUMNS, "suppressed"), "columns")
    check_equal(tuple(lines[1]), ("T1-01", "", "", "T1", 'Mill Lane, "Old"', "01", "East", "", "5", "615", "", "615", "", "", DAY[0],
                                  DAY[0], DAY[0], ""), "the first row")
    check_equal([(line[0], line[3], line[5], line[14]) for line in lines[1:]],
                [(f"{name}-01", name, "01", end) for name in ("T1", "T2") for end in DAY], "a row a feeder and half hour")
    check_equal((DAY[0][10:], DAY[47]), ("T00:30:00Z", "2026-03-11T00:00:00Z"), "the first and the last end of a day")
    told = program.rows("lv-feeder", store, "--dno-name", "Some, Networks", "--dno-alias", "SN")
    check_equal({columns(row, "dno_name", "dno_alias") for row in told}, {("Some, Networks", "SN")}, "names of the operator")

    whole = program.rows("lv-feeder", store)
    check_equal(program.rows("lv-feeder", store, "--transformer", "T2", "--feeder", "01"), whole[48:], "--transformer --feeder")
    check_equal(program.rows("lv-feeder", store, "--from", DAY[2], "--to", DAY[4], "--transformer", "T1"), whole[3:5], "--from --to")
    out = context.folder / "out.csv"
    check_equal(program.run("export", "lv-feeder", "--store", store, "--out", out), b"", "standard output of --out")
    check_same_bytes(out.read_bytes(), data, "--out")
    line = json.loads(program.export("lv-feeder", store, "--json").splitlines()[0])
    check_equal((line["total_consumption_active_import"], line["aggregated_device_count_reactive"], line["suppressed"]),
                (615, None, ""), "as JSON")

    folder = context.shared("data/dno-lv-feeder-smart-meter")
    for file in ("ssen/2024-02-12_head.csv", "nged/aggregated-smart-meter-data-lv-feeder-2024-01-part0000_head.csv"):
        with open(folder / file, encoding="utf-8", newline="") as published:
            names = next(csv.reader(published))
        check_equal(tuple(name.lower() for name in names), COLUMNS, f"columns of {file}")


def pi_02_times_of_insertion_and_change(context):
    """When a half hour was first known of, and when anything of it changed last: by what was received when, in any order."""
    program = context.program
    meters = meters_from(1, 5)
    estate = estate_of(context, {"F1": ("", meters)})
    first = reads_of(context, [(meter, "AI", DAY[0], "0.1") for meter in meters])
    again = reads_of(context, [(meters[0], "AI", DAY[0], "0.100"), (meters[1], "AE", DAY[0], "0.5")])
    corrected = reads_of(context, [(meters[0], "AI", DAY[0], "0.2", "2")])
    steps = [(first, "2026-03-11T06:00:00Z"), (again, "2026-03-15T06:00:00Z"), (corrected, "2026-03-13T06:00:00Z")]
    expected = [("500", "2026-03-11T06:00:00Z", "2026-03-11T06:00:00Z"), ("600", "2026-03-11T06:00:00Z", "2026-03-13T06:00:00Z")]
    names = ("total_consumption_active_import", "insert_time", "last_modified_time")
    exports = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        store = context.fresh("store")
        for step in order:
            reads, instant = steps[step]
            program.replay(estate, reads, store, "--received-at", instant)
        exports.append(program.export("lv-feeder", store))
        found = [columns(program.rows("lv-feeder", store, "--as-known-at", instant)[0], *names)
                 for instant in ("2026-03-12T00:00:00Z", "2026-03-14T00:00:00Z")]
        check_equal(found, expected, f"{names} before and after the correction, order {order}")
        check_equal(columns(program.rows("lv-feeder", store)[0], *names), expected[1], "a repeat changes nothing, nor does export")
        check_same_bytes(exports[-1], exports[0], f"lv-feeder, order {order}")


if __name__ == "__main__":
    harness.main(__doc__, [va_12_a_feeder_above_its_limit_is_left_out, va_12_another_pack_judges_all_anew,
                           va_12_simulated_estate_with_planted_loads, ag_04_fewer_than_the_floor_are_suppressed,
                           pi_02_columns_of_the_open_data, pi_02_times_of_insertion_and_change])
