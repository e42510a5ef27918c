#!/usr/bin/env python3
"""Takes a small corpus of WordNet's texts out of a built one, for tests.

usage: fixture.py CORPUS_DIR OUT_DIR
"""

import json
import sys
from pathlib import Path

TEXTS = {"train": 300, "validation": 60}


def sample(corpus, split, count):
    """Documents at equal distances, until they have so many texts."""
    rows = json.loads((corpus / "sources.json").read_text(encoding="utf-8"))[split]
    (row,) = (row for row in rows if row["source"] == "wordnet")
    lines = (corpus / f"{split}.txt").read_text(encoding="utf-8").split("\n")
    part = "\n".join(lines[row["first_line"] - 1 : row["first_line"] - 1 + row["lines"]])
    documents = [document.split("\n") for document in part.strip().split("\n\n")]
    chosen = []
    for document in documents[:: len(documents) // count]:
        if sum(map(len, chosen)) + len(document) <= count:
            chosen.append(document)
    return chosen


def main(corpus, out):
    for split, count in TEXTS.items():
        documents = sample(corpus, split, count)
        text = "".join("\n".join(document) + "\n\n" for document in documents)
        (out / f"{split}.txt").write_text(text, encoding="utf-8")
        print(f"{split}: {len(documents)} documents, {sum(map(len, documents))} texts")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
