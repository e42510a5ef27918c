"""Film titles: GroupLens' spelling made readable, and the keys under which two spellings of one title meet."""

import re
import unicodedata
from functools import cache

ARTICLES = "The|A|An|La|Le|Les|L'|El|Los|Las|Lo|Il|I|Gli|Der|Die|Das|Det|Den|De|Het|Un|Une|Una|Ein|Eine|En|Ett|O|Os|As"

# Only articles that are nothing else in English: "I, Robot" keeps its I.
LEADING = {"the", "a", "an", "la", "le", "les", "l", "el", "il", "der", "das"}

NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def article_first(phrase):
    """'Postino, Il' -> 'Il Postino'; other phrases are left alone."""
    moved = re.fullmatch(rf"(.+), ({ARTICLES})", phrase)
    if not moved:
        return phrase
    return moved[2] + ("" if moved[2].endswith("'") else " ") + moved[1]


def split(title):
    """'Postman, The (Postino, Il)' -> ('Postman, The', ['Postino, Il'])"""
    # GroupLens nests parentheses once at most: "To Have, or Not (En avoir (ou pas))".
    others = re.findall(r" \(((?:[^()]|\([^()]*\))*)\)", title)
    main = re.sub(r" \((?:[^()]|\([^()]*\))*\)", "", title)
    return main, others


def readable(title):
    """'Postman, The (Postino, Il)' -> 'The Postman (Il Postino)'; a second title that says nothing new is dropped."""
    main, others = split(title)
    main = article_first(main)
    kept = [article_first(other) for other in others]
    kept = [other for other in kept if key(other) != key(main)]
    return " ".join([main, *(f"({other})" for other in kept)])


def key(phrase):
    """What is left of a title without case, accents, punctuation and a leading article; small numbers become digits."""
    phrase = (
        article_first(phrase).lower().replace("&", " and ").replace("½", " 1/2").replace("ø", "o").replace("ł", "l")
    )
    decomposed = unicodedata.normalize("NFKD", phrase)
    words = re.findall(r"\w+", "".join(c for c in decomposed if not unicodedata.combining(c)))
    if len(words) > 1 and words[0] in LEADING:
        words = words[1:]
    return " ".join(str(NUMBERS.index(word)) if word in NUMBERS else word for word in words)


@cache
def keys(title):
    """The keys of every name that a title carries: the main one, translations and 'a.k.a.' names."""
    main, others = split(title)
    names = [main, *(re.sub(r"^a\.k\.a\. ?", "", other) for other in others)]
    return frozenset(key(name) for name in names) - {""}


def halves(phrase):
    """The keys of what stands before and after a colon; nothing where there is no colon."""
    before, colon, after = phrase.partition(":")
    return {key(before), key(after)} - {""} if colon else set()
