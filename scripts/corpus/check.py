#!/usr/bin/env python3
"""Reads a finished corpus again and holds it against its statistics and the held-out texts.

usage: check.py FOLDER [HELDOUT.json]
"""

import json
import sys
from collections import Counter
from pathlib import Path

from fetch import sha256
from heldout import HeldOut


def check(folder, heldout=None):
    """Prints counts; yields what is wrong."""
    statistics = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    held_out = HeldOut.load(heldout) if heldout and heldout.exists() else None
    for name, file in statistics["files"].items():
        found = sha256(folder / name)
        if found != file["sha256"]:
            yield f"{name} has SHA-256 {found}, its statistics say {file['sha256']}"
    whole = set()
    for split, sources in statistics["splits"].items():
        texts, shared, repeated = Counter(), 0, 0
        with (folder / f"{split}.txt").open(encoding="utf-8") as file:
            for line in file:
                if line == "\n":
                    continue
                source, _, text = line[:-1].partition("\t")
                texts[source] += 1
                repeated += text in whole
                whole.add(text)
                shared += held_out is not None and (held_out.is_text(text) or held_out.shares_a_sentence(text))
        expected = {row["source"]: row["texts"] for row in sources}
        if dict(texts) != expected:
            yield f"{split}.txt holds {dict(texts)} texts, its statistics say {expected}"
        if shared:
            yield f"{split}.txt shares {shared} texts with {heldout}"
        if repeated:
            yield f"{split}.txt repeats {repeated} texts"
        counts = ", ".join(f"{source} {count:,}" for source, count in texts.items())
        print(f"{split}: {texts.total():,} texts ({counts}); {shared} shared with held-out texts, {repeated} repeated")
    if held_out is None:
        print("no held-out texts to compare with")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    wrong = list(check(*map(Path, sys.argv[1:])))
    sys.exit("\n".join(f"error: {line}" for line in wrong) or None)
