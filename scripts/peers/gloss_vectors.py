"""Real sentence embeddings for the benchmark of ranking: WordNet's synsets, as `words: gloss`, by all-MiniLM-L6-v2 in float32.

usage: gloss_vectors.py MODEL.onnx TOKENIZER.json WORDNET_DIR OUT_DIR

Writes little-endian float32, row after row of 384, all of unit length:
  100k.f32      100,000 synsets
  1m.f32        1,000,000 rows: the 100,000 and nine resampled copies, e + (f - g) / 2 of three synsets at random, made unit again, which
                keep the spread of real embeddings (WordNet has no million synsets)
  queries.f32   64 other synsets by their words alone, as a person types them
"""

import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

ROWS, QUERIES, COPIES = 100_000, 64, 10
MAX_TOKENS = 128
TOKENS_IN_A_BATCH = 2048


def synsets(folder):
    """`(words, gloss)` of every synset, in the order of the files. The format is described in WordNet's wndb(5)."""
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue  # the license
            fields, gloss = line.split(" | ", 1)
            fields = fields.split(" ")
            words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            # Adjectives carry their position in parentheses.
            yield ", ".join(re.sub(r"\(.*\)$", "", word).replace("_", " ") for word in words), gloss.strip()


def embed(texts, session, tokenizer):
    """Unit rows. Texts of one length share a batch, so that nothing is padded."""
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    by_length = {}
    for row, tokens in enumerate(ids):
        by_length.setdefault(len(tokens), []).append(row)
    embeddings = np.empty((len(texts), 384), dtype=np.float32)
    done = 0
    for length, rows in sorted(by_length.items()):
        size = max(1, TOKENS_IN_A_BATCH // length)
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            tokens = np.array([ids[row] for row in batch], dtype=np.int64)
            feeds = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
            embeddings[batch] = session.run(["last_hidden_state"], feeds)[0].mean(axis=1)
        done += len(rows)
        print(f"embedded {done} of {len(texts)}", end="\r", file=sys.stderr)
    return unit(embeddings)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main(model, tokenizer_file, wordnet, out):
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])

    everything = list(synsets(wordnet))
    if len(everything) < ROWS + QUERIES:
        sys.exit(f"error: {wordnet}: expected at least {ROWS + QUERIES} synsets, found {len(everything)}; is this WordNet 3.0?")
    random = np.random.default_rng(1)
    order = random.permutation(len(everything))[: ROWS + QUERIES]
    chosen = [everything[i] for i in order]
    queries = embed([words for words, _ in chosen[ROWS:]], session, tokenizer)
    rows = embed([f"{words}: {gloss}" for words, gloss in chosen[:ROWS]], session, tokenizer)

    def blocks():
        yield rows
        for _ in range(COPIES - 1):
            plus, minus = random.permutation(ROWS), random.permutation(ROWS)
            yield unit(rows + (rows[plus] - rows[minus]) / 2)

    def write(name, parts):
        with (out / name).open("wb") as file:
            for part in parts:
                file.write(part.astype("<f4").tobytes())

    out.mkdir(parents=True, exist_ok=True)
    write("100k.f32", [rows])
    write("1m.f32", blocks())
    write("queries.f32", [queries])


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
