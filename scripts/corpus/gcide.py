"""The GNU Collaborative International Dictionary of English: Webster's definitions and quotations of 1913."""

import gzip
import re

from document import Document
from text import clause, one_line, sentences

REMARK = re.compile(r"\[[^\[\]]*\]")
ATTRIBUTION = re.compile(r"--\s?(?:[A-Z][\w.]*|\()(?:[ &]+[\w.()]+){0,5}\s*$", re.M)
# `Affear \Af*fear"\, v. t.`: the head of an entry. Where it is not Webster's, its first line is the word alone.
HEAD = re.compile(r"^[^\\\n]*(?:\\[^\\]*\\)?(?: \([^()]*\))?[ ,;]*(?:\b(?:[a-z]{1,6}\.|&|or|and)[ ,;]*)*")
DERIVED = re.compile(r"--\s?[A-Z][\w\"*`'-]*, (?:n|a|adv|v)\..*", re.S)
LABEL = re.compile(r"^(?:\d+\. |\([a-z]\) |\([A-Z][\w. &]*\.\) ?)+")
# A letter that the scan could not read ("imperial ?way"), or a pronunciation.
UNREAD = re.compile(r"\?\w|\w\?\w|\w[`*]|\(\S*\w\"[^()]*\)")


def read(folder):
    text = gzip.open(folder / "usr/share/dictd/gcide.dict.dz", "rt", encoding="utf-8", errors="replace").read()
    for entry in re.split(r"\n(?=\S)", text):
        headword = entry.partition("\n")[0].split("\\")[0].strip()
        if headword and len(headword) <= 40 and not headword.startswith("00-database"):
            yield parse(headword, entry)


def parse(headword, entry):
    # Attributions first: they end the line of a quotation, and remarks follow.
    body, found = ATTRIBUTION.sub("", entry), 1
    while found:  # remarks nest, "[AS. de['a]d]", and may begin in the head
        body, found = REMARK.subn("", body)
    body = HEAD.sub("", body, count=1).translate({ord("{"): None, ord("}"): None})
    texts = []
    for sense in re.split(r"\n\s*\n|\n\s+(?=\d+\.\s|\([a-z]\)\s)", body):
        sense = one_line(DERIVED.sub("", LABEL.sub("", one_line(sense))))
        if len(sense) >= 20 and not sense.startswith("Syn") and not UNREAD.search(sense):
            texts += sentences(sense)
    topics = [headword, *filter(None, (clause(text).lower() for text in texts[:1]))]
    if texts and len(headword) % 2:
        texts[0] = f"{headword}: {texts[0]}"
    return Document(source="gcide", key=headword.lower(), texts=texts, topics=topics)
