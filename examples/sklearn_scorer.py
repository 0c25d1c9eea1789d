#!/usr/bin/env python3
"""A scikit-learn model as a scorer of one's own: gradient-boosted trees or a logistic regression, over CSV or Arrow.

Needs scikit-learn and pandas (pip install scikit-learn pandas), for Arrow also pyarrow. Protocol: docs/bring-your-own.md.

    sklearn_scorer.py [--model boosting|logistic] fit|score FOLDER
"""

import argparse
import json
import os
import pathlib
import pickle
import sys

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def read_table():
    if os.environ.get("PRETICK_FORMAT") == "arrow":
        import pyarrow as pa

        return pa.ipc.open_stream(sys.stdin.buffer).read_pandas()
    return pd.read_csv(sys.stdin)


def write_pds(pds):
    if os.environ.get("PRETICK_FORMAT") == "arrow":
        import pyarrow as pa

        table = pa.table({"pd": pa.array(pds, pa.float64())})
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)
        return
    # 17 digits read back to the same bits, whatever the number.
    pd.DataFrame({"pd": pds}).to_csv(sys.stdout, index=False, float_format="%.17g")


def unfitted(kind, folder, columns):
    if kind == "logistic":
        return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000))
    # What is publicly known of how the PD moves with a column.
    trend = {c["name"]: c["trend"] for c in json.loads((folder / "columns.json").read_text())}
    trends = [{"rising": 1, "falling": -1}.get(trend[c], 0) for c in columns]
    return HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=8, min_samples_leaf=50, l2_regularization=1.0,
        early_stopping=False, monotonic_cst=trends, random_state=0,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["boosting", "logistic"], default="boosting")
    parser.add_argument("verb", choices=["fit", "score"])
    parser.add_argument("folder", type=pathlib.Path)
    args = parser.parse_args()
    file = args.folder / "model.pickle"
    table = read_table()
    if args.verb == "fit":
        label = table.pop("label")
        model = unfitted(args.model, args.folder, table.columns).fit(table, label)
        file.write_bytes(pickle.dumps(model))
    else:
        # The folder is this model's own: the pickle is the one that `fit` wrote.
        model = pickle.loads(file.read_bytes())
        write_pds(model.predict_proba(table)[:, 1])


if __name__ == "__main__":
    main()
