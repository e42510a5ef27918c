"""Dialogue and descriptions in free games: spoken English, asked and answered."""

import re

from document import Document
from text import one_line, sentences

TEXTS_IN_A_DOCUMENT = 30
# message = _ "..." and its kin in Wesnoth's markup; a quote inside is doubled.
WESNOTH = re.compile(r'\b(?:message|story|description|note|text|summary)\s*=\s*_\s*"((?:[^"]|"")*)"')
# Endless Sky: `...` anywhere, and the quoted argument of these words.
ENDLESS_SKY = re.compile(r'`([^`\n]*)`|^\s*(?:description|spaceport|log|dialog|word) "([^"\n]*)"', re.M)
MARKUP = re.compile(r"<[^>\n]*>|\$[\w.|()]+|&\w+;|\\[nt]")
# Commands, names of keys and lists inside Crawl's texts.
CRAWL_CODE = re.compile(r"\{\{.*?\}\}|\[\[|\]\]|^#.*$|<\w+>|\$cmd\[\w+\]", re.M | re.S)


def blocks(source, key, texts):
    texts = [one_line(MARKUP.sub("", text)).strip("* ") for text in texts]
    texts = [sentence for text in texts if len(text) >= 12 for sentence in sentences(text)]
    for start in range(0, len(texts), TEXTS_IN_A_DOCUMENT):
        yield Document(source, f"{key}/{start}", texts[start : start + TEXTS_IN_A_DOCUMENT])


def is_whole(text):
    """Whether no name is to be filled in: "Bring <commodity> to <planet>"."""
    return "<" not in text


def read_wesnoth(folder):
    for path in sorted((folder / "usr/share/games/wesnoth").rglob("*.cfg")):
        page = path.read_text(encoding="utf-8", errors="replace")
        yield from blocks("games", f"wesnoth/{path.stem}", (text.replace('""', '"') for text in WESNOTH.findall(page)))


def read_endless_sky(folder):
    for path in sorted((folder / "usr/share/games/endless-sky/data").rglob("*.txt")):
        page = path.read_text(encoding="utf-8", errors="replace")
        yield from blocks(
            "games", f"endless-sky/{path.stem}", filter(is_whole, (a or b for a, b in ENDLESS_SKY.findall(page)))
        )


def read_crawl(folder):
    for path in sorted((folder / "usr/share/crawl/dat/descript").glob("*.txt")):
        if path.stem == "quotes":
            continue  # out of books, some of them not free
        entries = re.split(r"^%%%%.*$", path.read_text(encoding="utf-8"), flags=re.M)
        bodies = (CRAWL_CODE.sub("", entry.strip()).partition("\n")[2] for entry in entries)
        yield from blocks("games", f"crawl/{path.stem}", bodies)
