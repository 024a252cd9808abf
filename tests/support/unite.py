#!/usr/bin/env python3
"""Writes a source that holds some files of tests, so that their headers are compiled once: unite.py OUT FILE...

What the files include comes first; each file follows in a namespace of its own, so that helpers of equal names stay
apart. Included again in there, a header has nothing more to say. A test within namespace gridtwin is within the part's,
which knows the names of the real one."""

import re
import sys

out, files = sys.argv[1], sys.argv[2:]
headers, bodies = [], []
for place, file in enumerate(files):
    with open(file, encoding="utf-8") as text:
        headers += re.findall(r"^#include .*$", text.read(), re.MULTILINE)
    bodies.append(f"namespace part_{place} {{\nnamespace gridtwin {{\nusing namespace ::gridtwin;\n"
                  f"namespace testing {{\nusing namespace ::gridtwin::testing;\n}}\n}}\n#include \"{file}\"\n}}\n")
with open(out, "w", encoding="utf-8") as united:
    united.write("\n".join(dict.fromkeys(headers)) + "\n\nnamespace gridtwin::testing {}\n\n" + "".join(bodies))
