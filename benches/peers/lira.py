"""Membership inference by LiRA on scikit-learn's scorers: the game of pretick's src/attack/membership, for its speed and figures.

    lira.py DEFAULT.csv [--members 2000] [--shadows 64] [--seeds 1] [--scorer logistic|boosting]

A pool of 2n persons, each IN one of every pair of shadow models; score = (z_out² - z_in²)/2 of the log-odds of the true
outcome, with means over the other pairs and one variance a person. Prints CPU seconds of the whole game (one thread) beside the figures.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import argparse
import time

import numpy as np
import pandas as pd
from design import design
from handmade import taiwan
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve


def scorer(name):
    """What is fitted to the members, with the settings that the figures of docs/attacks.md state."""
    if name == "boosting":
        return HistGradientBoostingClassifier()
    return LogisticRegression(C=10.0, max_iter=1000)


def assignment(rng, persons, shadows):
    """Who is IN which shadow model: persons × shadows; models come in pairs, everybody is IN one of each pair."""
    first = rng.random((persons, shadows // 2)) < 0.5
    return np.stack([first, ~first], axis=2).reshape(persons, shadows)


def log_odds(x, y, member, name):
    """Log-odds of the true outcome, persons × shadows."""
    out = np.empty(member.shape)
    for s in range(member.shape[1]):
        fitted = scorer(name).fit(x[member[:, s]], y[member[:, s]])
        p = fitted.predict_proba(x)[:, 1].clip(1e-12, 1 - 1e-12)
        out[:, s] = np.log(p / (1 - p)) * np.where(y, 1, -1)
    return out


def lira(phi, member):
    """The likelihood ratio of every score by the models of all other pairs."""
    pairs, inside = phi.reshape(len(phi), -1, 2), member.reshape(len(phi), -1, 2)
    sides = [np.where(inside[..., 0] == want, pairs[..., 0], pairs[..., 1]) for want in (False, True)]
    count = pairs.shape[1]
    squares, means = 0.0, []
    for side in sides:
        mean = side.mean(1, keepdims=True)
        off = side - mean
        squares = squares + (off**2).sum(1, keepdims=True) - off**2 * count / (count - 1)
        means.append(np.repeat(mean - off / (count - 1), 2, axis=1))
    variance = np.repeat((squares / (2 * count - 4)).clip(1e-12), 2, axis=1)
    return ((phi - means[0]) ** 2 - (phi - means[1]) ** 2) / variance / 2


def figures(score, member):
    """AUC and the true-positive rate at 0.1 % false positives."""
    auc = roc_auc_score(member.ravel(), score.ravel())
    fpr, tpr, _ = roc_curve(member.ravel(), score.ravel(), drop_intermediate=False)
    return auc, tpr[fpr <= 0.001].max()


def game(x, y, arguments, seed):
    """One pool: the figures of LiRA and of the loss threshold, and what they cost."""
    rng = np.random.default_rng(seed)
    pool = rng.choice(len(y), 2 * arguments.members, replace=False)
    member = assignment(rng, len(pool), arguments.shadows)
    start = time.process_time()
    phi = log_odds(x[pool], y[pool], member, arguments.scorer)
    score = lira(phi, member)
    seconds = time.process_time() - start
    return (*figures(score, member), *figures(phi, member), seconds)


def main():
    """Reads the table, plays the game, prints a line a pool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table")
    parser.add_argument("--members", type=int, default=2000)
    parser.add_argument("--shadows", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--scorer", choices=["logistic", "boosting"], default="logistic")
    arguments = parser.parse_args()
    raw = pd.read_csv(arguments.table)
    y = raw.iloc[:, -1].to_numpy() == 1
    features, frame, linear = taiwan(raw)
    x = frame.to_numpy() if arguments.scorer == "boosting" else design(features, frame, linear=linear)
    rows = np.array([game(x, y, arguments, seed) for seed in range(arguments.seeds)])
    print("lira auc, tpr at .1 %; loss auc, tpr at .1 %; CPU s")
    for row in [*rows, rows.mean(0)]:
        print("  ".join(f"{v:.4f}" for v in row))


if __name__ == "__main__":
    main()
