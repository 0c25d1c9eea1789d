"""Metrics of a score, and intervals of paired differences and ratios; the metrics are those of `pretick bench`."""

import math

import numpy as np
from scipy.stats import rankdata, t


def metrics(y, p):
    """AUC, KS, Brier score, log-loss and calibration in the large of predicted probabilities of default."""
    y = np.asarray(y)
    p = np.asarray(p, float)
    bad, good = int(y.sum()), int((1 - y).sum())
    auc = (rankdata(p)[y == 1].sum() - bad * (bad + 1) / 2) / (bad * good)
    clipped = np.clip(p, 1e-15, 1 - 1e-15)
    return {
        "auc": float(auc),
        "ks": ks(y, p),
        "brier": float(np.mean((p - y) ** 2)),
        "log_loss": float(-np.mean(np.where(y == 1, np.log(clipped), np.log1p(-clipped)))),
        "calibration_in_the_large": float(p.mean() - y.mean()),
    }


def ks(y, p):
    """Largest distance of the two cumulative distributions; persons of one score move together."""
    order = np.argsort(p, kind="stable")
    bad = np.cumsum(y[order]) / y.sum()
    good = np.cumsum(1 - y[order]) / (1 - y).sum()
    last = np.append(np.diff(p[order]) > 0, True)
    return float(np.max(np.abs(bad - good)[last]))


def paired(differences, tested_over_others):
    """Mean and 95 % interval of differences over random splits of one table.

    Splits overlap, so the variance is that of Nadeau & Bengio (2003): s²·(1/n + persons tested / persons not tested).
    """
    return interval(differences, tested_over_others)


def ratio(numerators, denominators):
    """Geometric mean of ratios, fit by fit, and its 95 % interval: of the machine's noise, not of the table's."""
    logs = np.log(np.asarray(numerators, float)) - np.log(np.asarray(denominators, float))
    return tuple(math.exp(v) for v in interval(logs, 0.0))


def interval(values, widened):
    """Mean and t-interval with variance s²·(1/n + widened); no interval from one value."""
    v = np.asarray(values, float)
    n = len(v)
    mean = float(v.mean())
    if n < 2:
        return mean, math.nan, math.nan
    half = float(t.ppf(0.975, n - 1) * v.std(ddof=1) * math.sqrt(1 / n + widened))
    return mean, mean - half, mean + half
