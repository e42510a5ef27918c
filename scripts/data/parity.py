#!/usr/bin/env python3
"""Makes tests/fixtures/parity/parity.json from a larger list of reference embeddings and adds one text of 10,000 words.

Usage: parity.py REFERENCE SOURCES MODEL_DIR OUT          (needs: pip install numpy safetensors tokenizers)

REFERENCE  JSON list of {text, ids, embedding}, made in f32 by another implementation of the model
SOURCES    JSON Lines of films with text and extract_source
MODEL_DIR  as for reference_embeddings.py, which embeds the added text
OUT        the fixture

Neither list is in the repository: they hold Wikipedia extracts from a table that is not to be passed on
(extract_source "wikipedia-movie-data"). What contains one is left out. Everything else is kept, in order.
"""

import json
import sys
from pathlib import Path

from reference_embeddings import ROOT, Encoder

MAY_NOT_BE_SHIPPED = "wikipedia-movie-data"
LONG_TEXT_WORDS = 10_000


def extract(film):
    """What follows 'Title (year). Genre, Genre. ' in a film's text."""
    heading = f"{film['title']} ({film['year']})."
    if film["genres"]:
        heading += f" {', '.join(film['genres'])}."
    return film["text"].removeprefix(heading).strip()


def long_text():
    """The first 10,000 words of the demo's film texts: natural, far beyond the truncation, free to be shipped."""
    words = []
    for line in (ROOT / "www/demo/films/items.jsonl").open(encoding="utf-8"):
        words += json.loads(line)["text"].split()
        if len(words) >= LONG_TEXT_WORDS:
            return " ".join(words[:LONG_TEXT_WORDS])
    raise ValueError("www/demo/films/items.jsonl holds fewer than 10,000 words")


def main(reference, sources, model, out):
    films = [json.loads(line) for line in Path(sources).open(encoding="utf-8")]
    kept_back = [extract(film) for film in films if film["extract_source"] == MAY_NOT_BE_SHIPPED]
    entries = json.loads(Path(reference).read_text(encoding="utf-8"))
    kept = [entry for entry in entries if not any(text in entry["text"] for text in kept_back)]

    text = long_text()
    ids, embedding = Encoder(Path(model)).encode(text)
    kept.append({"text": text, "ids": ids, "embedding": embedding.tolist()})
    lines = []
    for entry in kept:
        rounded = [float(f"{x:.7g}") for x in entry["embedding"]]
        entry = {"text": entry["text"], "ids": entry["ids"], "embedding": rounded}
        lines.append(json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
    Path(out).write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(entries)} reference texts, {len(kept) - 1} kept, 1 added -> {out}")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
