"""A table through the column map of a pretick scenario (`histories.source.table`, src/population/table/map.rs).

Several sets of features come out of one table, so that what features gain and what an algorithm gains are shown apart:

    raw        the columns as the file has them, categories as text; as a matrix: scaled to [-1, 1] by public bounds,
               categories as indicators
    public     one column a feature as pretick reads it: transformed, clamped, with the map's derived columns; as a
               matrix: pretick's public expansion (design.py)
    handmade   what an expert would make of this table (handmade.py), for tables that have one

Nothing is read off the data: bounds, break points, levels and formulas are the scenario's.
"""

import math
import re
import tomllib
from dataclasses import dataclass, field, replace

import derived
import numpy as np
import pandas as pd
from cells import cells
from design import design


@dataclass(eq=False)
class Feature:
    """What is publicly known of a column; numbers are those of the file, before the transform."""

    name: str
    transform: str = "linear"
    bounds: tuple[float, float] = (0.0, 1.0)
    steps: list[float] = field(default_factory=list)
    knots: list[float] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    special: list[float] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    missing: bool = False
    input_only: bool = False

    def apply(self, x):
        """The transform of a number or an array."""
        if self.transform == "signed-log":
            return np.copysign(np.log1p(np.abs(x)), x)
        return x

    @property
    def public_bounds(self):
        """Bounds after the transform; of a category 0 and the number of levels."""
        if self.levels:
            return 0.0, float(len(self.levels))
        lo, hi = self.bounds
        return float(self.apply(lo)), float(self.apply(hi))

    @property
    def frame_bounds(self):
        """Bounds of all values of a frame: codes that are no quantity included."""
        lo, hi = self.public_bounds
        codes = [float(self.apply(s)) for s in self.special]
        return min([lo, *codes]), max([hi, *codes])


@dataclass
class Features:
    """One set of features: a frame, one column a feature, and a bounded matrix for linear models; public cells if asked."""

    frame: pd.DataFrame
    matrix: np.ndarray
    bounds: dict[str, tuple[float, float]]
    categories: list[str]
    # Cell numbers, one column a feature, and how many cells each has.
    cells: tuple[pd.DataFrame, dict[str, int]] | None = None


@dataclass
class Table:
    """Who defaulted, and the sets of features by name."""

    outcome: np.ndarray
    sets: dict[str, Features]


def expand(text):
    """`PAY_2..PAY_6` or `BILL_AMT1..6` as names."""
    first, _, last = text.strip().partition("..")
    if not last:
        return [first]
    stem, start = re.fullmatch(r"(.*?)(\d+)", first.strip()).groups()
    stop = re.fullmatch(r".*?(\d+)", last.strip()).group(1)
    width = len(start) if start.startswith("0") else 0
    return [f"{stem}{n:0{width}d}" for n in range(int(start), int(stop) + 1)]


def names(value):
    """A name, a range or a list of them as names."""
    return [name for text in as_list(value) for name in expand(text)]


def code(value):
    """A code as text; `1`, `1.0` and ` 1 ` are one code."""
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return f"{number:.17g}" if math.isfinite(number) else text


def as_list(value):
    """A list; a single value is a list of one."""
    return value if isinstance(value, list) else [value]


def source(scenario, settings=()):
    """The scenario's name and column map, with `histories.source.table.KEY=VALUE` of the command line in it."""
    with open(scenario, "rb") as file:
        toml = tomllib.load(file)
    try:
        table = toml["histories"]["source"]["table"]
    except KeyError as key:
        raise SystemExit(f"{scenario}: no column map (histories.source.table): {key} is missing") from None
    for assignment in settings:
        key, _, value = assignment.partition("=")
        inside = key.strip().removeprefix("histories.source.table.")
        if inside != key.strip():
            table[inside] = tomllib.loads(f"value = {value}")["value"]
    return toml.get("name", ""), table


def feature(entry, name):
    """Public knowledge of one column, or of one derived column."""
    missing = entry.get("missing", [])
    absent = [""] if missing is True else [] if missing is False else [code(m) for m in as_list(missing)]
    return Feature(
        name,
        entry.get("transform", "linear"),
        tuple(entry.get("bounds", (0.0, 1.0))),
        list(entry.get("steps", [])),
        list(entry.get("knots", [])),
        [code(level) for level in entry.get("levels", [])],
        list(entry.get("special", [])),
        absent,
        bool(absent),
        entry.get("input_only", False),
    )


def feature_list(table):
    """The map's features in the order of `lender_sees`, then `needs_consent`."""
    known = {name: feature(entry, name) for entry in as_list(table["features"]) for name in names(entry["columns"])}
    return [known[name] for name in names(table["lender_sees"]) + names(table.get("needs_consent", []))]


def read(scenario, data, settings=()):
    """The table of `data` by the map of the TOML file `scenario`; rows stay in the file's order, none is left out."""
    name, table = source(scenario, settings)
    head = {"names": names(table["columns"])} if table.get("columns") else {}
    above = table.get("header_line", 1) - 1
    texts = pd.read_csv(
        data,
        sep=table.get("delimiter", ","),
        header=None if head else above,
        skiprows=above if head else None,
        dtype=str,
        keep_default_na=False,
        skipinitialspace=True,
        **head,
    )
    features = feature_list(table)
    absent = [f.name for f in features if f.name not in texts.columns]
    if absent:
        raise SystemExit(f"{data}: no column {', '.join(absent)}")
    y = outcome(table, texts, data)
    raw = pd.DataFrame({f.name: column(f, texts[f.name]) for f in features})
    return Table(y, feature_sets(name, table, features, raw))


def outcome(table, texts, data):
    """1 = defaulted, 0 = paid."""
    found = next((name for name in as_list(table["outcome"]) if name in texts.columns), None)
    if found is None:
        raise SystemExit(f"{data}: none of the outcome columns {table['outcome']} is there")
    means = {code(c): 1 for c in as_list(table.get("defaulted", "1"))}
    means |= {code(c): 0 for c in as_list(table.get("paid", "0"))}
    y = texts[found].map(code).map(means)
    if y.isna().any():
        raise SystemExit(f"{data}: row {y.isna().idxmax()}: `{found}` says neither defaulted nor paid")
    return y.to_numpy(int)


def column(feature, texts):
    """A column as a user would hold it: text for a category, a float otherwise; what is missing is NaN."""
    codes = texts.map(code)
    codes = codes.mask(codes.isin(feature.absent))
    if feature.levels:
        return codes
    return pd.to_numeric(codes, errors="coerce").astype(float)


def quantities(feature, values):
    """Values of the map before the transform: clamped, codes that are no quantity as they are; a category by level."""
    if feature.levels:
        place = {level: float(k) for k, level in enumerate(feature.levels)}
        other = float(len(feature.levels))
        return values.map(lambda v: place.get(v, other) if isinstance(v, str) else math.nan)
    return values.clip(*feature.bounds).where(~values.isin(feature.special), values)


def feature_sets(name, table, features, raw):
    """All sets of features of a table."""
    from handmade import HANDMADE

    values = pd.DataFrame({f.name: quantities(f, raw[f.name]) for f in features})
    plain = [plainly(f) for f in features]
    sets = {"raw": Features(raw, design(plain, values), frame_bounds(plain), categories(features))}
    features, values = derived.added(table, features, values)
    features = [f for f in features if not f.input_only]
    public = pd.DataFrame({f.name: values[f.name] if f.levels else f.apply(values[f.name]) for f in features})
    products = interactions(table, features)
    sets["public"] = Features(
        public,
        design(features, values, products),
        frame_bounds(features),
        categories(features),
        cells(features, values),
    )
    if name in HANDMADE:
        made, values, linear = HANDMADE[name](raw)
        sets["handmade"] = Features(values, design(made, values, linear=linear), frame_bounds(made), [])
    return sets


def plainly(feature):
    """A column as a user would take it: a number with bounds, codes among the others; no transform, no break points."""
    bounds = feature.bounds
    if feature.special:
        bounds = (min(bounds[0], *feature.special), max(bounds[1], *feature.special))
    return replace(feature, transform="linear", bounds=bounds, steps=[], knots=[], special=[], missing=False)


def clamped(features, values):
    """Values whose codes are clamped to the bounds as if they were quantities."""
    return pd.DataFrame({f.name: values[f.name] if f.levels else values[f.name].clip(*f.bounds) for f in features})


def frame_bounds(features):
    """Public bounds by name."""
    return {f.name: f.frame_bounds for f in features}


def categories(features):
    """Names of the categories."""
    return [f.name for f in features if f.levels]


def interactions(table, features):
    """Positions of the columns that are multiplied, each pair once, the first before the second."""
    place = {f.name: k for k, f in enumerate(features)}
    pairs = {
        tuple(sorted((place[a], place[b])))
        for left, right in table.get("interactions", [])
        for a in expand(left)
        for b in expand(right)
        if a in place and b in place
    }
    return sorted(pairs)
