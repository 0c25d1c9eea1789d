"""What `pretick bench` writes, and what the peers write beside it."""

import csv
import subprocess
from pathlib import Path

import numpy as np

HEADER = ["scorer", "epsilon", "seed", "fold", "metric", "value"]


def run(command, scenario, data, out, args):
    """Runs `pretick bench` into the folder `out`."""
    words = [*command, "bench", scenario, "--data", data, "--scorers", args.scorers]
    words += ["--epsilon", ",".join(f"{e:g}" for e in args.epsilon), "--delta", f"{args.delta:g}"]
    words += ["--seeds", str(args.seeds), "--out", str(out), "--threads", "1", "--no-plots"]
    words += [word for assignment in args.set for word in ("--set", assignment)] + args.pretick_args
    if args.train:
        words += ["--train", str(args.train)]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise SystemExit(f"pretick bench ended with code {done.returncode}: {' '.join(words)}")


def read(path):
    """{(scorer, ε or None, seed, fold): {metric: value}} of a bench.csv."""
    fits = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            epsilon = float(row["epsilon"]) if row["epsilon"] else None
            key = (row["scorer"], epsilon, int(row["seed"]), int(row["fold"]))
            fits.setdefault(key, {})[row["metric"]] = float(row["value"] or "nan")
    return fits


def write(path, fits):
    """The same, to a file."""
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(HEADER)
        for (scorer, epsilon, seed, fold), values in fits.items():
            told = "" if epsilon is None else f"{epsilon:g}"
            out.writerows([scorer, told, seed, fold, metric, repr(float(v))] for metric, v in values.items())


def read_splits(path, persons):
    """{(seed, fold): (rows trained on, rows tested)}; rows count from 0 in the data file."""
    with open(path, newline="") as file:
        lines = list(csv.reader(file))
    head, body = lines[0], lines[1:]
    rows = np.array([int(line[0]) for line in body])
    if len(rows) and rows.max() >= persons:
        raise SystemExit(f"{path}: row {rows.max()}, but the data have {persons} rows: another file?")
    splits = {}
    for k, name in enumerate(head[2:], start=2):
        seed, _, fold = name.partition(".")
        part = np.array([line[k] for line in body])
        splits[int(seed), int(fold)] = (rows[part == "train"], rows[part == "test"])
    return splits


def own_splits(outcome, seeds, train):
    """Stratified 80/20 splits for peers without pretick; `train` cuts the training part."""
    from sklearn.model_selection import train_test_split

    splits = {}
    everybody = np.arange(len(outcome))
    for seed in range(seeds):
        some, test = train_test_split(everybody, test_size=0.2, stratify=outcome, random_state=seed)
        if train and train < len(some):
            some, _ = train_test_split(some, train_size=train, stratify=outcome[some], random_state=seed)
        splits[seed, 0] = (np.sort(some), np.sort(test))
    return splits


def merged(before, after):
    """Two runs of pretick as one: CPU times averaged; everything else must be the same."""
    for key, values in after.items():
        first = before.get(key, {})
        if values.get("auc") != first.get("auc"):
            raise SystemExit(f"two runs of pretick differ in AUC at {key}: {first.get('auc')} and {values.get('auc')}")
        for metric in ("fit_seconds", "fit_cpu_seconds"):
            if metric in values and metric in first:
                first[metric] = (first[metric] + values[metric]) / 2
    return before


def locate(given):
    """The command that starts pretick: a path, or cargo in this repository."""
    if given:
        return [given]
    manifest = Path(__file__).resolve().parents[2] / "Cargo.toml"
    return ["cargo", "run", "--quiet", "--release", "--manifest-path", str(manifest), "--"]
