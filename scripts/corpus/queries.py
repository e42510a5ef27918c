"""What a person might type to find a document: spans and keywords of its texts, and questions about its topics.

Every document has random numbers of its own, seeded by its key, so that another source or another document changes
no query here.
"""

import re
from random import Random

# Documents in a thousand that get a span or keywords, and documents in a thousand that get a question, by source.
RATES = {
    "films": (3000, 4000),
    "recipes": (2500, 4000),
    "chat": (1500, 0),
    "everyday": (0, 200),
    "games": (2000, 0),
    "austen": (4000, 0),
    "moby-dick": (4000, 0),
    "speeches": (3000, 0),
    "packages": (350, 250),
    "wordnet": (60, 250),
    "foldoc": (250, 350),
    "jargon": (250, 350),
    "devil": (250, 250),
    "office-help": (2500, 1500),
    "gcide": (60, 100),
    "film-titles": (0, 1500),
}

ABOUT_A_FILM = [
    "movies like {0}",
    "something like {0}",
    "{0}",
    "{0} movie",
    "who directed {0}?",
    "what should i watch if i liked {0}?",
    "i loved {0}, what would you recommend next?",
    "a film about {1}",
    "movie about {1}",
    "films with {1}",
    "is there a movie where {1}?",
]
ABOUT_A_WORD = [
    "what does {0} mean?",
    "what is {0}?",
    "{0} definition",
    "{0} meaning",
    "what is the word for {1}?",
    "a book about {0}",
    "i am looking for something about {0}",
    "can you recommend a book on {0}?",
    "what do you think of {0}?",
    "tell me about {0}",
    "where can i learn about {0}?",
    "{0} for beginners",
    "a gift for someone who likes {0}",
    "music for {0}",
    "what would you advise me about {0}?",
]
TEMPLATES = {
    "films": ABOUT_A_FILM,
    "film-titles": [template for template in ABOUT_A_FILM if "{1}" not in template],
    "recipes": [
        "{0}",
        "{0} recipe",
        "how to make {0}",
        "how do i cook {0}?",
        "recipe with {1} and {2}",
        "{1} and {2} dish",
        "what can i make with {1} and {2}?",
        "something with {1}, {2} and {3}",
        "dinner with {1}",
        "can i replace {1} with {2}?",
        "i have {1} at home, what should i cook?",
    ],
    "packages": [
        "{0}",
        "{0} for linux",
        "open source {0}",
        "is there a program for {0}?",
        "what should i install for {0}?",
        "best {0}",
        "how can i {1}?",
        "a tool that {1}",
        "library for {1}",
    ],
    "office-help": [
        "how do i {1}?",
        "{0}",
        "{0} in a spreadsheet",
        "where do i find {0}?",
        "help with {0}",
        "{0} does not work",
    ],
    "everyday": ["how do i say {1}?", "why {1}?", "what would you do if {1}?"],
}
STOP_WORDS = frozenset(
    "about above after again against also although among another anything because been before being below between "
    "both cannot contains could does doing down during each either else every from further have having here hers "
    "herself himself however into itself just like many more most much must myself never nothing only other others "
    "ourselves over package provides rather same several shall should since some something such than that their "
    "theirs them themselves then there these they this those though through thus together under until upon used "
    "very well were what whatever when where whether which while whom whose will with within without would your "
    "yours yourself".split()
)
TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def make(document, seed):
    """The document's queries, none for most documents of a source with many."""
    random = Random(f"{seed}/{document.source}/{document.key}")
    pieces, questions = (_count(random, rate) for rate in RATES[document.source])
    queries = [_piece(random, document.texts) for _ in range(pieces)] if document.texts else []
    templates = TEMPLATES.get(document.source, ABOUT_A_WORD)
    queries += [_question(random, random.choice(templates), document) for _ in range(questions)]
    return [query for query in queries if query]


def _count(random, rate):
    """How many, so that the mean is rate / 1000."""
    whole, part = divmod(rate, 1000)
    return whole + (random.randrange(1000) < part)


def _span(random, words, least=2, most=6):
    start = random.randrange(max(1, len(words) - most + 1))
    return " ".join(words[start : start + random.randint(least, most)])


def _piece(random, texts):
    """Some words in a row, or the longer words of a text in any order, as people type keywords."""
    words = TOKEN.findall(random.choice(texts))
    if random.random() < 0.5:
        span = _span(random, words)
        # "it is in the" is nothing that anybody looks for.
        return span if any(len(word) > 3 and word.lower() not in STOP_WORDS for word in span.split()) else ""
    keywords = sorted({word.lower() for word in words if len(word) > 3} - STOP_WORDS)
    return " ".join(random.sample(keywords, min(len(keywords), random.randint(1, 4))))


def _question(random, template, document):
    """A template with the document's first topic and, where it asks for more, other topics or a span of a text."""
    wanted = 1 + max((int(slot) for slot in re.findall(r"\{(\d)\}", template)), default=0)
    topics = document.topics[:1]
    if len(document.topics) > 1:
        others = document.topics[1:]
        topics = topics + random.sample(others, min(len(others), wanted))
    elif document.texts:
        topics = (topics or [""]) + [_span(random, TOKEN.findall(random.choice(document.texts)), 2, 7).lower()]
    return template.format(*topics) if len(topics) >= wanted and all(topics[1:wanted]) else ""
