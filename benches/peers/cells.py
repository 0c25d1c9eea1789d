"""The map's public cells: which cell of each column a person is in, what DP histograms count.

A quantity is cut at its break points (steps and knots); without break points into cells of one width between its bounds.
Each code, a missing value and each level have cells of their own. Nothing is read off the data.
"""

import numpy as np
import pandas as pd

# Cells of a quantity whose map names no break points.
EQUAL = 8


def cells(features, values):
    """A frame of cell numbers from 0, and the number of cells by column; `values` are before the transform, NaN = missing."""
    numbered = {f.name: column(f, values[f.name].to_numpy(float)) for f in features}
    return pd.DataFrame({name: place for name, (place, _) in numbered.items()}), {
        name: count for name, (_, count) in numbered.items()
    }


def column(feature, x):
    """Cells of one column: the quantity's or the levels', then the codes', then the missing values'."""
    if feature.levels:
        place, count = np.nan_to_num(x), len(feature.levels) + 1
    else:
        ends = [feature.apply(at) for at in sorted({*feature.steps, *feature.knots})]
        ends = ends or list(np.linspace(*feature.public_bounds, EQUAL + 1)[1:-1])
        place, count = np.searchsorted(ends, np.nan_to_num(feature.apply(x)), side="right"), len(ends) + 1
    place = np.asarray(place, int)
    for code in feature.special:
        place[x == code] = count
        count += 1
    place[np.isnan(x)] = count
    return place, count + 1
