"""The checks of cohorts a second time: `export cohort-checks` from an estate's files and the readings that stand, in exact
fractions. Slow and plain; it shares no code with the program."""

import collections
import fractions
import hashlib
import statistics

from harness import utc_text

PERIOD_S, DAY = 1800, 48
HEADER = ("transformer_id,feeder_id,mpan,check,first_period_end,last_period_end,half_hours,cohort,statistic,threshold,cohort_size,"
          "meters,revision,readings,detail")


def log_of(wh):
    """log2(wh + 1) in units of 2^-16, from a mantissa of 31 bits behind the point that is cut, not rounded."""
    number = wh + 1
    whole = number.bit_length() - 1
    mantissa = (number << 31) >> whole
    bits = 0
    for _ in range(16):
        mantissa = mantissa * mantissa >> 31
        carry = mantissa >> 32
        mantissa >>= carry
        bits = bits * 2 + carry
    return whole << 16 | bits


def median(values):
    return statistics.median(map(fractions.Fraction, values))


def milli(number):
    return round(fractions.Fraction(number) * 1000)  # half to even


def milli_text(number):
    return f"{'-' if number < 0 else ''}{abs(number) // 1000}.{abs(number) % 1000:03}"


def half_text(number):
    return str(int(number)) if number.denominator == 1 else f"{int(number)}.5"


class Limits:
    def __init__(self, **given):
        self.z, self.scale, self.floor, self.stuck, self.zero, self.drop, self.drop_meters, self.smallest, self.budget = (
            fractions.Fraction(7, 2), "log", 5, 6, 8, 10, 3, 10, 5)
        for name, value in given.items():
            assert hasattr(self, name)
            setattr(self, name, value)


class Spread:
    """A cohort in one half hour."""

    def __init__(self, values, limits):
        self.scaled = log_of if limits.scale == "log" else int
        self.median_wh = median(values)
        self.size = len(values)
        self.middle = median(map(self.scaled, values))
        base = int(self.median_wh)
        floor = max(self.scaled(base + limits.floor) - self.scaled(base), 1)
        self.deviation = max(median(abs(self.scaled(value) - self.middle) for value in values), floor)

    def z(self, wh):
        return fractions.Fraction(6745, 10000) * (self.scaled(wh) - self.middle) / self.deviation


class Finding:
    def __init__(self, check, mpan, cohort, run, statistic, threshold, size, meters=1, detail="", half_hours=None):
        self.check, self.mpan, self.cohort, (self.first, self.last) = check, mpan, cohort, run
        self.statistic, self.threshold, self.size, self.meters, self.detail = statistic, threshold, size, meters, detail
        self.half_hours = half_hours or (self.last - self.first) // PERIOD_S + 1

    def key(self):
        return self.mpan, self.check, self.first, self.last, self.cohort

    def rank(self):
        """Those of a cohort first, then the largest against its threshold."""
        return bool(self.mpan), -fractions.Fraction(abs(self.statistic), self.threshold), self.key()


def runs(ends, joins=lambda a, b: True):
    """Neighbouring ends as [first, last], where `joins` holds them together."""
    out = []
    for end in ends:
        if out and out[-1][1] == end - PERIOD_S and joins(out[-1][1], end):
            out[-1][1] = end
        else:
            out.append([end, end])
    return out


def merge(found, per_cent, limits, size):
    """Findings of one check and cohort: many meters at one time are one."""
    out, found = [], list(found)
    while found:
        count = collections.Counter(end for f in found for end in range(f.first, f.last + 1, PERIOD_S))
        most = max(count.values())
        at = min(end for end in count if count[end] == most)
        if most < limits.drop_meters or most * 100 <= per_cent * size:
            break
        together = [f for f in found if f.first <= at <= f.last]
        found = [f for f in found if f not in together]
        worst = min(together, key=Finding.rank)
        out.append(Finding(worst.check, "", worst.cohort, (min(f.first for f in together), max(f.last for f in together)),
                           milli(fractions.Fraction(len(together) * 100, size)), per_cent * 1000, size, len(together),
                           f"worst={worst.mpan} statistic={milli_text(worst.statistic)} {worst.detail}"))
    return out + found


class Member:
    def __init__(self, mpan, rows):
        self.mpan, self.rows = mpan, rows  # of one feeder, in order of time

    def take(self, day, readings):
        """What is known of it on a day that begins at this instant, and on the day before."""
        self.ends = [day + PERIOD_S * n for n in range(1, DAY + 1)]
        window = [day - 86_400 + PERIOD_S * n for n in range(1, 2 * DAY + 1)]
        self.expected = {end for end in self.ends if any(row.holds(end) for row in self.rows)}
        mine = {end: readings[self.mpan, end] for end in window
                if (self.mpan, end) in readings and any(row.holds(end) for row in self.rows)}
        self.wh = {end: versions[max(versions)] for end, versions in mine.items() if versions[max(versions)] is not None}
        self.version = {end: max(mine[end]) for end in self.wh}
        self.revision = sum(1 for versions in mine.values() for wh in versions.values() if wh is not None)
        of_day = [row for row in self.rows if any(row.holds(end) for end in self.ends)]
        before = [row for row in self.rows if any(row.holds(end - 86_400) for end in self.ends)]
        row = (of_day or before or self.rows[:1])[-1]
        self.cohort = f"{row.type}/{row.domestic}"
        self.exports = any("AE" in row.quantities for row in of_day)
        return bool(self.expected or self.revision)


class Cohort:
    """Those that are compared with each other on a day."""

    def __init__(self, members, ends, limits):
        self.members, self.limits, self.ends = members, limits, ends
        self.window = [end - 86_400 for end in ends] + ends
        self.size = sum(1 for m in members if any(end in m.wh for end in ends))
        self.spreads = {}
        for end in self.window:
            values = [m.wh[end] for m in members if end in m.wh]
            if values and len(values) >= limits.smallest:
                self.spreads[end] = Spread(values, limits)

    def outliers(self):
        found = []
        for m in self.members:
            z = {end: self.spreads[end].z(m.wh[end]) for end in self.ends if end in m.wh and end in self.spreads}
            for run in runs([end for end in self.ends if end in z and z[end] > self.limits.z]):
                at = max(range(run[0], run[1] + 1, PERIOD_S), key=lambda end: (milli(z[end]), -end))
                spread = self.spreads[at]
                found.append(Finding("outlier", m.mpan, m.cohort, run, milli(z[at]), milli(self.limits.z), spread.size,
                                     detail=f"at={utc_text(at)} wh={m.wh[at]} median_wh={half_text(spread.median_wh)}"))
        found = merge(found, self.limits.drop, self.limits, self.size)
        out = [f for f in found if not f.mpan]
        for mpan in {f.mpan for f in found if f.mpan}:
            mine = sorted((f for f in found if f.mpan == mpan), key=lambda f: f.first)
            worst = max(mine, key=lambda f: (f.statistic, -f.first))
            out.append(Finding("outlier", mpan, worst.cohort, (mine[0].first, mine[-1].last), worst.statistic, worst.threshold,
                               worst.size, 1, worst.detail, sum(f.half_hours for f in mine)))
        return out

    def stuck(self):
        if self.size < self.limits.smallest:
            return []
        held, read, found = {}, {}, []
        for m in self.members:
            mine = [run for run in runs([end for end in self.window if m.wh.get(end, 0) > 0], lambda a, b: m.wh[a] == m.wh[b])
                    if run[1] >= self.ends[0] and (run[1] - run[0]) // PERIOD_S + 1 >= self.limits.stuck]
            held[m.mpan] = sum(1 for end in self.ends if any(run[0] <= end <= run[1] for run in mine))
            read[m.mpan] = sum(1 for end in self.ends if end in m.wh)
            found += [(m, run) for run in mine]
        all_held, all_read = sum(held.values()), sum(read.values())
        found = [Finding("stuck", m.mpan, m.cohort, run, ((run[1] - run[0]) // PERIOD_S + 1) * 1000, self.limits.stuck * 1000,
                         self.size, detail=f"wh={m.wh[run[1]]} stuck={held[m.mpan]}/{read[m.mpan]} cohort={all_held}/{all_read}")
                 for m, run in found]
        found = merge(found, 50, self.limits, self.size)
        alone = [f for f in found if f.mpan and fractions.Fraction(held[f.mpan], read[f.mpan])
                 > 2 * fractions.Fraction(all_held, all_read)]
        return [f for f in found if not f.mpan] + merge(alone, self.limits.drop, self.limits, self.size)

    def zero_runs(self):
        found = []
        for m in self.members:
            if m.exports:
                continue
            ends = [end for end in self.window if m.wh.get(end) == 0 and end in self.spreads and self.spreads[end].median_wh > 0]
            for run in runs(ends):
                length = (run[1] - run[0]) // PERIOD_S + 1
                if run[1] >= self.ends[0] and length >= self.limits.zero:
                    least = min(self.spreads[end].median_wh for end in range(run[0], run[1] + 1, PERIOD_S))
                    found.append(Finding("zero-run", m.mpan, m.cohort, run, length * 1000, self.limits.zero * 1000, self.size,
                                         detail=f"least_median_wh={half_text(least)}"))
        return merge(found, self.limits.drop, self.limits, self.size)


class Reporting:
    """Expected and reported by half hour, of a feeder or of parts."""

    def __init__(self, parts=(), members=()):
        self.expected, self.reported, self.dropped = collections.Counter(), collections.Counter(), collections.Counter()
        self.revision = sum(part.revision for part in parts) + sum(m.revision for m in members)
        for m in members:
            self.expected.update(m.expected)
            self.reported.update(end for end in m.expected if end in m.wh)
        for part in parts:
            self.expected.update(part.expected)
            self.reported.update(part.reported)

    def drops(self, limits):
        return {end for end, count in self.expected.items() if count - self.reported[end] >= limits.drop_meters
                and (count - self.reported[end]) * 100 > limits.drop * count}

    def findings(self, ends, limits, more=lambda run: ""):
        out = []
        for run in runs(sorted(ends)):
            def missing(end):
                return self.expected[end] - self.reported[end]
            at = max(range(run[0], run[1] + 1, PERIOD_S), key=lambda end: (fractions.Fraction(missing(end), self.expected[end]), -end))
            out.append(Finding("fleet-drop", "", "all", run, milli(fractions.Fraction(missing(at) * 100, self.expected[at])),
                               limits.drop * 1000, self.expected[at], missing(at),
                               f"expected={self.expected[at]} reported={self.reported[at]}{more(run)}"))
        return out


def joint(parts, judged, limits, name):
    """(findings, half hours that they tell of) of what several parts miss at once."""
    whole = Reporting(parts)
    count = collections.Counter(end for part in parts for end in part.drops(limits))
    ends = {end for end in whole.drops(limits) & judged if count[end] >= 2}
    return whole.findings(ends, limits, lambda run: f" {name}={max(count[e] for e in range(run[0], run[1] + 1, PERIOD_S))}"), ends, whole


def digest(members):
    text = ""
    for m in sorted(members, key=lambda m: m.mpan):
        text += m.mpan + "\n" + "".join(f"{end // PERIOD_S},{m.wh[end]},{m.version[end]}\n" for end in sorted(m.wh))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Checks:
    """Every row of an estate with these readings: (MPAN, end of a half hour) -> {version: Wh, or None where it is contradicted}
    of active import. `days`: no others, each by the instant at which it begins."""

    def __init__(self, estate, readings, limits=Limits(), transformer=None, feeder=None, days=None):
        self.limits, self.readings, self.rows = limits, readings, []
        self.whole, self.above_feeders = transformer is None, feeder is None
        self.places = {}
        for row in sorted(estate.connections, key=lambda row: (row.mpan, row.first or -1)):
            if row.energised and "AI" in row.quantities:
                self.places.setdefault((row.transformer, row.feeder), {}).setdefault(row.mpan, Member(row.mpan, [])).rows.append(row)
        self.feeders = collections.defaultdict(list)
        for line in sorted(estate.feeders, key=lambda line: (line["transformer_id"], line["feeder_id"])):
            self.feeders[line["transformer_id"]].append(line["feeder_id"])
        counts = [end for (_, end), versions in readings.items() if versions[max(versions)] is not None]
        if counts:
            first, last = min(counts), max(counts)
            for day in range((first - 1) // 86_400 * 86_400, last, 86_400):
                if days is not None and day not in days:
                    continue
                self.add_day(day, {day + PERIOD_S * n for n in range(1, DAY + 1)} & set(range(first, last + 1, PERIOD_S)))
        self.rows = [row for row in self.rows if transformer in (None, row[0]) and feeder in (None, row[1])]
        self.rows.sort(key=lambda row: tuple(row[:6]) + (row[7],))

    def add(self, transformer, feeder, found, revision, readings):
        for f in found:
            self.rows.append([transformer, feeder, f.mpan, f.check, utc_text(f.first), utc_text(f.last), str(f.half_hours), f.cohort,
                              milli_text(f.statistic), milli_text(f.threshold), str(f.size), str(f.meters), str(revision(f)),
                              readings(f), f.detail])

    def add_day(self, day, judged):
        there = {place: [m for m in members.values() if m.take(day, self.readings)] for place, members in self.places.items()}
        of_feeder = {(t, f): Reporting(members=there.get((t, f), [])) for t, lines in self.feeders.items() for f in lines}
        if self.whole:
            found, ends, whole = joint([Reporting([of_feeder[t, f] for f in lines]) for t, lines in self.feeders.items()], judged,
                                       self.limits, "transformers")
            self.add("", "", found, lambda _: whole.revision, lambda _: "")
            judged = judged - ends
        for t, lines in self.feeders.items():
            left = judged
            if self.above_feeders:
                found, ends, whole = joint([of_feeder[t, f] for f in lines], judged, self.limits, "feeders")
                self.add(t, "", found, lambda _, whole=whole: whole.revision, lambda _: "")
                left = judged - ends
            for f in lines:
                self.add_feeder(day, (t, f), there.get((t, f), []), of_feeder[t, f], left)

    def add_feeder(self, day, place, members, reporting, judged):
        ends = [day + PERIOD_S * n for n in range(1, DAY + 1)]
        found = reporting.findings(reporting.drops(self.limits) & judged, self.limits)
        of = collections.defaultdict(list)
        for m in members:
            of[m.cohort].append(m)
        for mine in list(of.values()):
            if len(mine) >= self.limits.smallest:
                cohort = Cohort(mine, ends, self.limits)
                found += cohort.outliers() + cohort.stuck() + cohort.zero_runs()
        of["all"] = members
        found.sort(key=Finding.rank)
        if len(found) > self.limits.budget:
            found[self.limits.budget:] = [Finding("left-out", "", "all", (ends[0], ends[-1]),
                                                  (len(found) - self.limits.budget) * 1000, self.limits.budget * 1000, 0, 0)]
        self.add(*place, found, lambda f: sum(m.revision for m in of[f.cohort]), lambda f: digest(of[f.cohort]))

    def text(self):
        return "".join(",".join(row) + "\n" for row in [HEADER.split(",")] + self.rows)
