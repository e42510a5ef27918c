"""WordNet's synsets: words with their gloss, and examples. The format is described in wndb(5)."""

import re

from document import Document
from text import clause

MAX_WORDS = 3


def read(folder):
    for part in ("noun", "verb", "adj", "adv"):
        with (folder / f"usr/share/wordnet/data.{part}").open(encoding="utf-8") as file:
            yield from (parse(line) for line in file if not line.startswith("  "))  # two spaces: the license


def parse(line):
    fields, gloss = line.split(" | ", 1)
    fields = fields.split(" ")
    # Adjectives carry their position in parentheses: "afloat(p)".
    words = [re.sub(r"\(.*\)$", "", word).replace("_", " ") for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
    definition, *examples = re.split(r';\s*(?=")', gloss.strip())
    texts = [f"{', '.join(words[:MAX_WORDS])}: {definition}", definition]
    # The words stand before two glosses of three, as a dictionary has them; the third is the bare gloss.
    texts = [texts[int(fields[0]) % 3 == 0]]
    return Document(
        source="wordnet",
        key=words[0],
        texts=texts + [example.strip('" ;') for example in examples],
        titles=words[:1],
        topics=[words[0], clause(definition)],
    )
