"""LibreOffice's help: the paragraphs and headings of each page."""

import html
import re

from document import Document
from text import one_line, sentences

# The help's own texts carry an id; menus and indexes around them do not.
BLOCK = re.compile(r'<(p|h\d)\b[^>]*\bid="(?:par|hd|bm)[^>]*>(.*?)</\1>', re.S)
# Keys are named twice, for macOS and for other systems; scripts of the page show one of them.
MAC = re.compile(r'<span[^>]*class="MAC"[^>]*>(?:<span[^>]*>[^<]*</span>|[^<])*</span>')
TAG = re.compile(r"<[^>]+>")


def read(folder):
    for path in sorted((folder / "usr/share/libreoffice/help/en-US/text").rglob("*.html")):
        document = parse(path.stem, path.read_text(encoding="utf-8", errors="replace"))
        if document.texts:
            yield document


def parse(key, page):
    texts, titles = [], []
    for kind, content in BLOCK.findall(page):
        block = one_line(html.unescape(TAG.sub("", MAC.sub("", content))))
        if kind == "p":
            texts += sentences(block)
        elif block:
            titles.append(block)
    return Document("office-help", key, [text for text in texts if len(text) >= 8], titles, topics=titles[:1])
