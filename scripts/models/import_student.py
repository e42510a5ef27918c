"""A student in the layout of the reference distillation -> a Hugging Face BERT directory in f32, for `inglenook pack`.

    import_student.py STUDENT TOKENIZER OUT [--variant .int4-masters]

STUDENT holds config.json, weights{variant}.safetensors and embedding{variant}.safetensors in f16. Standard library only.
"""

import argparse
import json
import shutil
import struct
from pathlib import Path

# Our names of a layer's parts, and the reference's.
PARTS = {
    "attention.output.dense": "o",
    "intermediate.dense": "f1",
    "output.dense": "f2",
    "attention.output.LayerNorm": "n1",
    "output.LayerNorm": "n2",
}


def read(path: Path) -> dict[str, tuple[list[int], bytes]]:
    """Shapes and f32 bytes of the f16 tensors of a safetensors file."""
    content = path.read_bytes()
    (header_bytes,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + header_bytes])
    tensors = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        if info["dtype"] != "F16":
            raise SystemExit(f"{path}: {name} is {info['dtype']}, expected F16")
        start, end = (8 + header_bytes + offset for offset in info["data_offsets"])
        count = (end - start) // 2
        values = struct.unpack(f"<{count}e", content[start:end])
        tensors[name] = (info["shape"], struct.pack(f"<{count}f", *values))
    return tensors


def rows(tensor: tuple[list[int], bytes], first: int, count: int) -> tuple[list[int], bytes]:
    """Some rows of a tensor."""
    shape, data = tensor
    width = len(data) // shape[0]
    return [count, *shape[1:]], data[first * width : (first + count) * width]


def renamed(config: dict, weights: dict, embedding: dict) -> dict[str, tuple[list[int], bytes]]:
    hidden = config["hidden"]
    out = {
        "embeddings.word_embeddings.weight": embedding["emb"],
        "embeddings.projection.weight": weights["proj.weight"],
        # The vector of token type 0 is in the positions already.
        "embeddings.position_embeddings.weight": weights["pos"],
        "embeddings.token_type_embeddings.weight": ([1, hidden], bytes(4 * hidden)),
        "embeddings.LayerNorm.weight": weights["n0.weight"],
        "embeddings.LayerNorm.bias": weights["n0.bias"],
    }
    for layer in range(config["layers"]):
        ours, theirs = f"encoder.layer.{layer}.", f"layers.{layer}."
        for end in ("weight", "bias"):
            for index, name in enumerate(("query", "key", "value")):
                part = rows(weights[f"{theirs}qkv.{end}"], index * hidden, hidden)
                out[f"{ours}attention.self.{name}.{end}"] = part
            for name, short in PARTS.items():
                out[f"{ours}{name}.{end}"] = weights[f"{theirs}{short}.{end}"]
    return out


def write(path: Path, tensors: dict[str, tuple[list[int], bytes]]) -> None:
    header, offset = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, data in tensors.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("student", type=Path)
    parser.add_argument("tokenizer", type=Path, help="the teacher's tokenizer.json")
    parser.add_argument("out", type=Path)
    parser.add_argument("--variant", default="", help='"" or ".int4-masters"')
    args = parser.parse_args()
    config = json.loads((args.student / "config.json").read_text())
    weights = read(args.student / f"weights{args.variant}.safetensors")
    embedding = read(args.student / f"embedding{args.variant}.safetensors")
    args.out.mkdir(parents=True, exist_ok=True)
    write(args.out / "model.safetensors", renamed(config, weights, embedding))
    bert = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": config["layers"],
        "hidden_size": config["hidden"],
        "num_attention_heads": config["heads"],
        "intermediate_size": config["ffn"],
        "vocab_size": config["vocab"],
        "embedding_size": config["emb"],
        "max_position_embeddings": config["pos"],
        "layer_norm_eps": 1e-12,
    }
    (args.out / "config.json").write_text(json.dumps(bert, indent=2) + "\n")
    shutil.copy(args.tokenizer, args.out / "tokenizer.json")


if __name__ == "__main__":
    main()
