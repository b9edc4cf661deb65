#!/usr/bin/env python3
"""Writes CaseTable.inc: how characters change their case one by one, by Python's copy of the Unicode database.

Rows of the first and the last character, every how many (1 or 2) of these, and what to add. Characters that become several stay as they are.
"""

import pathlib
import sys
import unicodedata


def rows(change):
    found = []
    for code in range(sys.maxunicode + 1):
        other = change(chr(code))
        if len(other) != 1 or ord(other) == code:
            continue
        delta = ord(other) - code
        last = found[-1] if found else None
        if last and last[3] == delta and code - last[1] in (1, 2) and last[2] in (0, code - last[1]):
            last[1:3] = [code, code - last[1]]
        else:
            found.append([code, code, 0, delta])
    return [[first, last, every or 1, delta] for first, last, every, delta in found]


def main():
    lines = [f"// Written by case_table.py from Unicode {unicodedata.unidata_version}."]
    for name, change in (("kLower", str.lower), ("kUpper", str.upper)):
        lines.append(f"static constexpr int32_t {name}[] = {{")
        texts = [", ".join(map(str, row)) + "," for row in rows(change)]
        lines += ["    " + " ".join(texts[i : i + 5]) for i in range(0, len(texts), 5)]
        lines.append("};")
    pathlib.Path(__file__).with_name("CaseTable.inc").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
