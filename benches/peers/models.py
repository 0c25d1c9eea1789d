"""The peers. Each learns from `rows` of a table and returns a function from rows to predicted probabilities of default.

Libraries are imported inside, so that a peer that is not asked for need not be installed. One thread each. What a peer
learns from the data (standardisation, binning, WoE) is in its fit time; public transforms are not: in the peers' favour.
"""

import math
from dataclasses import dataclass
from typing import Callable

# Settings of diffprivlib tried for `-best`: C, and the norm to which rows are clipped as a share of √width, which is
# the largest norm that a row can have.
BEST = [{"C": c, "norm": n} for c in (0.001, 0.01, 0.03, 0.1, 0.3) for n in (0.35, 0.25)]

# Persons added to each cell of DP histograms, in scales of their noise, tried for `-best`.
SMOOTHING = [{"smoothing": s} for s in (0.25, 1.0, 4.0, 16.0)]


@dataclass(frozen=True)
class Peer:
    """One way to run one library. Of several settings the best on the test rows counts: in the peer's favour."""

    name: str
    package: str
    kind: str
    fit: Callable
    features: str
    settings: tuple = ({},)

    @property
    def private(self):
        """Whether it takes (ε, δ)."""
        return self.kind == "dp"


@dataclass(frozen=True)
class Budget:
    """(ε, δ) of one fit, and the seed of its noise: a fixed seed is for comparisons only, never for a release."""

    epsilon: float
    delta: float
    seed: int


def sklearn_logistic(x, y, rows, budget):
    """scikit-learn's logistic regression, C = 1; raw columns are standardised, a design is bounded as it is."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=1000).fit(x.matrix[rows], y[rows])
    return lambda test: model.predict_proba(x.matrix[test])[:, 1]


def sklearn_standardised(x, y, rows, budget):
    """The same on standardised columns; categories become indicators."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    matrix = encoded(x)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(matrix[rows], y[rows])
    return lambda test: model.predict_proba(matrix[test])[:, 1]


def encoded(x):
    """The frame as numbers: categories as indicators, missing values in the middle of the bounds."""
    import pandas as pd

    frame = pd.get_dummies(x.frame, columns=x.categories, dtype=float)
    return frame.fillna({name: sum(bounds) / 2 for name, bounds in x.bounds.items()}).to_numpy(float)


def coded(x):
    """The frame with pandas' categories: what the boosters take."""
    return x.frame.astype({name: "category" for name in x.categories})


def histogram_boosting(x, y, rows, budget):
    """scikit-learn's HistGradientBoostingClassifier, default settings (100 trees)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    frame = coded(x)
    model = HistGradientBoostingClassifier(random_state=0, categorical_features="from_dtype")
    model.fit(frame.iloc[rows], y[rows])
    return lambda test: model.predict_proba(frame.iloc[test])[:, 1]


def lightgbm(x, y, rows, budget):
    """LightGBM, default settings (100 trees)."""
    from lightgbm import LGBMClassifier

    frame = coded(x).rename(columns=lambda name: name.replace(" ", "_"))
    model = LGBMClassifier(n_jobs=1, verbose=-1, random_state=0).fit(frame.iloc[rows], y[rows])
    return lambda test: model.predict_proba(frame.iloc[test])[:, 1]


def optbinning_scorecard(x, y, rows, budget):
    """optbinning's BinningProcess and Scorecard over scikit-learn's logistic regression, default settings."""
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    binning = BinningProcess(list(x.frame.columns), categorical_variables=x.categories)
    model = Scorecard(binning_process=binning, estimator=LogisticRegression(max_iter=1000))
    model.fit(x.frame.iloc[rows], y[rows])
    return lambda test: model.predict_proba(x.frame.iloc[test])[:, 1]


def scorecardpy_woe(x, y, rows, budget):
    """scorecardpy: woebin with its defaults, then logistic regression on the WoE values."""
    import scorecardpy
    from sklearn.linear_model import LogisticRegression

    def woe(frame):
        return scorecardpy.woebin_ply(frame, bins, no_cores=1, print_info=False)

    train = x.frame.iloc[rows]
    bins = scorecardpy.woebin(train.assign(outcome=y[rows]), y="outcome", no_cores=1, print_info=False)
    on_train = woe(train)
    names = [name for name in on_train.columns if name.endswith("_woe")]
    model = LogisticRegression(max_iter=1000).fit(on_train[names].fillna(0.0), y[rows])
    return lambda test: model.predict_proba(woe(x.frame.iloc[test])[names].fillna(0.0))[:, 1]


def diffprivlib_logistic(x, y, rows, budget, C=1.0, norm=1.0):
    """diffprivlib's logistic regression (pure ε) on the bounded matrix; data_norm = norm·√width, public."""
    from diffprivlib.models import LogisticRegression

    width = x.matrix.shape[1]
    model = LogisticRegression(
        epsilon=budget.epsilon, data_norm=norm * math.sqrt(width), C=C, max_iter=1000, random_state=budget.seed
    )
    model.fit(x.matrix[rows], y[rows])
    return lambda test: model.predict_proba(x.matrix[test])[:, 1]


def interpret_dpebm(x, y, rows, budget):
    """interpret's DPExplainableBoostingClassifier, default settings, types and bounds of all columns given publicly."""
    from interpret.privacy import DPExplainableBoostingClassifier

    frame = x.frame.copy()
    for name, bounds in x.bounds.items():
        if name not in x.categories:
            frame[name] = frame[name].fillna(sum(bounds) / 2).clip(*bounds)
    model = DPExplainableBoostingClassifier(
        epsilon=budget.epsilon,
        delta=budget.delta,
        feature_types=["nominal" if name in x.categories else "continuous" for name in frame.columns],
        privacy_bounds={name: bounds for name, bounds in x.bounds.items() if name not in x.categories},
        random_state=budget.seed,
        n_jobs=1,
    )
    model.fit(frame.iloc[rows], y[rows])
    return lambda test: model.predict_proba(frame.iloc[test])[:, 1]


def dp_histograms(x, y, rows, budget, smoothing=1.0):
    """Noisy counts of good and bad on each column's public cells, then naive Bayes: a sum of log-odds.

    ε is parted equally over the columns. One person added or removed moves one count of each column by 1, so that Laplace
    noise of scale columns/ε makes the whole pure ε. `smoothing` times that scale is how many persons of the overall rate
    are added to each cell; what follows the noise is arithmetic on released numbers.
    """
    import numpy as np

    (frame, sizes), noise = x.cells, np.random.default_rng(budget.seed)
    place, scale = frame.to_numpy(), len(sizes) / budget.epsilon

    def counts(outcome):
        persons = place[rows[y[rows] == outcome]].T
        exact = [np.bincount(column, minlength=size) for column, size in zip(persons, sizes.values())]
        return [e + noise.laplace(0.0, scale, len(e)) for e in exact]

    good, bad = counts(0), counts(1)
    goods, bads = (max(np.mean([column.sum() for column in side]), 1.0) for side in (good, bad))
    rate, added, odds = bads / (goods + bads), smoothing * max(scale, 1.0), math.log(bads / goods)
    filled = lambda count, share: np.log(np.maximum(count, 0.0) + added * share)
    woe = [filled(b, rate) - filled(g, 1 - rate) - odds for g, b in zip(good, bad)]
    return lambda test: 1 / (1 + np.exp(-odds - sum(w[place[test, j]] for j, w in enumerate(woe))))


def named(name, package, kind, fit, *features, settings=({},)):
    """A peer on each set of features: `name` on the raw columns, `name+set` on others."""
    return [Peer(name if f == "raw" else f"{name}+{f}", package, kind, fit, f, tuple(settings)) for f in features]


PEERS = [
    *named("sklearn-logistic", "sklearn", "logistic", sklearn_standardised, "raw"),
    *named("sklearn-logistic", "sklearn", "logistic", sklearn_logistic, "public", "handmade"),
    *named("optbinning-scorecard", "optbinning", "scorecard", optbinning_scorecard, "raw", "public", "handmade"),
    *named("scorecardpy-woe", "scorecardpy", "scorecard", scorecardpy_woe, "raw"),
    *named("sklearn-histgb", "sklearn", "boosting", histogram_boosting, "raw"),
    *named("lightgbm", "lightgbm", "boosting", lightgbm, "raw", "public", "handmade"),
    *named("diffprivlib-logistic", "diffprivlib", "dp", diffprivlib_logistic, "raw", "public", "handmade"),
    *named("diffprivlib-logistic-best", "diffprivlib", "dp", diffprivlib_logistic, "public", "handmade", settings=BEST),
    *named("dp-histograms", "numpy", "dp", dp_histograms, "public"),
    *named("dp-histograms-best", "numpy", "dp", dp_histograms, "public", settings=SMOOTHING),
    *named("interpret-dpebm", "interpret", "dp", interpret_dpebm, "raw", "public", "handmade"),
]
