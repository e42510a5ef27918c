"""Introductions of films from Wikipedia, and on request the titles of the demo's catalog."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from document import Document
from text import sentences

sys.path.append(str(Path(__file__).parent.parent / "data"))
import introductions  # noqa: E402


def read(folder):
    path = folder / "recommending_movies/data/movie_summaries.json"
    for article, text in json.loads(path.read_text(encoding="utf-8")).items():
        title = re.sub(r" \((?:\d{4} )?film\)$", "", article)
        subject = introductions.Subject(text)
        # A text is not always about the film it was looked up for, so it names itself, or stays without a title.
        titles = [title] if subject.is_film and subject.is_called(title, introductions.titles.key(title)) else []
        yield Document("films", title, sentences(introductions.tidy(text)), titles, topics=titles)


@dataclass(frozen=True)
class Listed:
    """A film as Wikipedia's lists of a year's American films have it."""

    title: str
    year: int
    genres: tuple[str, ...]  # Wikipedia's words: "Science Fiction", "Animated"
    cast: tuple[str, ...]


A_PERSON = re.compile(r"[A-ZÀ-Þ][\w.'’-]*(?: [\w.'’-]+){0,2} [A-ZÀ-Þ][\w.'’-]*")


def read_list(folder):
    """Titles, years, genres and casts; no prose. Columns that hold something else now and then are cleared of it."""
    for film in json.loads((folder / "package/src/movies.json").read_text(encoding="utf-8")):
        cast = tuple(name for name in film["cast"] if len(name) < 30 and A_PERSON.fullmatch(name))
        yield Listed(film["title"], film["year"], tuple(film["genres"]), cast)


def read_titles(items):
    """The demo's films by title, year and genres. GroupLens' conditions hold for them: see docs/corpus.md."""
    for line in items.read_text(encoding="utf-8").splitlines():
        film = json.loads(line)
        genres = " ".join(film["tags"]).lower()
        titles = [film["title"], f"{film['title']} ({film['year']}) {genres}".strip()]
        yield Document("film-titles", film["title"], [], titles, topics=titles[:1])
