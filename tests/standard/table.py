#!/usr/bin/env python3
"""The table of README.md from the reports of suite.py: cases passed by suite and road; --errors: greatest errors by operator, of those above a number of ULP.

    table.py [--errors [--above ULP]] OBJECT.json [CPP.json]
"""

import argparse
import json
import pathlib


NAMES = {"object": "machine code", "cpp": "C++"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="greatest errors by operator instead")
    parser.add_argument("--above", type=float, default=-1.0, metavar="ULP", help="only operators with greater errors by some road")
    parser.add_argument("reports", nargs="+")
    options = parser.parse_args()
    reports = [json.loads(pathlib.Path(name).read_text()) for name in options.reports]
    roads = [report["road"] for report in reports]
    if options.errors:
        print("| operator | " + " | ".join(f"{NAMES[road]}: ULP | relative" for road in roads) + " |")
        print("|---|" + "---|---|" * len(roads))
        for name in sorted({name for report in reports for name in report["errors"]}):
            row = []
            if all(report["errors"].get(name, {"ulp": -1})["ulp"] <= options.above for report in reports):
                continue
            for report in reports:
                error = report["errors"].get(name)
                row += [f"{error['ulp']:.3g}", f"{error['relative']:.2g}"] if error else ["", ""]
            print(f"| {name} | " + " | ".join(row) + " |")
        return
    print("| suite | cases | " + " | ".join(NAMES[road] for road in roads) + " |")
    print("|---|---|" + "---|" * len(roads))
    for suite, (_, total) in reports[0]["suites"].items():
        print(f"| {suite} | {total} | " + " | ".join(str(report["suites"][suite][0]) for report in reports) + " |")


if __name__ == "__main__":
    main()
