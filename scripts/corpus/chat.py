"""Conversations: how people write to each other, which dictionaries and descriptions do not teach."""

import json
import re

from document import Document
from text import one_line, sentences

# Addresses, telephone numbers and the like of the people who wrote; and a cat on the keyboard.
PRIVATE = re.compile(r"https?:|www\.|@|\d{6,}|\d{3}[-. ]\d{3,4}")
SPAM = re.compile(r"(.)\1{4,}|(\b\w+\b)(?: \2){3,}")
LEAST_WORDS = 3


def read(folder):
    conversations = json.loads((folder / "chitchat_dataset/dataset.json").read_text(encoding="utf-8"))
    for key, conversation in sorted(conversations.items()):
        texts = []
        for turn in conversation["messages"]:
            for message in turn:
                text = one_line(message["text"])
                if len(text.split()) >= LEAST_WORDS and not PRIVATE.search(text) and not SPAM.search(text):
                    texts += sentences(text)
        # Every conversation was begun by one of a few hundred questions.
        yield Document("chat", key, texts, titles=[one_line(conversation.get("prompt") or "")])


def read_sentence_pairs(folder):
    """The English side of Chinese sentences for learners: everyday talk in short, plain sentences."""
    path = folder / "hsk_sentences_audio/data/sentences.json"
    for pair in json.loads(path.read_text(encoding="utf-8")):
        yield Document("everyday", pair["id"], [one_line(pair["translation"]["en"])])
