#!/usr/bin/env python3
"""Rows of meters.csv that change behind stored readings: split at a change of supplier or of energisation, moved to another
feeder or transformer, mended in their ranges. The store is then as if it had known the new estate from the start."""

import random
import shutil
import signal
import subprocess
import time

import harness
import model
from harness import check, check_equal, check_same_bytes, mpan, utc, utc_text, write_csv, write_estate

ONE, TWO = mpan(100_000_000_001), mpan(100_000_000_002)
KINDS = ("readings", "feeder-load", "transformer-load", "gaps")
TOTALS = ("gaps", "gap_periods", "meters", "feeders", "transformers", "days", "digest")
ELEVEN = "2026-03-10T11:00:00Z"
DAY = [utc_text(utc("2026-03-10") + 1800 * number) for number in range(1, 49)]


def conflicts(rejects):
    """Rows of contradicting readings; of what else was refused, an estate's change keeps what is listed."""
    return b"\n".join(line for line in rejects.splitlines() if b",conflict," in line)


class Outcome:
    """All that a store shows of its readings, now and as it was known at some instants."""

    def __init__(self, program, store, instants=()):
        self.parts = {"digest": program.digests(store), "conflicts": conflicts(program.export("rejects", store))}
        for kind in KINDS:
            self.parts[kind] = program.export(kind, store)
        for instant in instants:
            for kind in KINDS:
                self.parts[f"{kind} as known at {instant}"] = program.export(kind, store, "--as-known-at", instant)
            self.parts[f"conflicts as known at {instant}"] = conflicts(program.export("rejects", store, "--as-known-at", instant))

    def check_same(self, other, what):
        for part, data in self.parts.items():
            check_same_bytes(data, other.parts[part], f"{part}, {what}")


def estate_of(context, meters, places=(("TA", "F1"), ("TB", "F1"))):
    transformers = sorted({transformer for transformer, _ in places})
    return write_estate(context.fresh("estate"),
                        [{"transformer_id": one, "rating_kva": "100", "gsp_group": "_C", "power_factor": "1"} for one in transformers],
                        [{"transformer_id": transformer, "feeder_id": feeder} for transformer, feeder in places],
                        [{"effective_from": "", "effective_to": "", **row} for row in meters])


def file_of(context, rows, header="mpan,period_end,kwh"):
    return write_csv(context.fresh("reads").with_suffix(".csv"), header, rows)


def loads(program, store, kind="feeder-load"):
    """Import by transformer and period."""
    return {(row["transformer_id"], row["period_end"]): int(row["import_wh"]) for row in program.rows(kind, store)}


def a_change_of_supplier_after_the_fact(context):
    program, store, fresh = context.program, context.fresh("store"), context.fresh("store")
    place = {"mpan": ONE, "transformer_id": "TA", "feeder_id": "F1"}
    before = estate_of(context, [{**place, "supplier_mpid": "OLDS"}])
    after = estate_of(context, [{**place, "supplier_mpid": "OLDS", "effective_to": ELEVEN},
                                {**place, "supplier_mpid": "NEWS", "effective_from": ELEVEN}])
    stored = file_of(context, [(ONE, end, "0.1") for end in DAY if end != DAY[30]])
    late = file_of(context, [(ONE, DAY[30], "0.3")])
    first = program.replay(before, stored, store)
    second = program.replay(after, late, store)
    check_equal((first["accepted"], second["accepted"], second["gaps"]), (47, 1, 0), "accepted, accepted, gaps")
    again = program.replay(after, [stored, late], store)
    check_equal((again["accepted"], again["duplicates"]), (0, 48), "the same files again")
    expected = program.replay(after, [stored, late], fresh)
    for name in TOTALS:
        check_equal(again[name], expected[name], name)
    Outcome(program, store).check_same(Outcome(program, fresh), "after the split")


def ag_05_a_meter_moved_at_eleven(context):
    program, store, fresh = context.program, context.fresh("store"), context.fresh("store")
    neighbour = {"mpan": TWO, "transformer_id": "TB", "feeder_id": "F1"}
    before = estate_of(context, [{"mpan": ONE, "transformer_id": "TA", "feeder_id": "F1"}, neighbour])
    after = estate_of(context, [{"mpan": ONE, "transformer_id": "TA", "feeder_id": "F1", "effective_to": ELEVEN},
                                {"mpan": ONE, "transformer_id": "TB", "feeder_id": "F1", "effective_from": ELEVEN}, neighbour])
    stored = file_of(context, [(one, end, value) for end in DAY for one, value in ((ONE, "0.1"), (TWO, "0.02"))])
    program.replay(before, stored, store)
    found = loads(program, store)
    check_equal({found["TA", end] for end in DAY}, {100}, "TA before the move")
    check_equal({found["TB", end] for end in DAY}, {20}, "TB before the move")
    # The half hour that ends at eleven is the last on the old side: periods are compared by their start.
    old, new = DAY[:22], DAY[22:]
    check_equal((old[-1], new[0]), (ELEVEN, "2026-03-10T11:30:00Z"), "the two sides")
    program.replay(after, stored, store)
    expected = {**{("TA", end): 100 for end in old}, **{("TB", end): 20 for end in old}, **{("TB", end): 120 for end in new}}
    for kind in ("feeder-load", "transformer-load"):
        check_equal(loads(program, store, kind), expected, f"{kind} after the move")
    correction = file_of(context, [(ONE, "2026-03-10T09:00:00Z", "0.7")])
    summary = program.replay(after, correction, store, "--version", 2)
    check_equal(summary["accepted"], 1, "the correction")
    expected["TA", "2026-03-10T09:00:00Z"] = 700
    check_equal(loads(program, store), expected, "the correction lands on the old side only")
    program.replay(after, stored, fresh)
    program.replay(after, correction, fresh, "--version", 2)
    Outcome(program, store).check_same(Outcome(program, fresh), "after the move")


def ag_07_a_status_flip_at_a_boundary(context):
    program, store = context.program, context.fresh("store")
    place = {"mpan": ONE, "transformer_id": "TA", "feeder_id": "F1"}
    before = estate_of(context, [place])
    after = estate_of(context, [{**place, "energisation": "E", "effective_to": ELEVEN},
                                {**place, "energisation": "D", "effective_from": ELEVEN}])
    program.replay(before, file_of(context, [(ONE, end, "0") for end in DAY[:40]]), store)
    was = Outcome(program, store)
    estimates = file_of(context, [(ONE, end, "0.4", "E1", "2", "2") for end in (DAY[21], DAY[22])],
                        "mpan,period_end,kwh,quality,reason,version")
    summary = program.replay(after, estimates, store)
    check_equal((summary["accepted"], summary["rejected"]), (1, {"deenergised-estimate": 1}), "estimates on both sides")
    rows = {row["period_end"]: (row["import_wh"], row["actual"], row["estimated"]) for row in program.rows("feeder-load", store)}
    check_equal((rows[DAY[21]], rows[DAY[22]]), (("400", "0", "1"), ("0", "1", "0")), "the boundary's half hours")
    # What was accepted under the old row stays accepted under the new one.
    program.replay(before, file_of(context, [(ONE, DAY[21], "0.0", "A", "", "3")],
                                   "mpan,period_end,kwh,quality,reason,version"), store)
    found = {row["period_end"]: row["wh"] for row in program.rows("readings", store)}
    check_equal(found, {row["period_end"]: row["wh"] for row in harness.read_csv(was.parts["readings"])}, "readings in the end")


def what_no_row_holds_is_refused(context):
    program, store = context.program, context.fresh("store")
    place = {"mpan": ONE, "transformer_id": "TA", "feeder_id": "F1"}
    neighbour = {"mpan": TWO, "transformer_id": "TB", "feeder_id": "F1"}
    both = {**place, "quantities": "AI|AE"}
    good = estate_of(context, [both, neighbour])
    header = "mpan,period_end,quantity,kwh"
    stored = file_of(context, [(ONE, end, "AI", "0.1") for end in DAY] + [(ONE, DAY[5], "AE", "0.2")], header)
    program.replay(good, stored, store)
    was = Outcome(program, store)
    ended = {**both, "effective_to": ELEVEN}
    cases = {
        "a row that ends": ([ended, neighbour], "26 stored readings", f"{ONE} AI at {DAY[22]}"),
        "a meter that is gone": ([neighbour], "49 stored readings", ONE),
        "a hole": ([ended, {**both, "transformer_id": "TB", "effective_from": "2026-03-10T12:00:00Z"}, neighbour],
                   "2 stored readings", f"{ONE} AI at {DAY[22]}"),
        "a row without the quantity": ([{**both, "effective_from": ELEVEN}, {**place, "effective_to": ELEVEN}, neighbour],
                                       "1 stored readings", f"{ONE} AE at {DAY[5]}"),
        "a row that moves and loses a quantity": ([{**place, "transformer_id": "TB"}, neighbour], "1 stored readings",
                                                  f"{ONE} AE at {DAY[5]}"),
    }
    more = file_of(context, [(TWO, end, "AI", "0.3") for end in DAY], header)
    for what, (meters, count, example) in cases.items():
        done = program.try_run("replay", "--estate", estate_of(context, meters), "--reads", more, "--store", store)
        check_equal(done.status, 2, f"exit, {what}: {done.describe()}")
        for text in (count, example):
            check(text in done.err.decode(), f"{what}: no '{text}' in {done.describe()}")
        Outcome(program, store).check_same(was, f"after the refusal of {what}")
    summary = program.replay(good, more, store)
    check_equal(summary["accepted"], 48, "the store goes on with the estate that it had")


def gaps_when_rows_alone_change(context):
    """No reading moves, but what counts as missing does: a hole in the rows, a row elsewhere."""
    program, store = context.program, context.fresh("store")
    place = {"mpan": ONE, "transformer_id": "TA", "feeder_id": "F1"}
    neighbour = {"mpan": TWO, "transformer_id": "TB", "feeder_id": "F1"}
    stored = file_of(context, [(ONE, end, "0.1") for end in DAY[:10] + DAY[20:30]])
    other = file_of(context, [(TWO, DAY[0], "0.1")])
    last = DAY[29]
    estates = (
        ([place, neighbour], (1, 10)),
        ([{**place, "effective_to": DAY[9]}, {**place, "effective_from": DAY[14]}, neighbour], (1, 5)),
        ([{**place, "effective_to": last}, {**place, "transformer_id": "TB", "effective_from": last}, neighbour], (1, 10)),
        ([{**place, "effective_to": last}, neighbour], (1, 10)),
        ([{**place, "effective_to": DAY[9]}, {**place, "transformer_id": "TB", "effective_from": DAY[19]}, neighbour], (0, 0)),
        ([place, neighbour], (1, 10)),
    )
    for number, (meters, expected) in enumerate(estates):
        # After the first, no reading wakes the meter's transformer.
        summary = program.replay(estate_of(context, meters), [stored, other] if number == 0 else other, store)
        check_equal((summary["gaps"], summary["gap_periods"]), expected, f"gaps of estate {number}")
        found = program.rows("gaps", store)
        check_equal((len(found), sum(int(row["periods"]) for row in found)), expected, f"gaps export of estate {number}")


# -- random changes ----------------------------------------------------------------------------------------------------------

FIRST, DAYS = "2026-03-01", 3
INSTANTS = ("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z", "2026-03-07T00:00:00Z", "2026-03-09T00:00:00Z")


class RandomWorld:
    """Meters, some of which are silent for some hours, and estates that all hold every reading of them."""

    def __init__(self, context, seed, meters=10):
        self.context, self.chance, self.values = context, random.Random(seed), {}
        self.meters = {mpan(200_000_000_000 + 17 * number): self.chance.random() < 0.3 for number in range(meters)}
        begin = self.chance.randrange(20, 90)
        self.silent = {one: range(begin, begin + self.chance.randrange(2, 20)) if self.chance.random() < 0.4 else range(0)
                       for one in self.meters}

    def instant(self, number):
        """The start of the half hour of that number, or some minutes before."""
        return utc_text(utc(FIRST) + 1800 * number - self.chance.choice([0, 0, 0, 600]))

    def row(self, one, first, end, places):
        transformer, feeder = self.chance.choice(places)
        return {"mpan": one, "transformer_id": transformer, "feeder_id": feeder, "effective_from": first, "effective_to": end,
                "supplier_mpid": self.chance.choice(["SUPA", "SUPB"]), "quantities": "AI|AE" if self.meters[one] else "AI",
                "market_segment": self.chance.choice("SSA")}

    def estate(self):
        chance = self.chance
        names = chance.sample(["T1", "T2", "T3", "T4"], chance.randrange(2, 5))
        places = [(name, feeder) for name in names for feeder in chance.sample(["F1", "F2", "F3"], 2)]
        rows = []
        for one in self.meters:
            at = "" if chance.random() < 0.6 else "2026-02-20T00:00:00Z"
            last = "" if chance.random() < 0.6 else "2026-04-01T00:00:00Z"
            cuts = sorted(chance.sample(range(1, DAYS * 48), chance.choice([0, 0, 1, 1, 2, 3])))
            silent = self.silent[one]
            hole = len(silent) != 0 and chance.random() < 0.6
            if hole:  # nothing was read there, so that no row need be there
                cuts = [cut for cut in cuts if cut < silent.start or cut >= silent.stop]
            edges = sorted([(cut, None) for cut in cuts] + ([(silent.start, silent.stop - 1)] if hole else []))
            for number, until in edges:
                end = self.instant(number)
                rows.append(self.row(one, at, end, places))
                at = end if until is None else utc_text(utc(FIRST) + 1800 * until)
            rows.append(self.row(one, at, last, places))
        rows = [row for row in rows if not row["effective_from"] or row["effective_from"] != row["effective_to"]]
        chance.shuffle(rows)
        return write_estate(self.context.fresh("estate"),
                            [{"transformer_id": name, "rating_kva": "100", "gsp_group": "_C" if name < "T3" else "_D"} for name in names],
                            [{"transformer_id": transformer, "feeder_id": feeder} for transformer, feeder in places], rows)

    def reads(self):
        """Readings of any version, contradicting here and there, of half of the half hours."""
        chance, rows = self.chance, []
        for one, exports in self.meters.items():
            for quantity in ("AI", "AE") if exports else ("AI",):
                for number in range(1, DAYS * 48 + 1):
                    if number in self.silent[one] or chance.random() < 0.5:
                        continue
                    version = chance.choice([1, 1, 1, 1, 2, 3])
                    plain = self.values.setdefault((one, quantity, number, version), chance.randrange(100, 70_000 if version == 3 else 900))
                    value = plain + 1 if chance.random() < 0.06 else plain
                    quality = ("E1", "2") if version == 2 and value % 3 == 0 else ("A", "")
                    rows.append((one, utc_text(utc(FIRST) + 1800 * number), quantity, f"{min(value, 59_999) / 1000:.3f}", version, *quality))
        chance.shuffle(rows)
        return file_of(self.context, rows, "mpan,period_end,quantity,kwh,version,quality,reason")


def random_changes(context):
    """After each change a store equals one that never had another estate; and the model's loads and gaps of its readings."""
    program, moved = context.program, 0
    for seed in range(5):
        world = RandomWorld(context, seed)
        store, runs = context.fresh("store"), []
        for step in range(4):
            estate = world.estate()
            received = world.chance.choice([None, *INSTANTS])
            # A file that came before, received at another time, tells when its readings were known, and nothing else.
            reads = world.chance.choice(runs)[0] if runs and world.chance.random() < 0.3 else world.reads()
            runs.append((reads, ["--received-at", received] if received else []))
            summary = program.replay(estate, reads, store, *runs[-1][1])
            fresh = context.fresh("store")
            for number, (file, options) in enumerate(runs):
                expected = program.replay(estate, file, fresh, *options)
                check_equal(harness.total(expected["quarantined"]) + harness.total(expected["rejected"]), 0,
                            f"seed {seed}, run {number}: every estate holds every reading")
            what = f"seed {seed}, estate {step}"
            for name in ("accepted", "duplicates", "conflicts", *TOTALS):
                check_equal(summary[name], expected[name], f"{name}, {what}")
            found = Outcome(program, store, INSTANTS)
            found.check_same(Outcome(program, fresh, INSTANTS), what)
            feeder_rows, _ = model.loads(model.Estate(estate), model.split_readings(found.parts["readings"]))
            for row in harness.read_csv(found.parts["feeder-load"]):
                key = row["transformer_id"], row["feeder_id"], row["period_end"]
                values = tuple(int(row[name]) for name in
                               ("import_wh", "export_wh", "meters_expected", "meters_reported", "actual", "estimated"))
                check_equal(values, feeder_rows.pop(key), f"feeder-load {key}, {what}")
            check_equal(feeder_rows, {}, f"half hours that feeder-load lacks, {what}")
            moved += step > 0
        again = program.replay(estate, [file for file, _ in runs], store)
        check_equal((again["accepted"], again["conflicts"], again["digest"]), (0, 0, summary["digest"]), f"all again, seed {seed}")
        program.verify(store)
    harness.say(f"{moved} changes")


def a_change_is_whole_or_not_at_all(context):
    """Killed at any moment, a store is as it was under the old estate or as it is under the new one."""
    program, chance = context.program, random.Random(5)
    old, new = context.folder / "old", context.folder / "new"
    program.run("sim", "estate", "--meters", 300, "--out", old, "--seed", 3)
    stored = context.folder / "reads.csv"
    program.run("sim", "reads", "--estate", old, "--from", "2026-03-01", "--days", 3, "--seed", 3, "--out", stored,
                "--faults", "conflict=0.02,correction=0.03,gap=0.02,duplicate=0.02")
    rows = harness.read_csv(old / "meters.csv")
    places = [(row["transformer_id"], row["feeder_id"]) for row in harness.read_csv(old / "feeders.csv")]
    changed = []
    for row in rows:  # each to the next feeder at an instant of its own
        at = f"2026-03-02T{chance.randrange(24):02}:30:00Z"
        next_place = places[(places.index((row["transformer_id"], row["feeder_id"])) + 1) % len(places)]
        changed.append({**row, "effective_to": at})
        changed.append({**row, "transformer_id": next_place[0], "feeder_id": next_place[1], "effective_from": at, "effective_to": ""})
    write_estate(new, harness.read_csv(old / "transformers.csv"), harness.read_csv(old / "feeders.csv"),
                 [{"effective_from": "", "effective_to": "", **row} for row in changed])
    header, known, *_ = stored.read_text().splitlines()
    nothing_new = context.folder / "known.csv"
    nothing_new.write_text(f"{header}\n{known}\n")

    base, whole, fresh = context.fresh("store"), context.fresh("store"), context.fresh("store")
    program.replay(old, stored, base)
    shutil.copytree(base, whole)
    begin = time.monotonic()
    summary = program.replay(new, nothing_new, whole)
    seconds = time.monotonic() - begin
    expected = program.replay(new, stored, fresh)
    for name in TOTALS:
        check_equal(summary[name], expected[name], f"{name} after the change")
    before, after = Outcome(program, base), Outcome(program, whole)
    after.check_same(Outcome(program, fresh), "the change as a whole")
    check(before.parts["feeder-load"] != after.parts["feeder-load"], "the change changes loads")

    seen = {"old": 0, "new": 0}
    for number in range(context.options.kills):
        store = context.fresh("store")
        shutil.copytree(base, store)
        process = program.start("replay", "--estate", new, "--reads", nothing_new, "--store", store, "--json")
        try:
            process.communicate(timeout=chance.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        found = Outcome(program, store)
        side = "old" if found.parts["feeder-load"] == before.parts["feeder-load"] else "new"
        seen[side] += 1
        found.check_same(before if side == "old" else after, f"kill {number}, {side} estate")
        program.replay(new, nothing_new, store)
        Outcome(program, store).check_same(after, f"run again after kill {number}")
        program.verify(store)
        shutil.rmtree(store)
    harness.say(f"found under the old and the new estate: {seen}")


def arguments(parser):
    parser.add_argument("--kills", type=int, default=12)


if __name__ == "__main__":
    harness.main(__doc__, [
        a_change_of_supplier_after_the_fact, ag_05_a_meter_moved_at_eleven, ag_07_a_status_flip_at_a_boundary,
        what_no_row_holds_is_refused, gaps_when_rows_alone_change, random_changes, a_change_is_whole_or_not_at_all], arguments)
