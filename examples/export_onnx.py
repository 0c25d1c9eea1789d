#!/usr/bin/env python3
"""Trains a scikit-learn model on a CSV and exports it for `lender.scorer = "onnx"`. Needs scikit-learn, pandas, skl2onnx.

    export_onnx.py table.csv label model.onnx

Every column of the table but the label becomes a feature: give them the names of the view's columns, and their order, which is
printed, to lender.onnx.columns.
"""

import sys

import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, label, target = sys.argv[1:]
    table = pd.read_csv(source)
    outcome = table.pop(label)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(table.to_numpy("float32"), outcome)
    # A free first dimension takes any number of rows; without ZipMap the probabilities are a matrix.
    shape = FloatTensorType([None, table.shape[1]])
    onnx = to_onnx(model, initial_types=[("X", shape)], options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3})
    with open(target, "wb") as file:
        file.write(onnx.SerializeToString())
    print("columns =", list(table.columns))


if __name__ == "__main__":
    main()
