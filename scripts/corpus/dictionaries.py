"""The smaller dictionaries in dictd's format: FOLDOC, the Jargon File and The Devil's Dictionary."""

import gzip
import re

from document import Document
from text import one_line, sentences

NOISE = re.compile(
    r"\[\{Jargon File\}\]|\(\d{4}-\d\d-\d\d\)|\{\(?\w+://[^}]*\}|<[^>]*>|\[[^\]]{0,80}\]|^\s*/[^/\n]+/|/[^/\s]*´[^/\n]*/,?",
    re.M,
)
BRACES = {ord("{"): None, ord("}"): None}
ENTRY = re.compile(r"\n(?=\S)")
# The Devil's Dictionary does not indent, and writes its headwords in capitals: "LAUREATE, adj. Crowned with ...".
DEVIL_ENTRY = re.compile(r"\n(?=[A-Z][A-Z' -]+, (?:n|v|adj|adv|pp|pro|interj|x)\b)")


def read(source, folder):
    (path,) = sorted((folder / "usr/share/dictd").glob("*.dict*"))
    opened = gzip.open(path, "rb") if path.suffix == ".dz" else path.open("rb")
    with opened as file:
        text = file.read().decode("utf-8", "replace")
    for entry in (DEVIL_ENTRY if source == "devil" else ENTRY).split(text):
        headword, _, body = entry.partition(", " if source == "devil" else "\n")
        headword = one_line(headword)
        if source == "devil":
            headword, body = headword.lower(), re.split(r"\n\s*\n", body)[0]  # without the verses that follow
        if headword and not headword.startswith("00-database"):
            yield parse(source, headword, body)


def parse(source, headword, body):
    body = one_line(NOISE.sub("", body).translate(BRACES))
    texts = sentences(f"{headword}: {body}") if len(body) >= 40 else []
    return Document(source=source, key=headword.lower(), texts=texts, topics=[headword])
