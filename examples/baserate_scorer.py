#!/usr/bin/env python3
"""The smallest scorer of one's own: default rates in five bins of the first column. Needs Python alone.

Protocol 1 (docs/bring-your-own.md): `fit FOLDER` reads training rows with a last column `label` on standard input and leaves
its model in FOLDER; `score FOLDER` reads rows and prints a header `pd` and one PD a row, in the order of the rows.
"""

import csv
import json
import pathlib
import sys

BINS = 5


def edges_of(values):
    ordered = sorted(values)
    return [ordered[k * len(ordered) // BINS] for k in range(1, BINS)]


def bin_of(value, edges):
    return sum(value >= edge for edge in edges)


def first_column(rows):
    """A missing value is an empty field; it counts as 0 here."""
    return [float(row[0] or 0) for row in rows]


def fit(rows, model):
    labels = [int(row[-1]) for row in rows]
    values = first_column(rows)
    edges = edges_of(values)
    rate = sum(labels) / len(labels)
    # Two imagined persons with the average default rate keep a small bin from saying 0 or 1.
    persons, bad = [2.0] * BINS, [2.0 * rate] * BINS
    for value, label in zip(values, labels):
        k = bin_of(value, edges)
        persons[k] += 1
        bad[k] += label
    model.write_text(json.dumps({"edges": edges, "pd": [b / n for b, n in zip(bad, persons)]}))


def score(rows, model):
    learnt = json.loads(model.read_text())
    print("pd")
    for value in first_column(rows):
        # Python prints the shortest decimal that reads back to the same bits.
        print(learnt["pd"][bin_of(value, learnt["edges"])])


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("fit", "score"):
        sys.exit("usage: baserate_scorer.py fit|score FOLDER < rows.csv")
    model = pathlib.Path(sys.argv[2]) / "model.json"
    table = csv.reader(sys.stdin)
    next(table)
    {"fit": fit, "score": score}[sys.argv[1]](list(table), model)


if __name__ == "__main__":
    main()
