#!/usr/bin/env python3
"""Makes the models of the tests beside this file. Needs onnx (pip install onnx); made with onnx 1.23.

logistic.onnx   Scaler -> LinearClassifier -> Normalizer, as skl2onnx exports a pipeline, without ZipMap
zipmap.onnx     the same with ZipMap
trees.onnx      TreeEnsembleClassifier: two stumps
named.onnx      inputs `late` and `bills` of their own, double; output a logistic PD [n, 1]
logit.onnx      the output is a logit
"""

import pathlib

from onnx import TensorProto, checker, helper

HERE = pathlib.Path(__file__).parent
F, D, I = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
VALUE = helper.make_tensor_value_info


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=8, producer_name="pretick tests")
    checker.check_model(model)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())


def ml(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, domain="ai.onnx.ml", **attributes)


X = VALUE("X", F, [None, 3])
LABEL = VALUE("label", I, [None])
# The logit is 0.5 + (x0 - 1) / 2 - (x1 + 1) + 2 x2.
LOGISTIC = [
    ml("Scaler", ["X"], ["z"], offset=[1.0, -1.0, 0.0], scale=[0.5, 1.0, 2.0]),
    ml("LinearClassifier", ["z"], ["label", "raw"], classlabels_ints=[0, 1], multi_class=1, post_transform="LOGISTIC",
       coefficients=[-1.0, 1.0, -1.0, 1.0, -1.0, 1.0], intercepts=[-0.5, 0.5]),
    ml("Normalizer", ["raw"], ["probabilities"], norm="L1"),
]
save("logistic", LOGISTIC, [X], [LABEL, VALUE("probabilities", F, [None, 2])])

MAPS = helper.make_value_info(
    "output_probability",
    helper.make_sequence_type_proto(helper.make_map_type_proto(I, helper.make_tensor_type_proto(F, []))),
)
save("zipmap", LOGISTIC + [ml("ZipMap", ["probabilities"], ["output_probability"], classlabels_int64s=[0, 1])], [X],
     [LABEL, MAPS])

# x0 <= 1: class 1 gets 0.2, else 0.6; x2 <= 0: 0.1, else 0.3.
save("trees", [ml(
    "TreeEnsembleClassifier", ["X"], ["label", "probabilities"], classlabels_int64s=[0, 1], post_transform="NONE",
    nodes_treeids=[0, 0, 0, 1, 1, 1], nodes_nodeids=[0, 1, 2, 0, 1, 2], nodes_featureids=[0, 0, 0, 2, 0, 0],
    nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * 2, nodes_values=[1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    nodes_truenodeids=[1, 0, 0, 1, 0, 0], nodes_falsenodeids=[2, 0, 0, 2, 0, 0],
    class_treeids=[0, 0, 1, 1, 0, 0, 1, 1], class_nodeids=[1, 2, 1, 2, 1, 2, 1, 2],
    class_ids=[1, 1, 1, 1, 0, 0, 0, 0], class_weights=[0.2, 0.6, 0.1, 0.3, 0.3, 0.1, 0.4, 0.0],
)], [X], [LABEL, VALUE("probabilities", F, [None, 2])])

save("named", [
    helper.make_node("Sub", ["late", "bills"], ["eta"]),
    helper.make_node("Sigmoid", ["eta"], ["pd"]),
], [VALUE("late", D, [None, 1]), VALUE("bills", D, [None, 1])], [VALUE("pd", D, [None, 1])])

save("logit", [helper.make_node("ReduceSum", ["X", "axes"], ["logit"])], [X], [VALUE("logit", F, [None, 1])],
     [helper.make_tensor("axes", I, [1], [1])])
