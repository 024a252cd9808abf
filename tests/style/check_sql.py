#!/usr/bin/env python3
"""T23: no SQL is built from what comes from outside. What a database is given is a `sql_text`, which only a constant of the program
makes; this looks after the two ways around it: that of tests, and SQLite itself.

    check_sql.py [ROOT]        exit 1 and a line for each fault
    check_sql.py --self-test   proves on small texts that each can be found
"""

import pathlib
import re
import sys

FOLDERS = ["twins", "config", "src", "supervision", "actors", "cluster", "sim"]
WRAPPER = "src/store/sqlite.cpp"  # hands on what it is given
MAKER = "src/store/sql_text.hpp"
AROUND = {"is for tests alone": re.compile(r"\bof_a_test\b"),
          "speaks to SQLite beside sqlite_database": re.compile(r"\bsqlite3_(?:exec|prepare\w*|get_table|v?mprintf|v?snprintf)\b")}
# The constructors that make one are evaluated by the compiler, or this proves nothing.
MAKES = re.compile(r"^\s*(?:(\w+)\s+)?(?:explicit\s+)?sql_text\(", re.MULTILINE)


def faults_of(path, text):
    out = []
    for why, pattern in AROUND.items():
        if path not in (WRAPPER, MAKER):
            out += [f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()} {why}" for match in pattern.finditer(text)]
    if path == MAKER:
        public = text[text.index("public:"):text.index("private:")]
        makers = MAKES.findall(public)
        if not makers or any(word != "consteval" for word in makers):
            out.append(f"{path}:1: what makes a sql_text must be consteval: {makers}")
    return out


def run(root):
    out = []
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".cpp", ".hpp"):
                out += faults_of(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))
    return out


def self_test(root):
    maker = (root / MAKER).read_text(encoding="utf-8")
    bad = [("src/api/x.cpp", "database.prepare(sql_text::of_a_test(text));"), ("src/x.hpp", "sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);"),
           ("src/store/x.cpp", "char* sql = sqlite3_mprintf(form, id);"), (MAKER, maker.replace("consteval sql_text(const char*", "constexpr sql_text(const char*")),
           (MAKER, maker.replace("consteval sql_text(std::string_view", "sql_text(std::string_view"))]
    problems = [f"not found: {path}: {text[-80:]}" for path, text in bad if len(faults_of(path, text)) != 1]
    problems += [f"told without a fault: {line}" for line in run(root)]
    for problem in problems:
        print(problem)
    print(f"{len(bad)} kinds of fault tried, {len(problems)} problems")
    return 1 if problems else 0


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    if sys.argv[1:] == ["--self-test"]:
        return self_test(root)
    faults = run(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
