"""Pairs of scorers, ratios.csv, and the tables that are printed."""

import csv
import math
import statistics

from measures import paired, ratio

# Peers of pretick's scorers without privacy, by kind.
KIND = {"logistic": "logistic", "scorecard": "scorecard", "boosting": "boosting"}
# Differences of these are scorer − peer; of the first two a positive one is better, of the others a negative one.
QUALITY = ("auc", "ks", "brier", "log_loss")


def pairs(pretick, peers, kinds, persons):
    """(scorer, peer, ε, metric, mean, low, high, fits) of scorers of one kind on the same folds of `persons` persons."""
    rows = []
    for scorer in names(pretick):
        for peer in names(peers):
            if kinds[peer] != ("dp" if private(pretick, scorer) else KIND.get(scorer, scorer)):
                continue
            for epsilon in epsilons(pretick, scorer):
                rows += compared(pretick, peers, scorer, peer, epsilon, persons)
    return rows


def compared(pretick, peers, scorer, peer, epsilon, persons):
    """The rows of one pair at one ε."""
    both = [
        (values, peers[peer, *key[1:]])
        for key, values in pretick.items()
        if key[:2] == (scorer, epsilon) and "auc" in values and "auc" in peers.get((peer, *key[1:]), {})
    ]
    if not both:
        return []
    # Splits overlap by where they draw from: a training part that is cut to fewer persons does not make them overlap more.
    tested = statistics.mean(mine["persons_test"] for mine, _ in both)
    share = tested / (persons - tested)
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
    parts = [
        private_table(everything),
        against_the_best(rows, peers),
        open_table(everything),
        open_differences(rows),
        times(rows, True),
        times(rows, False),
        notes(about),
    ]
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


def against_the_best(rows, peers):
    """AUC of each DP scorer minus that of whichever peer is best at that ε, whatever features it was given."""
    cells = {(r[0], r[1], r[2]): interval(r[4], r[5]) for r in rows if r[3] == "auc_difference" and r[2] is not None}
    if not cells:
        return ""
    steps = list(dict.fromkeys(e for _, _, e in cells))
    best = {e: max({p for _, p, at in cells if at == e}, key=lambda p: mean(peers, p, e, "auc")) for e in steps}
    body = [[s, *(cells.get((s, best[e], e), "") for e in steps)] for s in dict.fromkeys(s for s, _, _ in cells)]
    body.append(["the best peer", *(best[e].removeprefix("peer:") for e in steps)])
    return lines(["AUC − best peer's, ± 95 %", *(f"ε = {e:g}" for e in steps)], body)


def open_table(fits):
    """Metrics of the scorers without privacy."""
    scorers = [s for s in names(fits) if not private(fits, s)]
    if not scorers:
        return ""
    body = [
        [
            s,
            *(shown(mean(fits, s, None, m), ".4f") for m in QUALITY),
            shown(mean(fits, s, None, "fit_cpu_seconds", statistics.median), ".3f"),
        ]
        for s in scorers
    ]
    return lines(["not private, mean", "AUC", "KS", "Brier", "log-loss", "fit, CPU s"], body)


def open_differences(rows):
    """Scorers without privacy minus peers of their kind."""
    cells = {(r[0], r[1], r[3]): interval(r[4], r[5]) for r in rows if r[2] is None and r[3].endswith("_difference")}
    if not cells:
        return ""
    metrics = [f"{m}_difference" for m in QUALITY[:3]]
    pairs_of = dict.fromkeys((s, p) for s, p, _ in cells)
    body = [[f"{s} − {p}", *(cells[s, p, m] for m in metrics)] for s, p in pairs_of]
    return lines(["not private, difference ± 95 %", "AUC", "KS", "Brier"], body)


def interval(value, low):
    """`+.0123 ± .0045`, in bold where the interval is clear of 0."""
    if math.isnan(low):
        return f"{value:+.4f}"
    text = f"{value:+.4f} ± {value - low:.4f}"
    return f"**{text}**" if abs(value) > max(value - low, 5e-5) else text


def times(rows, private):
    """How many times the CPU time of a pretick fit a peer takes; geometric mean over fits and values of ε."""
    rows = [r for r in rows if r[3] == "fit_cpu_ratio" and (r[2] is not None) == private]
    if not rows:
        return ""
    found = {}
    for r in rows:
        found.setdefault((r[1], r[0]), []).append(r[4])
    scorers = list(dict.fromkeys(r[0] for r in rows))
    text = lambda v: f"{statistics.geometric_mean(v):.3g} ×" if v else ""
    body = [[p, *(text(found.get((p, s))) for s in scorers)] for p in dict.fromkeys(r[1] for r in rows)]
    return lines(["CPU time of a fit: peer / pretick", *scorers], body)


def put(path, name, text):
    """Puts a text between the marks `<!-- name -->` and `<!-- /name -->` of a Markdown file."""
    page = path.read_text()
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, also_found, after = rest.partition(end)
    if not found or not also_found:
        raise SystemExit(f"{path} has no {begin} … {end}")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def notes(about):
    """Versions, settings that were chosen in the peers' favour, warnings."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    widths = ", ".join(f"{name} {width}" for name, width in about["widths"].items())
    text = [f"Versions: {versions}.", f"Columns of the matrices for linear models: {widths}."]
    for peer, by_epsilon in about["best settings"].items():
        told = "; ".join(
            f"ε = {e}: " + ", ".join(f"{k} {v:g}" for k, v in settings.items()) for e, settings in by_epsilon.items()
        )
        text.append(f"{peer}, best on the test rows: {told}.")
    others, said = 0, {}
    for peer, messages in about["warnings"].items():
        for message in messages:
            # Deprecations are the libraries' own affair; privacy, convergence and failures are the reader's.
            if message.startswith(("DeprecationWarning", "FutureWarning")):
                others += 1
            else:
                said.setdefault(message, []).append(peer)
    text += [f"{', '.join(by)}: {message}" for message, by in said.items()]
    if others:
        text.append(f"{others} deprecation warnings stand in peers.json.")
    return "\n".join(f"- {line}" for line in text)
