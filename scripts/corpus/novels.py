"""Novels in the public domain: Jane Austen's six, and Moby Dick."""

import re
import sys
import zlib
from pathlib import Path

from document import Document
from text import one_line, sentences

sys.path.append(str(Path(__file__).parent.parent / "data"))
from movielens import RReader  # noqa: E402  the reader of R's data files

PARAGRAPHS_IN_A_DOCUMENT = 10


def documents(source, book, text):
    """A novel as blocks of paragraphs, so that a held-out document is a page or two and not a book."""
    paragraphs = [one_line(paragraph) for paragraph in re.split(r"\n\s*\n", text)]
    paragraphs = [paragraph for paragraph in paragraphs if len(paragraph) >= 30]
    for start in range(0, len(paragraphs), PARAGRAPHS_IN_A_DOCUMENT):
        block = paragraphs[start : start + PARAGRAPHS_IN_A_DOCUMENT]
        yield Document(
            source, f"{book}/{start}", [sentence for paragraph in block for sentence in sentences(paragraph)]
        )


def read_austen(folder):
    base = folder / "usr/lib/R/site-library/janeaustenr/data/Rdata"
    index = RReader(zlib.decompress(base.with_suffix(".rdx").read_bytes(), 47)).value()["variables"]
    database = base.with_suffix(".rdb").read_bytes()
    for book, (offset, length, *_) in sorted(index.items()):
        # The first four bytes of a record are its length once decompressed.
        lines = RReader(zlib.decompress(database[offset + 4 : offset + length])).value()
        if isinstance(lines, list):  # not a data frame about the books
            yield from documents("austen", book, "\n".join(line or "" for line in lines))


def read_moby_dick(folder):
    for chapter in sorted((folder / "package/data").glob("chapter_*.txt")):
        yield from documents("moby-dick", chapter.stem, chapter.read_text(encoding="utf-8"))
