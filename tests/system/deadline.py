#!/usr/bin/env python3
"""What `deadline` says of each settlement date and run equals what follows from the readings and the instants at which they
were received, worked out here half hour by half hour with the zone rules of the system (TM-04, SR-01, SR-02, SR-04)."""

import collections
import datetime
import json
import random
import zoneinfo

from harness import check, check_equal, main, mpan, utc, utc_text, write_csv, write_estate

LONDON = zoneinfo.ZoneInfo("Europe/London")
PERIOD_S = 1800
SETTINGS = """gate_time = "09:30"
[[timetable]]
name = "slow"
from = "2020-01-01"
runs = { II = "WD+2", SF = "WD+5", RF = "WD+8", DF = "1 months" }
[[timetable]]
name = "quick"
from = "2026-04-01"
runs = { II = "WD+1", SF = "WD+3", RF = "WD+6" }
"""
DELAYS = {False: {"II": 2, "SF": 5, "RF": 8, "DF": None}, True: {"II": 1, "SF": 3, "RF": 6}}
HOLIDAYS = ["2026-01-01", "2026-03-27", "2026-04-03", "2026-04-06", "2026-12-25"]
FIRST, LAST = datetime.date(2026, 3, 22), datetime.date(2026, 4, 5)  # the clock changes on 29 March
MOVE = "2026-03-30T10:00:00Z"
HEADER = "mpan,quantity,period_end,kwh,quality,reason,version"


def local_date(end_s):
    """The settlement date of a half hour: the local date in which it starts."""
    return datetime.datetime.fromtimestamp(end_s - PERIOD_S, LONDON).date()


def periods_of(date):
    begin = utc(date.isoformat()) - 7200
    return [end for end in range(begin, begin + 30 * 3600, PERIOD_S) if local_date(end) == date]


def working(date):
    return date.weekday() < 5 and date.isoformat() not in HOLIDAYS


def gates_of(date):
    """Date and instant of each run."""
    out = {}
    for run, days in DELAYS[date >= datetime.date(2026, 4, 1)].items():
        day = date
        if days is None:
            day = date.replace(month=date.month + 1, day=min(date.day, 30))  # April has no 31st
            while not working(day):
                day += datetime.timedelta(1)
        for _ in range(days or 0):
            day += datetime.timedelta(1)
            while not working(day):
                day += datetime.timedelta(1)
        moment = datetime.datetime(day.year, day.month, day.day, 9, 30, tzinfo=LONDON)
        out[run] = (day, int(moment.timestamp()))
    return out


class Case:
    """A store that was filled by deliveries, each with the instant of its receipt."""

    def __init__(self, context, seed):
        self.context, self.chance = context, random.Random(seed)
        numbers = [mpan(100_000_000_000 + 17 * place) for place in range(7)]
        row = lambda place, transformer, supplier, **more: {
            "mpan": numbers[place], "transformer_id": transformer, "feeder_id": "F1", "supplier_mpid": supplier, "quantities": "",
            "effective_from": "", "effective_to": "", **more}
        self.meters = [row(0, "T1", "SUPA"), row(1, "T1", "SUPB"), row(2, "T1", "SUPA", quantities="AI|AE"), row(3, "T2", "SUPB"),
                       row(4, "T2", "SUPB", effective_from="2026-03-26"), row(5, "T1", "SUPA", effective_to=MOVE),
                       row(5, "T2", "SUPB", effective_from=MOVE), row(6, "T3", "SUPC")]  # the last is silent
        self.estate = write_estate(
            context.fresh("estate"),
            [{"transformer_id": f"T{n}", "rating_kva": "500", "gsp_group": "_A" if n < 3 else "_B"} for n in (1, 2, 3)],
            [{"transformer_id": f"T{n}", "feeder_id": "F1"} for n in (1, 2, 3)], self.meters)
        self.group_of = {"T1": "_A", "T2": "_A", "T3": "_B"}
        self.settings = context.fresh("settings").with_suffix(".toml")
        self.settings.write_text(SETTINGS)
        self.holidays = context.fresh("holidays").with_suffix(".csv")
        self.holidays.write_text("date\n" + "".join(f"{day}\n" for day in HOLIDAYS))
        self.store = context.fresh("store")
        self.readings = collections.defaultdict(list)  # (meter, quantity, end): (known, version, content)
        self.deliver()

    def holds(self, meter, end):
        start = end - PERIOD_S
        return ((not meter["effective_from"] or start >= self.instant(meter["effective_from"]))
                and (not meter["effective_to"] or start < self.instant(meter["effective_to"])))

    @staticmethod
    def instant(text):
        """A bare date in an estate is local; these lie in winter, when it is the same."""
        return utc(text)

    def deliver(self):
        """Most readings come the morning after, some days later, some never; corrections follow, and contradict each other."""
        deliveries = collections.defaultdict(list)
        chance = self.chance
        for meter in self.meters[:-1]:
            for offset in range((LAST - FIRST).days + 1):
                date = FIRST + datetime.timedelta(offset)
                usual = chance.choices([1, 2, 6, 16, None], [80, 10, 5, 2, 3])[0]
                for end in periods_of(date):
                    if not self.holds(meter, end):
                        continue
                    for quantity in (meter["quantities"] or "AI").split("|"):
                        days = usual if chance.random() < 0.97 else chance.choice([1, 3, None])
                        if days is None:
                            continue
                        estimate = chance.random() < 0.02
                        row = [meter["mpan"], quantity, utc_text(end), f"{chance.randrange(1000) / 1000:.3f}",
                               "E1" if estimate else "A", "2" if estimate else "", "1"]
                        deliveries[offset + days].append(row)
                        if chance.random() < 0.02:
                            deliveries[offset + days + chance.choice([0, 1, 5])].append([*row[:3], "7.5", "A", "", "2"])
                        if chance.random() < 0.01:
                            deliveries[offset + days + 1].append([*row[:3], "8.5", *row[4:]])
        self.last = 0
        for days, rows in sorted(deliveries.items(), key=lambda one: chance.random()):  # not in the order of their receipt
            known = utc(FIRST.isoformat()) + days * 86400 + 6 * 3600 + 600
            self.last = max(self.last, known)
            file = write_csv(self.context.fresh("reads").with_suffix(".csv"), HEADER, rows)
            self.context.program.replay(self.estate, file, self.store, "--received-at", utc_text(known))
            for meter, quantity, end, kwh, quality, _, version in rows:
                self.readings[meter, quantity, utc(end)].append((known, int(version), (kwh, quality)))

    def value(self, key, as_of):
        """Whether it is an actual, and when it was first known; nothing without a current value."""
        known = [one for one in self.readings.get(key, []) if one[0] <= as_of]
        if not known:
            return None
        highest = max(version for _, version, _ in known)
        contents = {content for _, version, content in known if version == highest}
        if len(contents) != 1:
            return None
        return contents.pop()[1] == "A", min(instant for instant, _, _ in known)

    def measure(self, date, as_of, by):
        out = {}
        for meter in self.meters:
            name = {None: "", "supplier": meter["supplier_mpid"], "transformer": meter["transformer_id"],
                    "gsp_group": self.group_of[meter["transformer_id"]]}[by]
            group = out.setdefault(name, {"expected": 0, "actual": 0, "gaps": set(), "known": []})
            for end in periods_of(date):
                if not self.holds(meter, end):
                    continue
                for quantity in (meter["quantities"] or "AI").split("|"):
                    group["expected"] += 1
                    found = self.value((meter["mpan"], quantity, end), as_of)
                    if found is None:
                        group["gaps"].add(meter["mpan"])
                    else:
                        group["actual"] += found[0]
                        group["known"].append(found[1])
        return out

    def expected_rows(self, as_of, by=None, closed=False, target=100.0):
        stored = [FIRST + datetime.timedelta(n) for n in range((LAST - FIRST).days + 1)]
        shown = [date for date in stored if periods_of(date)[0] - PERIOD_S < as_of]
        counts = {date: self.measure(date, as_of, by) for date in stored}
        gates = {date: gates_of(date) for date in stored}
        out = []
        for name in sorted({group for groups in counts.values() for group in groups}):
            for date in shown:
                count, known = counts[date][name], counts[date][name]["known"]
                for run in ("II", "SF", "RF", "DF"):
                    if run not in gates[date] or (gates[date][run][1] <= as_of and not closed) or count["expected"] == 0:
                        continue
                    day, gate = gates[date][run]
                    final = gates[date]["RF"][1]
                    passed = sorted((other[1], place, code) for place, (code, other) in enumerate(gates[date].items())
                                    if other[1] <= as_of)
                    last = run if gate <= as_of else passed[-1][2] if passed else None
                    made = sum(instant < gates[date][last][1] for instant in known) if last else None
                    forecast, verdict = None, "complete"
                    if gate <= as_of:
                        verdict = "complete" if made == count["expected"] else "missed"
                    elif len(known) < count["expected"]:
                        forecast = self.forecast(counts, gates, date, run, name, as_of, count["expected"], len(known))
                        verdict = "open"
                        if forecast is not None and forecast * 10000 // count["expected"] < target * 100:
                            verdict = "at-risk"
                    row = {by: name} if by else {}
                    share = lambda part: part * 10000 // count["expected"] / 100  # pylint: disable=cell-var-from-loop
                    row.update({
                        "settlement_date": date.isoformat(), "run": run, "run_date": day.isoformat(), "gate": utc_text(gate),
                        "expected": count["expected"], "received": len(known), "actual": count["actual"],
                        "estimated": len(known) - count["actual"], "missing": count["expected"] - len(known),
                        "complete_pct": share(len(known)), "meters_with_gaps": len(count["gaps"]),
                        "on_time": sum(instant < min(gate, final) for instant in known),
                        "late": sum(gate <= instant < final for instant in known),
                        "post_final": sum(instant >= final for instant in known), "last_run": last, "made_last_gate": made,
                        "forecast": forecast, "forecast_pct": None if forecast is None else share(forecast), "verdict": verdict,
                        "as_of": utc_text(as_of)})
                    out.append(row)
        return out

    @staticmethod
    def forecast(counts, gates, date, run, name, as_of, expected, received):
        end = {one: periods_of(one)[-1] for one in counts}
        gate_age, age = gates[date][run][1] - end[date], as_of - end[date]
        before = [one for one in sorted(counts) if one < date and end[one] + gate_age <= as_of][-14:]
        missing = came = dates = 0
        for one in before:
            count = counts[one][name]
            if not count["known"]:
                continue
            then = sum(instant <= end[one] + age for instant in count["known"])
            missing += count["expected"] - then
            came += sum(instant < end[one] + gate_age for instant in count["known"]) - then
            dates += 1
        if dates == 0:
            return None
        return received + ((expected - received) * came // missing if missing else 0)

    def run(self, *more):
        options = ("--store", self.store, "--settings", self.settings, "--holidays", self.holidays)
        return self.context.program.run("deadline", *options, *more).decode()

    def rows(self, *more):
        rows = [json.loads(line) for line in self.run("--json", *more).splitlines()]
        for row in rows:
            hours = row.pop("hours_left")
            check(abs(hours * 3600 - (utc(row["gate"]) - utc(row["as_of"]))) <= 180, f"hours left: {hours} of {row}")
        return rows


def every_run_of_every_date(context):
    case = Case(context, 1)
    verdicts = set()
    for as_of in ("2026-03-25T12:00:00Z", "2026-03-31T08:29:59Z", "2026-03-31T08:30:00Z", "2026-04-02T06:10:00Z",
                  "2026-04-06T06:09:59Z", "2026-04-30T00:00:00Z"):
        found = case.rows("--as-of", as_of, "--all")
        check_equal(found, case.expected_rows(utc(as_of), closed=True), f"as of {as_of}")
        check_equal(case.rows("--as-of", as_of), [row for row in found if utc(row["gate"]) > utc(as_of)], f"open at {as_of}")
        modest = case.expected_rows(utc(as_of), closed=True, target=90.5)
        check_equal(case.rows("--as-of", as_of, "--all", "--target", "90.5"), modest, f"as of {as_of} with a target")
        verdicts |= {row["verdict"] for row in modest}
        lengths = {row["settlement_date"]: row["expected"] for row in found}
    check({"open", "at-risk", "missed"} <= verdicts, f"several verdicts: {verdicts}")
    check_equal(lengths["2026-03-28"] * 46, lengths["2026-03-29"] * 48, "a short date")


def by_group(context):
    case = Case(context, 2)
    for as_of in ("2026-03-30T12:00:00Z", "2026-04-04T12:00:00Z"):
        for by in ("supplier", "gsp_group", "transformer"):
            check_equal(case.rows("--as-of", as_of, "--all", "--by", by), case.expected_rows(utc(as_of), by, closed=True),
                        f"by {by} as of {as_of}")


def without_a_now(context):
    """The last thing that became known is now, and parts of the answer are parts of the whole."""
    case = Case(context, 3)
    whole = case.expected_rows(case.last)
    check_equal(case.rows(), whole, "without --as-of")
    check_equal(case.rows("--run", "SF"), [row for row in whole if row["run"] == "SF"], "--run SF")
    check_equal(case.rows("--from", "2026-03-29", "--to", "2026-04-02"),
                [row for row in whole if "2026-03-29" <= row["settlement_date"] < "2026-04-02"], "--from --to")
    future = case.rows("--run", "RF", "--from", "2026-05-01", "--to", "2026-05-02")
    found = [(row["received"], row["verdict"]) for row in future]
    check_equal(found, [(0, "at-risk")], "a date without readings, when asked for")
    text = case.run()
    heading = f"as of {utc_text(case.last)}, when the last reading in the store became known"
    check(text.startswith(heading), f"says so: {text[:200]}")
    check_equal(sum(line.startswith("2026-") for line in text.splitlines()), len(whole), "a line for each")
    # Readings of which no receipt is told are known from the end of their half hour.
    store = context.fresh("store")
    rows = [[case.meters[0]["mpan"], "AI", utc_text(end), "0.1", "A", "", "1"] for end in periods_of(LAST)[:5]]
    context.program.replay(case.estate, write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows), store)
    found = json.loads(context.program.run("deadline", "--store", store, "--json", "--run", "II"))
    check_equal((found["as_of"], found["received"]), (rows[-1][2], 5), "the end of the last half hour")


def wrong_usage(context):
    case = Case(context, 4)
    nothing = context.fresh("nothing")
    bad = context.fresh("bad").with_suffix(".toml")
    bad.write_text("gate_time = 'soon'\n")
    for more, word in ((["--run", "R9"], "R9"), (["--as-of", "soon"], "--as-of"), (["--from", "March"], "--from"),
                       (["--by", "town"], "--by"), (["--target", "101"], "--target"), (["--settings", nothing], "--settings"),
                       (["--settings", bad], "gate_time"), (["--holidays", nothing], "--holidays"),
                       (["--from", "2000-01-01"], "ten years")):
        done = context.program.try_run("deadline", "--store", case.store, *more)
        check(done.status == 2 and word.encode() in done.err and not done.out, f"{more}: {done.describe()}")
    done = context.program.try_run("deadline", "--store", nothing)
    check(done.status == 2 and not done.out, f"no store: {done.describe()}")


if __name__ == "__main__":
    main(__doc__, [every_run_of_every_date, by_group, without_a_now, wrong_usage])
