"""Descriptions of Debian's packages: the short line is a title, the paragraphs are texts."""

import re

from document import Document
from text import one_line, sentences

# What the packages of one piece of software differ in; "python3-numpy", "python-numpy-doc" and "numpy" are one key.
PREFIX = re.compile(
    r"^(?:lib(?:rust|ghc|jenkins)?-?|python3?-|golang-(?:[a-z]+-)?|node-|ruby-|r-(?:cran|bioc|other)-"
    r"|haskell-|php-|fonts-|gir1\.2-|elpa-|texlive-)"
)
# Said of thousands of packages, each time with another name in it.
BOILERPLATE = re.compile(
    r"(?:this|the)(?: \S+)? (?:meta)?package (?:contains|provides|includes|installs|ships|is) (?:\S+ ){0,6}?"
    r"(?:header|development|debug|documentation|transitional|dummy|empty|metapackage|example|manual page|translation"
    r"|(?:static|shared|runtime) librar|feature|source code)",
    re.I,
)
LISTED = re.compile(r"^\s+(?:[*+o·-]|\d+[.)])\s+")


def stem(name):
    """The name of the software that a package belongs to."""
    return re.split(r"[-\d.+_]", PREFIX.sub("", name))[0] or name


def paragraphs(body):
    """Paragraphs of a description; a list's items are paragraphs, as Debian's policy marks them by indentation."""
    current = []
    for line in body.split("\n"):
        ends = line.strip() in ("", ".")
        if (ends or LISTED.match(line)) and current:
            yield one_line(" ".join(current))
            current = []
        if not ends:
            current.append(LISTED.sub("", line))
    if current:
        yield one_line(" ".join(current))


def read(folder):
    for stanza in (folder / "Translation-en.txt").read_text(encoding="utf-8").split("\n\n"):
        name = re.search(r"^Package: (\S+)", stanza, re.M)
        _, found, description = stanza.partition("Description-en:")
        if not name or not found:
            continue
        short, _, body = description.partition("\n")
        short, name = short.strip(), name[1]
        kept = [paragraph for paragraph in paragraphs(body) if not BOILERPLATE.match(paragraph)]
        yield Document(
            source="packages",
            key=stem(name),
            texts=[sentence for paragraph in kept for sentence in sentences(paragraph)],
            # "name: what it is" as in a list of packages, or what it is alone.
            titles=[short if len(name) % 2 else f"{name}: {short}"],
            topics=[short],
        )
