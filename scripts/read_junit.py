#!/usr/bin/env python3
"""Reads the JUnit file that `ctest --output-junit` writes: says how each test went, with the output of those that failed
and the reason of those that were skipped, to standard error, and prints `PASSED FAILED SKIPPED` to standard output."""

import sys
import xml.etree.ElementTree as ElementTree

LAST_LINES = 60


def reason_of(case):
    """A skipped test says why on the last line that it prints."""
    lines = [line for line in (case.findtext("system-out") or "").splitlines() if line.strip()]
    for line in reversed(lines):
        if "skipped:" in line:
            return line.strip()
    return lines[-1].strip() if lines else "no reason given"


def main(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name, seconds = case.get("name"), float(case.get("time") or 0)
        skip = case.find("skipped")
        # A test whose program is absent is no skip, whatever ctest calls it.
        skipped_itself = skip is not None and skip.get("message", "").startswith("SKIP_")
        if case.get("status") != "run" and not skipped_itself:
            failed += 1
            print(f"  FAILED   {name} ({seconds:.1f} s)", file=sys.stderr)
            if skip is not None:
                print(f"    {skip.get('message')}", file=sys.stderr)
            for line in (case.findtext("system-out") or "").splitlines()[-LAST_LINES:]:
                print(f"    {line}", file=sys.stderr)
        elif skipped_itself:
            skipped += 1
            print(f"  skipped  {name}: {reason_of(case)}", file=sys.stderr)
        else:
            passed += 1
            print(f"  passed   {name} ({seconds:.1f} s)", file=sys.stderr)
    print(passed, failed, skipped)


if __name__ == "__main__":
    main(sys.argv[1])
