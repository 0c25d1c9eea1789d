#!/usr/bin/env python3
"""pretick's scorers beside their Python peers: the same folds, the same run, one thread each.

    python benches/peers/compare.py scenarios/taiwan-2005.toml --data default.csv --out runs/peers

Runs `pretick bench`, then every peer on the folds of its splits.csv (peers in turn, fold by fold and ε by ε), then
`pretick bench` once more, so that a machine that slows down meanwhile slows both down. Writes into DIR: pretick's files,
peers.csv (the format of bench.csv), ratios.csv (paired differences of AUC, ratios of CPU time), peers.json (versions,
settings, warnings); prints tables in Markdown. Nothing is installed. See README.md.
"""

import os

# Before numpy: one thread, as for pretick.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import importlib.metadata
import importlib.util
import json
import re
import sys
import time
import warnings
from pathlib import Path

# pretick's results in the folder of the results: before the peers, and after them.
RUNS = ("pretick", "pretick-again")
DISTRIBUTIONS = {"interpret": "interpret-core", "sklearn": "scikit-learn"}


def arguments():
    """The command line."""
    listed = lambda text: [item for item in text.split(",") if item]
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("scenario", help="a scenario with a column map (histories.source.table)")
    a.add_argument("--data", required=True, help="the table, CSV")
    a.add_argument("--out", required=True, type=Path, help="folder of the results; must be new or empty")
    a.add_argument("--scorers", default="all", help="pretick's scorers, as for pretick bench")
    a.add_argument("--epsilon", default="0.1,0.5,1,2,4,8", type=lambda t: [float(e) for e in listed(t)])
    a.add_argument("--delta", default=1e-5, type=float)
    a.add_argument("--seeds", default=5, type=int, help="splits")
    a.add_argument("--train", type=int, help="train on so many persons only")
    a.add_argument("--only", type=listed, default=[], help="peers whose name begins so")
    a.add_argument("--skip", type=listed, default=[], help="leave out peers whose name begins so")
    a.add_argument("--pretick", default=os.environ.get("PRETICK"), help="the program; default $PRETICK, then cargo run")
    a.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a parameter; repeatable")
    a.add_argument("--pretick-args", type=str.split, default=[], help="more arguments for pretick bench, in one text")
    a.add_argument("--into", metavar="FILE:NAME", help="put the tables between <!-- NAME --> and <!-- /NAME --> there")
    a.add_argument("--tables-only", action="store_true", help="no fits: the tables of an earlier run, from --out")
    a.add_argument("--peers-only", action="store_true", help="without pretick, on stratified 80/20 splits of its own")
    return a.parse_args()


def chosen(peers, only, skip):
    """The peers asked for; says which package is missing."""
    begins = lambda name, beginnings: any(name.startswith(b) for b in beginnings)
    for beginning in (*only, *skip):
        if not any(p.name.startswith(beginning) for p in peers):
            raise SystemExit(f"no peer begins with `{beginning}`; the peers are {', '.join(p.name for p in peers)}")
    kept = [p for p in peers if (not only or begins(p.name, only)) and not begins(p.name, skip)]
    missing = sorted({p.package for p in kept if importlib.util.find_spec(p.package) is None})
    if missing:
        names = ",".join(sorted({p.name for p in kept if p.package in missing}))
        raise SystemExit(
            f"not installed: {', '.join(missing)}\n  pip install -r {Path(__file__).parent / 'requirements.txt'}\n"
            f"  or leave them out: --skip {names}"
        )
    return kept


def cpu_seconds():
    """CPU time of this process, all threads, and of its finished children."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def fit(peer, table, budget, train, test, settings):
    """Metrics and times of one fit."""
    from measures import metrics

    x, y = table.sets[peer.features], table.outcome
    wall, cpu = time.perf_counter(), cpu_seconds()
    predict = peer.fit(x, y, train, budget, **settings)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    start = time.perf_counter()
    p = predict(test)
    scored = time.perf_counter() - start
    return {
        **metrics(y[test], p),
        "persons_train": len(train),
        "persons_test": len(test),
        "fit_seconds": wall,
        "fit_cpu_seconds": cpu,
        "score_persons_per_second": len(test) / scored,
    }


def run_peers(peers, table, splits, args, noted):
    """{(scorer, ε, seed, fold): {metric: value}} for each settings of each peer: {peer: {number of settings: fits}}."""
    from models import Budget

    results = {p.name: [{} for _ in p.settings] for p in peers}
    total = len(splits) * sum(len(p.settings) * (len(args.epsilon) if p.private else 1) for p in peers)
    done = 0
    for (seed, fold), (train, test) in splits.items():
        for epsilon in [None, *args.epsilon]:
            for peer in peers:
                if peer.private == (epsilon is None):
                    continue
                budget = Budget(epsilon or 0.0, args.delta, 1000 * seed + fold)
                for results_of, settings in zip(results[peer.name], peer.settings):
                    key = (f"peer:{peer.name}", epsilon, seed, fold)
                    results_of[key] = attempt(peer, table, budget, train, test, settings, noted)
                    done += 1
            if sys.stderr.isatty():
                print(f"\rpeers: {done}/{total} fits", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return results


def attempt(peer, table, budget, train, test, settings, noted):
    """A fit; a failure is a result, too. Warnings are kept, each once whatever numbers it quotes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return fit(peer, table, budget, train, test, settings)
        except Exception as error:  # a peer may fail in any way; the others go on
            note(noted, peer, "failure", f"{type(error).__name__}: {error}")
            return {"failed": 1.0}
        finally:
            for w in caught:
                note(noted, peer, w.category.__name__, w.message)


def note(noted, peer, kind, message):
    """Keeps what a peer had to say: {peer: {what is said but for its numbers: (kind, message)}}."""
    text = " ".join(str(message).split())[:300]
    noted.setdefault(peer.name, {}).setdefault((kind, re.sub(r"[\d.]+", "#", text)[:80]), (kind, text))


def best_settings(results, peers):
    """Of several settings, at each ε the one with the best mean AUC on the test rows; the fits, and what was chosen."""
    fits, chosen_settings = {}, {}
    for peer in peers:
        tried = results[peer.name]
        for epsilon in dict.fromkeys(key[1] for key in tried[0]):
            aucs = [[v.get("auc", 0.0) for key, v in t.items() if key[1] == epsilon] for t in tried]
            best = max(range(len(tried)), key=lambda k: sum(aucs[k]))
            fits |= {key: v for key, v in tried[best].items() if key[1] == epsilon}
            if len(tried) > 1:
                chosen_settings.setdefault(peer.name, {})[f"{epsilon:g}"] = peer.settings[best]
    return fits, chosen_settings


def main():
    args = arguments()
    if args.into and ":" not in args.into:
        raise SystemExit(f"--into {args.into}: write FILE:NAME")
    from models import PEERS

    import bench
    import columns
    import tables

    peers = PEERS if args.tables_only else chosen(PEERS, args.only, args.skip)
    table = columns.read(args.scenario, args.data, args.set)
    peers = [p for p in peers if p.features in table.sets]
    if not args.tables_only:
        fit_all(peers, table, args)
    pretick = {}
    if not args.peers_only:
        runs = [bench.read(args.out / folder / "bench.csv") for folder in RUNS]
        pretick = bench.merged(*runs)
    fits = bench.read(args.out / "peers.csv")
    about = json.loads((args.out / "peers.json").read_text())
    pairs = tables.pairs(pretick, fits, {f"peer:{p.name}": p.kind for p in peers}, len(table.outcome))
    tables.write_ratios(args.out / "ratios.csv", pairs)
    text = f"{about['measured']}\n\n{tables.markdown(pretick, fits, pairs, about)}"
    print(text)
    if args.into:
        path, _, name = args.into.rpartition(":")
        tables.put(Path(path), name, text)


def fit_all(peers, table, args):
    """pretick, the peers, pretick again: writes bench.csv, peers.csv and peers.json."""
    import bench
    from models import Budget

    if args.out.exists() and any(args.out.iterdir()):
        raise SystemExit(f"{args.out} is not empty: name a new folder")
    args.out.mkdir(parents=True, exist_ok=True)
    command = bench.locate(args.pretick)
    first, again = (args.out / folder for folder in RUNS)
    if args.peers_only:
        splits = bench.own_splits(table.outcome, args.seeds, args.train)
    else:
        bench.run(command, args.scenario, args.data, first, args)
        splits = bench.read_splits(first / "splits.csv", len(table.outcome))
    train, test = next(iter(splits.values()))
    for peer in peers:  # imports and compilers are not part of a fit
        attempt(peer, table, Budget(1.0, args.delta, 0), train[:2000], test[:100], peer.settings[0], {})
    noted = {}
    results = run_peers(peers, table, splits, args, noted)
    if not args.peers_only:
        bench.run(command, args.scenario, args.data, again, args)
    fits, settings = best_settings(results, peers)
    bench.write(args.out / "peers.csv", fits)
    about = {
        "measured": measured(args),
        "versions": versions(peers),
        "widths": {name: x.matrix.shape[1] for name, x in table.sets.items()},
        "best settings": settings,
        "warnings": {peer: [f"{kind}: {text}" for kind, text in said.values()] for peer, said in noted.items()},
    }
    (args.out / "peers.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")


def measured(args):
    """When, and with which command; of paths only the names."""
    words = ["python benches/peers/compare.py", args.scenario, "--data", Path(args.data).name]
    words += ["--scorers", args.scorers, "--epsilon", ",".join(f"{e:g}" for e in args.epsilon)]
    words += ["--delta", f"{args.delta:g}", "--seeds", str(args.seeds)]
    words += [word for assignment in args.set for word in ("--set", assignment)]
    for option, value in (("--train", args.train), ("--only", ",".join(args.only)), ("--skip", ",".join(args.skip))):
        words += [option, str(value)] if value else []
    return f"Measured {time.strftime('%Y-%m-%d', time.gmtime())}:\n\n    {' '.join(words)} --out DIR"


def versions(peers):
    """Python's and the packages' versions."""
    packages = sorted({p.package for p in peers} | {"numpy", "scipy", "pandas", "sklearn"})
    found = {name: importlib.metadata.version(DISTRIBUTIONS.get(name, name)) for name in packages}
    return {"python": ".".join(map(str, sys.version_info[:3])), **found}


if __name__ == "__main__":
    main()
