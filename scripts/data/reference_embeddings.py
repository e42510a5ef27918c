#!/usr/bin/env python3
"""Computes all-MiniLM-L6-v2 embeddings in plain numpy, and checks tests/fixtures/parity/parity.json against them.

Usage: reference_embeddings.py [MODEL_DIR [FIXTURE]]      (needs: pip install numpy safetensors tokenizers)

MODEL_DIR  holds config.json, tokenizer.json, model.safetensors; models/all-MiniLM-L6-v2 by default
FIXTURE    tests/fixtures/parity/parity.json by default

It shares no code with the encoder in src/, so that the fixture rests on two implementations that know nothing of each
other. Exits with 1 where token ids differ or an embedding is off by more than TOLERANCE in any component.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
MAX_TOKENS = 256  # [CLS] and [SEP] included; the model card's max_seq_length
TOLERANCE = 1e-5

erf = np.frompyfunc(math.erf, 1, 1)


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)).astype(np.float32))


def softmax(x):
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


class Encoder:
    def __init__(self, model):
        self.config = json.loads((model / "config.json").read_text())
        self.weights = load_file(model / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        # The file carries truncation and padding at 128 tokens.
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)

    def linear(self, name, x):  # [tokens, in] -> [tokens, out]
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def normalize(self, name, x):
        centered = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centered**2).mean(axis=-1, keepdims=True) + self.config["layer_norm_eps"])
        return centered / deviation * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def attend(self, name, x):
        heads = self.config["num_attention_heads"]

        def split(projection):  # [tokens, hidden] -> [heads, tokens, head size]
            return self.linear(f"{name}.self.{projection}", x).reshape(len(x), heads, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        attention = softmax(query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(query.shape[-1])))
        context = (attention @ value).transpose(1, 0, 2).reshape(x.shape)
        return self.normalize(f"{name}.output.LayerNorm", self.linear(f"{name}.output.dense", context) + x)

    def embed(self, ids):
        """Token ids -> unit vector [hidden]: mean over all tokens, [CLS] and [SEP] included."""
        words, positions, types = (
            self.weights[f"embeddings.{table}_embeddings.weight"] for table in ("word", "position", "token_type")
        )
        x = self.normalize("embeddings.LayerNorm", words[ids] + positions[: len(ids)] + types[0])
        for layer in range(self.config["num_hidden_layers"]):
            name = f"encoder.layer.{layer}"
            x = self.attend(f"{name}.attention", x)
            inner = gelu(self.linear(f"{name}.intermediate.dense", x))
            x = self.normalize(f"{name}.output.LayerNorm", self.linear(f"{name}.output.dense", inner) + x)
        mean = x.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def encode(self, text):
        ids = self.tokenizer.encode(text).ids
        return ids, self.embed(ids)


def main(model=ROOT / "models/all-MiniLM-L6-v2", fixture=ROOT / "tests/fixtures/parity/parity.json"):
    encoder = Encoder(Path(model))
    entries = json.loads(Path(fixture).read_text(encoding="utf-8"))
    largest, lowest_cosine, failures = 0.0, 1.0, 0
    for entry in entries:
        ids, embedding = encoder.encode(entry["text"])
        expected = np.array(entry["embedding"])
        difference = np.abs(embedding - expected).max()
        largest = max(largest, difference)
        lowest_cosine = min(lowest_cosine, embedding @ expected / np.linalg.norm(expected))
        if ids != entry["ids"] or difference > TOLERANCE:
            failures += 1
            what = "token ids differ" if ids != entry["ids"] else f"off by {difference:.1e}"
            print(f"{what}: {entry['text'][:80]!r}", file=sys.stderr)
    print(
        f"{len(entries)} texts, largest difference {largest:.1e}, lowest cosine {lowest_cosine:.8f}, {failures} failed"
    )
    return failures


if __name__ == "__main__":
    if len(sys.argv) > 3:
        sys.exit(__doc__)
    sys.exit(1 if main(*sys.argv[1:]) else 0)
