"""Derived columns: the map's public formulas over other columns (src/population/table/derived.rs).

A formula reads values before their transform, clamped to their public bounds. Codes and missing values are left out;
where nothing is left, and where a ratio's denominator is not above 0, the value is `otherwise`, or missing.
"""

import numpy as np
import pandas as pd


def added(table, features, values):
    """The features and values with the map's derived columns behind them."""
    from columns import as_list, feature

    features = list(features)
    columns = {f.name: values[f.name] for f in features}
    for entry in as_list(table.get("derived", [])):
        by_name = {f.name: f for f in features}
        made = feature(entry, entry["name"])
        result = value(entry, lambda name: quantity(by_name[name], columns[name]))
        made.missing = "otherwise" not in entry and may_have_no_value(entry, by_name)
        columns[made.name] = result.fillna(entry.get("otherwise", np.nan)).clip(*made.bounds)
        features.append(made)
    return features, pd.DataFrame(columns)


def quantity(feature, values):
    """Values without codes."""
    return values.mask(values.isin(feature.special))


def may_have_no_value(entry, by_name):
    """Whether some person, in the data or not, may leave the formula without a value."""
    from columns import names

    binary = next((formula for formula in ("ratio", "difference", "product") if formula in entry), None)
    formula = binary or next(f for f in ("count_at_least", "max", "min", "mean", "sum") if f in entry)
    inputs = entry[formula]["columns"] if formula == "count_at_least" else entry[formula]
    read = [by_name[name] for name in names(inputs)]
    absent = [f.missing or bool(f.special) for f in read]
    if binary:
        return any(absent) or (binary == "ratio" and read[1].bounds[0] <= 0)
    return all(absent)


def value(entry, read):
    """The formula's values, NaN where it has none."""
    from columns import names

    if "ratio" in entry:
        a, b = (read(name) for name in names(entry["ratio"]))
        return a / b.where(b > 0)
    if "difference" in entry:
        a, b = (read(name) for name in names(entry["difference"]))
        return a - b
    if "product" in entry:
        a, b = (read(name) for name in names(entry["product"]))
        return a * b
    if "count_at_least" in entry:
        keys = entry["count_at_least"]
        inputs = pd.concat([read(name) for name in names(keys["columns"])], axis=1)
        reached = (inputs >= keys["threshold"]).sum(axis=1).astype(float)
        return reached.where(inputs.notna().any(axis=1))
    for formula in ("max", "min", "mean", "sum"):
        if formula in entry:
            inputs = pd.concat([read(name) for name in names(entry[formula])], axis=1)
            return getattr(inputs, formula)(axis=1, **({"min_count": 1} if formula == "sum" else {}))
    raise SystemExit(f"derived column {entry['name']}: no known formula in {sorted(entry)}")
