"""The contract a second time, in Python: what a set of readings comes to, and the loads and gaps that follow. Slow and plain,
with exact fractions; it shares no code with the program."""

import collections
import csv
import decimal
import fractions
import io

from harness import utc, utc_text

PERIOD_S = 1800
ESTIMATION_AMENDED = "9"
MOST_WH = {"W": 60_000, "L": 1_000_000, "H": 20_000_000, "E": 500_000_000, "U": 10_000_000}
QUARANTINED = {"unknown-meter", "not-appointed", "future"}
QUANTITIES = ("AI", "AE", "RI", "RE")


def half_even(number, decimals):
    """A fraction as a decimal text."""
    scaled = round(number * 10**decimals)  # round() of a Fraction is half to even
    return f"{scaled // 10**decimals}.{scaled % 10**decimals:0{decimals}d}" if decimals else str(scaled)


def wh_of(kwh):
    """(Wh, whether it was rounded) of a text in kWh; raises decimal.InvalidOperation where it is none."""
    exact = decimal.Decimal(kwh) * 1000
    whole = exact.to_integral_value(decimal.ROUND_HALF_EVEN)
    return int(whole), whole != exact


class Connection:
    def __init__(self, row):
        self.mpan, self.transformer, self.feeder = row["mpan"], row["transformer_id"], row["feeder_id"]
        self.type, self.energised = row["connection_type"], row["energisation"] == "E"
        self.segment, self.domestic = row["market_segment"], row["domestic"]
        self.quantities = (row.get("quantities") or "AI").split("|")
        self.first = utc(row["effective_from"]) if row.get("effective_from") else None
        self.end = utc(row["effective_to"]) if row.get("effective_to") else None

    def holds(self, end_s):
        start = end_s - PERIOD_S
        return (self.first is None or start >= self.first) and (self.end is None or start < self.end)


class Estate:
    def __init__(self, folder):
        def rows(name):
            return list(csv.DictReader(io.StringIO((folder / name).read_text(encoding="utf-8"))))

        self.transformers = {row["transformer_id"]: row for row in rows("transformers.csv")}
        self.feeders = rows("feeders.csv")
        self.connections = [Connection(row) for row in rows("meters.csv")]
        self.of_meter = collections.defaultdict(list)
        for connection in self.connections:
            self.of_meter[connection.mpan].append(connection)

    def place(self, mpan, end_s):
        for connection in self.of_meter.get(mpan, ()):
            if connection.holds(end_s):
                return connection
        return None


# -- from the exported readings to everything else -------------------------------------------------------------------------

def split_readings(data):
    """Rows of the export as tuples: (mpan, quantity, period_end, wh, quality, reason, version)."""
    lines = data.decode().split("\n")
    assert lines[0] == "mpan,quantity,period_end,wh,quality,reason,version", lines[0]
    assert lines[-1] == "", "the last line ends"
    return [tuple(line.split(",")) for line in lines[1:-1]]


def loads(estate, readings):
    """({(transformer, feeder, period): row without revision}, {(transformer, period): row without revision}) of readings."""
    places = {}   # (mpan, period) -> (transformer, feeder)
    sums = collections.defaultdict(lambda: [0, 0])
    estimated = {}  # (transformer, feeder, period) -> {mpan: whether one of its values is an estimate}
    single = {mpan: (some[0].transformer, some[0].feeder) for mpan, some in estate.of_meter.items()
              if len(some) == 1 and some[0].first is None and some[0].end is None}
    for mpan, quantity, end, wh, quality, _, _ in readings:
        place = single.get(mpan) or places.get((mpan, end))
        if place is None:
            connection = estate.place(mpan, utc(end))
            place = places[(mpan, end)] = (connection.transformer, connection.feeder)
        key = (*place, end)
        if quantity in ("AI", "AE"):
            sums[key][quantity == "AE"] += int(wh)
        meters = estimated.get(key)
        if meters is None:
            meters = estimated[key] = {}
        meters[mpan] = meters.get(mpan, False) or quality[0] != "A"

    permanent, ranged = collections.Counter(), collections.defaultdict(list)
    for connection in estate.connections:
        place = (connection.transformer, connection.feeder)
        if connection.first is None and connection.end is None:
            permanent[place] += 1
        else:
            ranged[place].append(connection)
    feeders, transformers = {}, {}
    for key, meters in estimated.items():
        transformer, feeder, end = key
        guesses = sum(meters.values())
        feeders[key] = (sums[key][0], sums[key][1], len(meters), len(meters) - guesses, guesses)
        above = transformers.setdefault((transformer, end), [0, 0, 0])
        for place, value in enumerate((sums[key][0], sums[key][1], len(meters))):
            above[place] += value

    def expected(place, end):
        return permanent[place] + sum(connection.holds(utc(end)) for connection in ranged.get(place, ()))

    feeder_places = collections.defaultdict(list)
    for feeder in estate.feeders:
        feeder_places[feeder["transformer_id"]].append((feeder["transformer_id"], feeder["feeder_id"]))
    feeder_rows = {}
    for (transformer, feeder, end), (imported, exported, reported, actual, guesses) in feeders.items():
        feeder_rows[transformer, feeder, end] = (imported, exported, expected((transformer, feeder), end), reported, actual, guesses)
    transformer_rows = {}
    for (transformer, end), (imported, exported, reported) in transformers.items():
        row = estate.transformers[transformer]
        power_factor = fractions.Fraction(row.get("power_factor") or "0.95")
        kva = fractions.Fraction(abs(imported - exported), 500) / power_factor
        transformer_rows[transformer, end] = (
            imported, exported, half_even(kva, 3), half_even(kva * 100 / fractions.Fraction(row["rating_kva"]), 2),
            sum(expected(place, end) for place in feeder_places[transformer]), reported)
    return feeder_rows, transformer_rows


def load_shapes(estate, readings):
    """Rows of the load-shapes export: means of what is actual, by category and half hour."""
    def category(connection, quantity):
        group = estate.transformers[connection.transformer]["gsp_group"]
        return group, connection.type, connection.segment, connection.domestic, quantity

    categories = {category(one, quantity) for one in estate.connections for quantity in one.quantities}
    actuals = collections.defaultdict(list)
    for mpan, quantity, end, wh, quality, _, _ in readings:
        if quality.startswith("A"):
            actuals[(*category(estate.place(mpan, utc(end)), quantity), end)].append(int(wh))
    categories |= {key[:-1] for key in actuals}
    days = sorted({(utc(key[-1]) - 1) // 86400 for key in actuals})
    rows = []
    for key in sorted(categories):
        for end in (utc_text(day * 86400 + number * PERIOD_S) for day in days for number in range(1, 49)):
            values = actuals.get((*key, end))
            mean = round(fractions.Fraction(sum(values), len(values))) if values else 0  # half to even
            rows.append((*key, end, half_even(fractions.Fraction(mean, 1000), 3), "A" if values else "B"))
    return rows


def gaps(readings):
    """Rows of the gaps export."""
    found, last = [], {}
    for mpan, quantity, end, *_ in sorted(readings):
        now = utc(end)
        before = last.get((mpan, quantity))
        if before is not None and now - before > PERIOD_S:
            found.append((mpan, quantity, utc_text(before + PERIOD_S), utc_text(now - PERIOD_S), (now - before) // PERIOD_S - 1))
        last[mpan, quantity] = now
    return sorted(found)


# -- from rows of input to verdicts ----------------------------------------------------------------------------------------

class Judged:
    """What a set of rows comes to, by the contract."""

    def __init__(self):
        self.accepted = self.duplicates = self.conflicts = self.rounded = 0
        self.refused = collections.Counter()  # code -> rows
        self.energy_wh = collections.Counter()
        self.readings = []   # as the export has them, sorted
        self.versions = collections.Counter()  # (transformer, feeder, period) -> accepted versions
        self.lines = collections.Counter()  # (line, code) of what was refused
        self.contradicted = {}  # (mpan, quantity, period) -> list of sets of lines, one for each content
        self.days = set()


def refusal(estate, row, null, as_of):
    """The code of what refuses a row (mpan, quantity, period_end, kwh, quality, reason, version), or nothing."""
    mpan, quantity, end, kwh, quality, reason, _ = row
    try:
        wh = None if kwh in null else wh_of(kwh)[0]
        end_s = utc(end)
    except (ValueError, decimal.InvalidOperation):
        return "unparseable"
    if mpan not in estate.of_meter:
        return "unknown-meter"
    if quantity not in QUANTITIES:
        return "unknown-quantity"
    if wh is None:
        return "null-value"
    if end_s % PERIOD_S:
        return "off-grid"
    place = estate.place(mpan, end_s)
    nearest = place or estate.of_meter[mpan][0]
    if wh < 0:
        return "negative"
    if wh > MOST_WH[nearest.type]:
        return "over-maximum"
    estimate = not quality.startswith("A")
    if quality.startswith("Z") and wh != 0:
        return "zero-estimate-not-zero"
    if estimate and not reason:  # the file has a column for it
        return "reason-missing"
    if estimate and reason == ESTIMATION_AMENDED:
        return "amendment-reason-missing"
    if place is None:
        return "not-appointed"
    if estimate and not place.energised:
        return "deenergised-estimate"
    if as_of is not None and end_s > as_of:
        return "future"
    return None


def judge(estate, rows, null=("", "Null"), as_of=None, first_line=2):
    """Judges rows that arrive in one run into an empty store."""
    judged = Judged()
    contents = collections.defaultdict(dict)  # key -> content -> lines
    for line, row in enumerate(rows, first_line):
        mpan, quantity, end, kwh, quality, reason, version = row
        code = refusal(estate, row, null, as_of)
        try:
            judged.rounded += kwh not in null and wh_of(kwh)[1]
        except decimal.InvalidOperation:
            pass
        if code is not None:
            judged.refused[code] += 1
            judged.lines[line, code] += 1
            continue
        same = contents[mpan, quantity, end, int(version)].setdefault((wh_of(kwh)[0], quality, reason), [])
        judged.duplicates += bool(same)
        same.append(line)

    highest = {}
    for key, values in contents.items():
        mpan, quantity, end, version = key
        judged.days.add((utc(end) - 1) // 86400)
        if len(values) > 1:
            judged.conflicts += len(values)
            judged.contradicted[key] = [set(lines) for lines in values.values()]
        else:
            judged.accepted += 1
            judged.energy_wh[quantity] += next(iter(values))[0]
            place = estate.place(mpan, utc(end))
            judged.versions[place.transformer, place.feeder, end] += 1
        if version > highest.get((mpan, quantity, end), 0):
            highest[mpan, quantity, end] = version
    for (mpan, quantity, end), version in highest.items():
        values = contents[mpan, quantity, end, version]
        if len(values) == 1:
            wh, quality, reason = next(iter(values))
            judged.readings.append((mpan, quantity, end, str(wh), quality, reason, str(version)))
    judged.readings.sort()
    return judged
