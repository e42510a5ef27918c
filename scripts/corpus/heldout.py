"""Texts that no training may see: everything that shares a sentence with them, or is one of them, is left out."""

import json

from text import normalized_sentences

LEAST_WORDS = 6


class HeldOut:
    """`sentences` of six words and more, `texts` as wholes, and `names` of held-out documents."""

    def __init__(self, evaluation):
        self.sentences, self.texts = set(), set()
        # Recipes with a third field of false were seen in training by the teacher's reference student as well, and are
        # there to be searched, not held out.
        recipes = [part for title, text, held_out in evaluation["recipes"] if held_out for part in (title, text)]
        listed = [text for part in ("texts", "items", "queries") for _, text in evaluation[part]]
        for text in recipes + listed:
            self.texts.add(text)
            self.sentences.update(normalized_sentences(text, LEAST_WORDS))
        # An item's text begins with its title where it is a film: "the black rose . the black rose is a 1950 ...".
        films = {text.split(" . ")[0] for source, text in evaluation["items"] if source == "film"}
        titles = {title for title, _, held_out in evaluation["recipes"] if held_out}
        self.names = {"films": films, "film-titles": films, "recipes": titles}

    @classmethod
    def load(cls, path):
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def shares_a_sentence(self, normalized):
        """Whether a text has a sentence of six or more words in common with the held-out texts."""
        if normalized in self.texts and normalized.count(" ") + 1 >= LEAST_WORDS:
            return True
        return any(sentence in self.sentences for sentence in normalized_sentences(normalized, LEAST_WORDS))

    def is_named(self, source, names):
        """Whether a document bears the name of a held-out one: the same film or recipe, described elsewhere."""
        return not self.names.get(source, set()).isdisjoint(names)

    def is_text(self, normalized):
        """Whether a text, however short, is a held-out one: a title or a query that happens to be the same."""
        return normalized in self.texts
