#!/usr/bin/env python3
"""Each row of the requirement tables (tests/requirements.txt) is named by a test, and no test names a row that is none.

    check_requirements.py [ROOT]   exit 1 and what is missing; compares the list with the domain notes where they are at hand
    check_requirements.py --self-test

A row is named in a doctest case (`TEST_CASE("period: TM-03 ...")`) or in a system test that runs
(`def tm_10_gaps_after_a_kill(context)`, in the list of its file's `harness.main`).
"""

import ast
import pathlib
import re
import sys
import tempfile

LIST = "tests/requirements.txt"
NOTES = "../shared/domain/mhhs.md"
MARKS = ("open", "not here", "pending")
ROW = r"[A-Z]{2,3}-\d\d|T\d{1,2}"
THREAT = re.compile(r"(?<![A-Za-z0-9])T(\d{1,2})(?=[,_: )]|$)", re.I)
TABLE_ROW = re.compile(r"^\| ([A-Z]{2,3}-\d\d) \|", re.M)
CASE = re.compile(r'TEST_CASE(?:_FIXTURE|_TEMPLATE)?\(((?:[^"()]*,)?\s*(?:"(?:[^"\\]|\\.)*"\s*)+)')
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Rows:
    """The committed list: id -> (mark or nothing, why, what must be seen)."""

    def __init__(self, text):
        self.rows, self.faults = {}, []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            row = re.fullmatch(rf"({ROW})  (?:(\w[\w ]*): ([^|]+?)  \|  )?(\S.*)", line)
            if row is None or (row[2] and row[2] not in MARKS):
                self.faults.append(f"{LIST}:{number}: not `ID  what must be seen` or `ID  mark: why  |  what must be seen`")
            elif row[1] in self.rows:
                self.faults.append(f"{LIST}:{number}: {row[1]} is there twice")
            else:
                self.rows[row[1]] = row[2]
        families = "|".join(sorted({name.split("-")[0] for name in self.rows if "-" in name})) or "(?!)"
        self.named = re.compile(rf"(?<![A-Za-z0-9])({families})[-_](\d\d)(?!\d)", re.I)

    def ids_in(self, name):
        threats = [f"T{number}" for number in THREAT.findall(name)]  # or a transformer of that name
        return [f"{family.upper()}-{number}" for family, number in self.named.findall(name)] + [one for one in threats if one in self.rows]


def cases_of(text):
    """Names of the doctest cases of a source."""
    return ["".join(STRING.findall(case)) for case in CASE.findall(text)]


def system_tests_of(text):
    """Names of the functions that a system test's file runs."""
    return [one.id for call in ast.walk(ast.parse(text)) if isinstance(call, ast.Call) and len(call.args) > 1
            and isinstance(call.func, ast.Attribute) and call.func.attr == "main" and isinstance(call.args[1], ast.List)
            for one in call.args[1].elts if isinstance(one, ast.Name)]


def names_of(root):
    """(file, name) of each test."""
    for pattern, find in (("unit/**/*.cpp", cases_of), ("actor/**/*.cpp", cases_of), ("system/*.py", system_tests_of)):
        for file in sorted((root / "tests").glob(pattern)):
            for name in find(file.read_text(encoding="utf-8")):
                yield file.relative_to(root).as_posix(), name


def check(root):
    """(faults, number of rows, rows without a test by mark)"""
    rows = Rows((root / LIST).read_text(encoding="utf-8"))
    faults, shown = list(rows.faults), set()
    for file, name in names_of(root):
        for one in rows.ids_in(name):
            shown.add(one)
            if one not in rows.rows:
                faults.append(f"{file}: '{name}' names {one}, which {LIST} does not have")
    marked = {}
    for one, mark in rows.rows.items():
        if mark is None and one not in shown:
            faults.append(f"{one} has no test, and {LIST} does not say why")
        elif mark in ("open", "not here") and one in shown:
            faults.append(f"{one} has a test, but {LIST} says `{mark}`")
        elif mark is not None:
            marked.setdefault(mark, []).append(f"{one} (has a test)" if one in shown else one)
    notes = root / NOTES
    if notes.exists():
        families = {one.split("-")[0] for one in rows.rows}
        wanted = {one for one in TABLE_ROW.findall(notes.read_text(encoding="utf-8")) if one.split("-")[0] in families}
        faults += [f"{one} is a row of the domain notes, but not of {LIST}" for one in sorted(wanted - set(rows.rows))]
        faults += [f"{one} of {LIST} is no row of the domain notes" for one in sorted(set(rows.rows) - wanted) if "-" in one]
    return faults, len(rows.rows), marked


def self_test():
    whole = {
        LIST: "# rows\nTM-01  seen\n\nTM-02  seen\nAG-01  open: later  |  seen\nSR-01  pending: settle  |  seen\nT7  refused\n",
        "tests/unit/twins/a_test.cpp": 'TEST_CASE("a: TM-01 it is seen, " "whatever SHA-256 and IMAGES-01 are") {}\n',
        "tests/system/b.py": "import harness\ndef tm_02_t7_it_is_seen(context):\n    pass\nharness.main(__doc__, [tm_02_t7_it_is_seen])\n",
    }
    case, system = "tests/unit/twins/a_test.cpp", "tests/system/b.py"
    other = {
        "in the second part of a name": (case, 'TEST_CASE("a: it is "\n          "seen (TM-01)") {}\n'),
        "in a macro": (case, 'TEST_CASE("a: TM-01 " code ", seen") {}\n'),
        "in a fixture": (case, 'TEST_CASE_FIXTURE(some_fixture, "TM-01") {}\n'),
        "pending, and there already": (case, 'TEST_CASE("TM-01 and SR-01") {}\n'),
    }
    broken = {
        "a row without a test": (case, 'TEST_CASE("a: it is seen") {}\n', "TM-01 has no test"),
        "a threat without a test": (system, whole[system].replace("_t7_", "_t70_"), "T7 has no test"),
        "a row in a comment": (case, '// TM-01\nTEST_CASE("a") {}\n', "TM-01 has no test"),
        "a row that does not exist": (case, 'TEST_CASE("a: TM-01 TM-99") {}\n', "names TM-99"),
        "a function that does not run": (system, whole[system].replace("[tm_02_t7_it_is_seen]", "[]"), "TM-02 has no test"),
        "an open row with a test": (case, 'TEST_CASE("TM-01 AG-01") {}\n', "says `open`"),
        "a row twice": (LIST, whole[LIST] + "TM-01  seen\n", "is there twice"),
        "an unknown mark": (LIST, whole[LIST].replace("open:", "maybe:"), "not `ID"),
        "no acceptance": (LIST, whole[LIST].replace("TM-02  seen", "TM-02"), "not `ID"),
        "a row that the notes have": (NOTES, "| TM-01 | a |\n| TM-02 | a |\n| TM-03 | a |\n| AG-01 |\n| SR-01 |\n| XX-01 |\n",
                                      "TM-03 is a row of the domain notes"),
        "a row that the notes lack": (NOTES, "| TM-01 |\n| AG-01 |\n| SR-01 |\n", "TM-02 of"),
    }

    def faults_of(files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = pathlib.Path(folder, "root", name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return check(pathlib.Path(folder, "root"))[0]

    problems = [f"a tree without fault has one: {fault}" for fault in faults_of(whole)]
    for name, (path, text) in other.items():
        problems += [f"{name}: {fault}" for fault in faults_of({**whole, path: text})]
    for name, (path, text, expected) in broken.items():
        faults = faults_of({**whole, path: text})
        if not any(expected in fault for fault in faults):
            problems.append(f"{name}: expected '{expected}', found {faults}")
    for problem in problems:
        print(problem)
    print(f"{len(broken)} kinds of fault tried, {len(problems)} problems")
    return 1 if problems else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    faults, count, marked = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    for fault in faults:
        print(fault)
    said = "; ".join(f"{mark}: {' '.join(ids)}" for mark, ids in sorted(marked.items()))
    print(f"{count} rows, {len(faults)} faults; {said}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
