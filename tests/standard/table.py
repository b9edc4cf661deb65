#!/usr/bin/env python3
"""The table of README.md from the reports of suite.py: cases passed by suite and road; --errors: greatest errors by operator.

    table.py [--errors] OBJECT.json CPP.json
"""

import argparse
import json
import pathlib


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="greatest errors by operator instead")
    parser.add_argument("reports", nargs="+")
    options = parser.parse_args()
    reports = [json.loads(pathlib.Path(name).read_text()) for name in options.reports]
    roads = [report["road"] for report in reports]
    if options.errors:
        print("| operator | " + " | ".join(f"{road}: ULP | relative" for road in roads) + " |")
        print("|---|" + "---|---|" * len(roads))
        for name in sorted({name for report in reports for name in report["errors"]}):
            row = []
            for report in reports:
                error = report["errors"].get(name)
                row += [f"{error['ulp']:.3g}", f"{error['relative']:.2g}"] if error else ["", ""]
            print(f"| {name} | " + " | ".join(row) + " |")
        return
    print("| suite | cases | " + " | ".join({"object": "machine code", "cpp": "C++"}[road] for road in roads) + " |")
    print("|---|---|" + "---|" * len(roads))
    for suite, (_, total) in reports[0]["suites"].items():
        print(f"| {suite} | {total} | " + " | ".join(str(report["suites"][suite][0]) for report in reports) + " |")


if __name__ == "__main__":
    main()
