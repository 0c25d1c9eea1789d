"""Pairs of scorers, ratios.csv, and the tables that are printed."""

import csv
import math
import statistics

from measures import paired, ratio

# Peers of pretick's scorers without privacy, by kind.
KIND = {"logistic": "logistic", "scorecard": "scorecard", "boosting": "boosting"}
# Differences of these are scorer − peer; of the first two a positive one is better, of the others a negative one.
QUALITY = ("auc", "ks", "brier", "log_loss")


def pairs(pretick, peers, kinds):
    """(scorer, peer, ε, metric, mean, low, high, fits) of scorers of one kind on the same folds."""
    rows = []
    for scorer in names(pretick):
        for peer in names(peers):
            if kinds[peer] != ("dp" if private(pretick, scorer) else KIND.get(scorer, scorer)):
                continue
            for epsilon in epsilons(pretick, scorer):
                rows += compared(pretick, peers, scorer, peer, epsilon)
    return rows


def compared(pretick, peers, scorer, peer, epsilon):
    """The rows of one pair at one ε."""
    both = [
        (values, peers[peer, *key[1:]])
        for key, values in pretick.items()
        if key[:2] == (scorer, epsilon) and "auc" in values and "auc" in peers.get((peer, *key[1:]), {})
    ]
    if not both:
        return []
    share = statistics.mean(mine["persons_test"] / mine["persons_train"] for mine, _ in both)
    rows = []
    for metric in QUALITY:
        estimate = paired([mine[metric] - theirs[metric] for mine, theirs in both], share)
        rows.append((scorer, peer, epsilon, f"{metric}_difference", *estimate, len(both)))
    name = "fit_cpu_seconds"
    if all(mine.get(name, 0) > 0 and theirs.get(name, 0) > 0 for mine, theirs in both):
        estimate = ratio([theirs[name] for _, theirs in both], [mine[name] for mine, _ in both])
        rows.append((scorer, peer, epsilon, "fit_cpu_ratio", *estimate, len(both)))
    return rows


def names(fits):
    """Scorers in the order of the file."""
    return list(dict.fromkeys(key[0] for key in fits))


def epsilons(fits, scorer=None):
    """Values of ε in the order of the file; None without privacy."""
    return list(dict.fromkeys(key[1] for key in fits if scorer in (None, key[0])))


def private(fits, scorer):
    """Whether a scorer was given ε."""
    return epsilons(fits, scorer) != [None]


def write_ratios(path, rows):
    """ratios.csv."""
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["scorer", "peer", "epsilon", "metric", "value", "low", "high", "fits"])
        for scorer, peer, epsilon, *rest in rows:
            out.writerow([scorer, peer, "" if epsilon is None else f"{epsilon:g}", *rest])


def mean(fits, scorer, epsilon, metric, average=statistics.mean):
    """Mean (or median) over folds; NaN where no fit has the metric."""
    values = [v[metric] for key, v in fits.items() if key[:2] == (scorer, epsilon) and metric in v]
    return average(values) if values else math.nan


def markdown(pretick, peers, rows, about):
    """All tables."""
    everything = {**pretick, **peers}
    parts = [private_table(everything), open_table(everything), differences(rows), times(rows), notes(about)]
    return "\n\n".join(part for part in parts if part)


def lines(head, body):
    """A Markdown table."""
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(rows + ["| " + " | ".join(cells) + " |" for cells in body])


def shown(value, form):
    """A number, or a dash."""
    return "–" if math.isnan(value) else format(value, form)


def private_table(fits):
    """AUC by ε of the DP scorers, and the median CPU time of a fit."""
    scorers = [s for s in names(fits) if private(fits, s)]
    steps = [e for e in epsilons(fits) if e is not None]
    if not scorers:
        return ""
    body = []
    for s in scorers:
        cpu = [v["fit_cpu_seconds"] for key, v in fits.items() if key[0] == s and "fit_cpu_seconds" in v]
        cells = [shown(mean(fits, s, e, "auc"), ".4f") for e in steps]
        body.append([s, *cells, shown(statistics.median(cpu) if cpu else math.nan, ".3f")])
    head = ["mean AUC, DP", *(f"ε = {e:g}" for e in steps), "fit, CPU s"]
    return lines(head, body)


def open_table(fits):
    """Metrics of the scorers without privacy."""
    scorers = [s for s in names(fits) if not private(fits, s)]
    if not scorers:
        return ""
    body = [
        [
            s,
            *(shown(mean(fits, s, None, m), ".4f") for m in ("auc", "ks", "brier", "log_loss")),
            shown(mean(fits, s, None, "fit_cpu_seconds", statistics.median), ".3f"),
        ]
        for s in scorers
    ]
    return lines(["not private", "AUC", "KS", "Brier", "log-loss", "fit, CPU s"], body)


def differences(rows):
    """AUC of each pretick scorer minus each peer's, by ε, with paired intervals."""
    rows = [r for r in rows if r[3] == "auc_difference"]
    if not rows:
        return ""
    steps = list(dict.fromkeys(r[2] for r in rows))
    cell = {(r[0], r[1], r[2]): interval(r[4], r[5]) for r in rows}
    body = [
        [f"{s} − {p}", *(cell.get((s, p, e), "") for e in steps)] for s, p in dict.fromkeys((r[0], r[1]) for r in rows)
    ]
    return lines(["AUC difference ± 95 %", *("not private" if e is None else f"ε = {e:g}" for e in steps)], body)


def interval(value, low):
    """`+.0123 ± .0045`, in bold where the interval is clear of 0."""
    if math.isnan(low):
        return f"{value:+.4f}"
    text = f"{value:+.4f} ± {value - low:.4f}"
    return f"**{text}**" if abs(value) > value - low else text


def times(rows):
    """How many times the CPU time of a pretick fit a peer takes, over all ε."""
    rows = [r for r in rows if r[3] == "fit_cpu_ratio"]
    if not rows:
        return ""
    peers = list(dict.fromkeys(r[1] for r in rows))
    found = {}
    for r in rows:
        found.setdefault((r[0], r[1]), []).append(r[4])
    text = lambda v: f"{statistics.geometric_mean(v):.1f} ×" if v else ""
    body = [[s, *(text(found.get((s, p))) for p in peers)] for s in dict.fromkeys(r[0] for r in rows)]
    return lines(["fit, CPU time: peer / pretick", *peers], body)


def notes(about):
    """Versions, settings that were chosen in the peers' favour, warnings."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    text = [f"Versions: {versions}.", f"Columns of the matrices: {about['features']}."]
    for peer, by_epsilon in about["best settings"].items():
        text.append(f"{peer}, best on the test rows: {by_epsilon}.")
    others = 0
    for peer, messages in about["warnings"].items():
        for message in messages:
            # Deprecations are the libraries' own affair; privacy, convergence and failures are the reader's.
            if message.startswith(("DeprecationWarning", "FutureWarning")):
                others += 1
            else:
                text.append(f"{peer}: {message}")
    if others:
        text.append(f"{others} deprecation warnings stand in peers.json.")
    return "\n".join(f"- {line}" for line in text)
