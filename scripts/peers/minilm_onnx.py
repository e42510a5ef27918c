"""Exports all-MiniLM-L6-v2 from safetensors to ONNX for the benchmark's peers.

usage: minilm_onnx.py MODEL_DIR PARITY.json OUT_DIR

Writes two files, each in the form that onnxruntime-web runs best:
  f32.onnx  float32, after onnxruntime's offline optimizer for transformers (fused attention, GELU and layer norm)
  q8.onnx   the graph as optimum exports it, with int8 weights per output channel and dynamically quantized int8 products: what
            transformers.js calls model_quantized.onnx. Fusing it as well changes its time by less than the noise.
f32.onnx must reproduce the reference embeddings of PARITY.json and q8.onnx must be close to them, or nothing is written.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from safetensors.numpy import load_file

OPSET = 17  # the first with LayerNormalization
LOWEST_COSINE = {"f32.onnx": 0.9999, "q8.onnx": 0.95}


class Graph:
    """Nodes and constants in the order in which they are added; every method returns the name of its output."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, name, value):
        self.initializers.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(self, operator, *inputs, **attributes):
        output = f"/{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def build(weights, config):
    """The graph: input_ids, attention_mask, token_type_ids [batch, sequence] -> last_hidden_state [batch, sequence, hidden]."""
    g = Graph()
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config["layer_norm_eps"]

    axis = [g.constant(f"axis_{i}", np.array([i], dtype=np.int64)) for i in range(3)]
    split = g.constant("split_heads", np.array([0, 0, heads, hidden // heads], dtype=np.int64))
    join = g.constant("join_heads", np.array([0, 0, hidden], dtype=np.int64))
    scale = g.constant("sqrt_head_size", np.array(np.sqrt(hidden / heads), dtype=np.float32))
    one = g.constant("one", np.array(1, dtype=np.float32))
    half = g.constant("half", np.array(0.5, dtype=np.float32))
    sqrt2 = g.constant("sqrt_2", np.array(np.sqrt(2), dtype=np.float32))
    lowest = g.constant("lowest", np.array(np.finfo(np.float32).min, dtype=np.float32))

    def norm(x, name):
        gamma = g.constant(f"{name}.weight", weights[f"{name}.weight"])
        beta = g.constant(f"{name}.bias", weights[f"{name}.bias"])
        return g.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=epsilon)

    def linear(x, name):
        kernel = g.constant(f"{name}.kernel", weights[f"{name}.weight"].T)
        return g.add("Add", g.constant(f"{name}.bias", weights[f"{name}.bias"]), g.add("MatMul", x, kernel))

    def gather(name, ids):
        return g.add("Gather", g.constant(name, weights[f"embeddings.{name}.weight"]), ids)

    length = g.add("Gather", g.add("Shape", "input_ids"), g.constant("index_1", np.array(1, dtype=np.int64)), axis=0)
    positions = g.constant("position_ids", np.arange(config["max_position_embeddings"], dtype=np.int64)[None])
    positions = g.add("Slice", positions, axis[0], g.add("Unsqueeze", length, axis[0]), axis[1])
    words = g.add("Add", gather("word_embeddings", "input_ids"), gather("token_type_embeddings", "token_type_ids"))
    x = norm(g.add("Add", words, gather("position_embeddings", positions)), "embeddings.LayerNorm")

    mask = g.add("Unsqueeze", g.add("Unsqueeze", "attention_mask", axis[1]), axis[2])
    mask = g.add("Mul", g.add("Sub", one, g.add("Cast", mask, to=TensorProto.FLOAT)), lowest)

    for i in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{i}"
        parts = [linear(x, f"{layer}.attention.self.{part}") for part in ("query", "key", "value")]
        query, key, value = (
            g.add("Transpose", g.add("Reshape", part, split), perm=perm)
            for part, perm in zip(parts, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
        )
        scores = g.add("Add", g.add("Div", g.add("MatMul", query, key), scale), mask)
        context = g.add("MatMul", g.add("Softmax", scores, axis=-1), value)
        context = g.add("Reshape", g.add("Transpose", context, perm=[0, 2, 1, 3]), join)
        attended = linear(context, f"{layer}.attention.output.dense")
        x = norm(g.add("Add", attended, x), f"{layer}.attention.output.LayerNorm")
        wide = linear(x, f"{layer}.intermediate.dense")
        wide = g.add("Mul", g.add("Mul", wide, g.add("Add", g.add("Erf", g.add("Div", wide, sqrt2)), one)), half)
        x = norm(g.add("Add", linear(wide, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")

    g.nodes[-1].output[0] = "last_hidden_state"
    shape = ["batch_size", "sequence_length"]
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in names]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, hidden])
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", inputs, [output], g.initializers)
    # The intermediate representation that goes with this operator set: runtimes refuse what is newer than they are.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def lowest_cosine(file, cases):
    """Over `cases` of parity.json: between the mean of the file's token embeddings and the reference."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    cosines = []
    for case in cases:
        ids = np.array([case["ids"]], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        found = session.run(["last_hidden_state"], feeds)[0][0].mean(axis=0)
        expected = np.array(case["embedding"])
        cosines.append(found @ expected / np.linalg.norm(found) / np.linalg.norm(expected))
    return min(cosines)


def main(model_dir, parity, out_dir):
    config = json.loads((model_dir / "config.json").read_text())
    cases = json.loads(parity.read_text())
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_dir) as scratch:
        scratch = Path(scratch)
        plain = scratch / "plain.onnx"
        onnx.save(build(load_file(model_dir / "model.safetensors"), config), plain)
        optimized = optimize_model(
            str(plain),
            model_type="bert",
            num_heads=config["num_attention_heads"],
            hidden_size=config["hidden_size"],
            opt_level=0,
        )
        fused = {name: count for name, count in optimized.get_fused_operator_statistics().items() if count}
        if fused.get("Attention") != config["num_hidden_layers"]:
            sys.exit(f"error: expected {config['num_hidden_layers']} fused attentions, found {fused}; has the optimizer changed?")
        optimized.save_model_to_file(str(scratch / "f32.onnx"))
        quantize_dynamic(plain, scratch / "q8.onnx", per_channel=True, weight_type=QuantType.QInt8)
        for name, allowed in LOWEST_COSINE.items():
            found = lowest_cosine(scratch / name, cases)
            if not found >= allowed:
                sys.exit(f"error: {name}: expected a cosine of at least {allowed} to the reference, found {found:.5f}")
            print(f"{name}: lowest cosine to the reference {found:.5f}")
        for name in LOWEST_COSINE:
            (scratch / name).rename(out_dir / name)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
