"""Sentences, BERT's normalization, and the keys under which two texts count as one."""

import re

MAX_CHARACTERS = 330  # about 75 word pieces: a student with 128 positions sees every text whole
MIN_CHARACTERS = 25  # shorter sentences join a neighbor

SENTENCE_END = re.compile(r"(?<=[.!?;])[\"'”’)]*\s+(?=[A-Z\"'“‘(0-9])")
# A period after these ends no sentence.
ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Jr|Sr|No|Vol|vs|etc|Lt|Sgt|Capt|Col|Gen|Prof|Inc|Bros|ca|cf|lit|transl|[ei]\.[eg]))\.$"
)
SENTENCE_MARKS = [re.compile(r" [.!?](?= |$)"), re.compile(r" [.!?;](?= |$)")]
WORD = re.compile(r"[^\W_]+")
ASCII_PUNCTUATION = re.compile(r"([^a-z0-9 ])")
DIGITS = re.compile(r"\d+")
LETTER = re.compile(r"[^\W\d_]")


def one_line(text):
    return " ".join(text.split())


def clause(text):
    """What a definition begins with: "a large boat; especially one with sails" -> "a large boat"."""
    return re.split(r" ?[;:(.]", text, maxsplit=1)[0].strip()


def sentences(text):
    """The sentences of a text; fragments join a neighbor, long sentences are cut at punctuation."""
    whole = []
    for piece in _split(one_line(text)):
        joins = whole and (len(piece) < MIN_CHARACTERS or len(whole[-1]) < MIN_CHARACTERS)
        if joins and len(whole[-1]) + len(piece) < MAX_CHARACTERS:
            whole[-1] += " " + piece
        else:
            whole.append(piece)
    return whole


def _split(text):
    start = 0
    for end in SENTENCE_END.finditer(text):
        if not ABBREVIATION.search(text[start : end.start()]):
            yield from _cut(text[start : end.end()].strip())
            start = end.end()
    yield from _cut(text[start:].strip())


def _cut(sentence):
    while len(sentence) > MAX_CHARACTERS:
        window = sentence[:MAX_CHARACTERS]
        at = max(window.rfind(mark, 60) for mark in (", ", ": ", " – ", " -- "))
        at = at + 1 if at > 0 else window.rfind(" ", 60)
        at = at if at > 0 else MAX_CHARACTERS
        yield sentence[:at].strip()
        sentence = sentence[at:].strip()
    if sentence:
        yield sentence


class Normalizer:
    """Text as BERT's pre-tokenizer sees it: lower case, no accents, spaces around punctuation."""

    MAX_WORD = 60  # longer words are checksums, keys and rulers of dashes

    def __init__(self, tokenizer_json):
        # Imported here: everything else in this folder runs, and is tested, without this one dependency.
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(tokenizer_json))
        self.normalize_str = tokenizer.normalizer.normalize_str
        self.pre_tokenize_str = tokenizer.pre_tokenizer.pre_tokenize_str

    def __call__(self, text):
        if text.isascii() and text.isprintable():
            # Nineteen texts of twenty, and ten times faster: no accents to take off, and all that is no letter, digit
            # or space is punctuation.
            words = ASCII_PUNCTUATION.sub(r" \1 ", text.lower()).split()
            return " ".join(word for word in words if len(word) <= self.MAX_WORD)
        words = self.pre_tokenize_str(self.normalize_str(text))
        return " ".join(word for word, _ in words if len(word) <= self.MAX_WORD)


def is_prose(normalized):
    """Whether a normalized text is language rather than a table, a path or a line of symbols."""
    return len(normalized) >= 3 and len(LETTER.findall(normalized)) >= 0.55 * len(normalized.replace(" ", ""))


def sameness(normalized):
    """The key under which texts are duplicates: words alone, all numbers alike ("version 3" and "version 4")."""
    return " ".join("0" if DIGITS.fullmatch(word) else word for word in WORD.findall(normalized))


def normalized_sentences(normalized, least_words=6):
    """The sentences inside a normalized text, of at least so many words, without the mark that ends them.

    Cut at every mark that can end a sentence, once with and once without semicolons, so that two texts that share a
    sentence share a piece, however each of them was put together. Words are counted as whitespace separates them.
    """
    pieces = {piece.strip(" .!?;"): None for mark in SENTENCE_MARKS for piece in mark.split(normalized)}
    return [piece for piece in pieces if piece.count(" ") + 1 >= least_words]
