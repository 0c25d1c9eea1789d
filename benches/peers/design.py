"""pretick's public expansion of columns to a matrix in [-1, 1], without the constant (src/scoring/expand.rs).

    linear   (2x - lo - hi)/(hi - lo)     step  x >= t     hinge  max(0, x - k)/(hi - k)     special  x = s
    level    x = l                        missing          products of all terms of two columns
"""

import numpy as np


def design(features, values, pairs=(), linear=None):
    """The matrix of `values` (before the transform, NaN = missing).

    Where `linear` is given, only the features named there get a linear term, in [0, 1] instead of [-1, 1].
    """
    blocks = [block(f, values[f.name].to_numpy(float), linear) for f in features]
    products = [blocks[a][:, [i]] * blocks[b] for a, b in pairs for i in range(blocks[a].shape[1])]
    return np.hstack([*blocks, *products])


def block(feature, x, linear):
    """All terms of one column side by side; none where a feature has neither a linear term nor break points."""
    columns = terms(feature, x, linear)
    return np.column_stack(columns) if columns else np.empty((len(x), 0))


def terms(feature, x, linear):
    """The terms of one column, in pretick's order."""
    absent = [np.isnan(x).astype(float)] if feature.missing else []
    if feature.levels:
        return [(x == k).astype(float) for k in range(len(feature.levels))] + absent
    lo, hi = feature.public_bounds
    is_code = np.isin(x, feature.special)
    codes = [(x == s).astype(float) for s in feature.special]
    gone = is_code | (np.isnan(x) & feature.missing)
    # Where a column does not allow missing values NaN counts as the mid-point.
    t = np.where(np.isnan(x) | is_code, (lo + hi) / 2, feature.apply(x).clip(lo, hi))
    out = []
    if linear is None:
        out.append((2 * t - lo - hi) / (hi - lo))
    elif feature.name in linear:
        out.append((t - lo) / (hi - lo))
    out += [(t >= feature.apply(step)).astype(float) for step in feature.steps]
    out += [np.maximum(0.0, t - feature.apply(knot)) / (hi - feature.apply(knot)) for knot in feature.knots]
    return [np.where(gone, 0.0, term) for term in out] + codes + absent
