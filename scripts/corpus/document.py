"""What every source yields."""

from dataclasses import dataclass, field


@dataclass
class Document:
    """One entry, page, recipe, conversation or block of paragraphs: the unit that is split and held out as a whole.

    `key` decides the split. Documents that tell the same story under one key (the packages of one piece of software)
    therefore end up on the same side.
    """

    source: str
    key: str
    texts: list[str]  # sentences in reading order
    titles: list[str] = field(default_factory=list)  # names and headings, a text each
    topics: list[str] = field(
        default_factory=list
    )  # words and phrases that queries are made from: what a person might type to find this document
