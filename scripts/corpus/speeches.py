"""State of the Union addresses, 1790 to 2021: works of the United States' government, in the public domain."""

import json

from document import Document
from text import sentences

SENTENCES_IN_A_DOCUMENT = 40


def read(folder):
    for path in sorted((folder / "package/data").glob("[12]*.json")):
        address = json.loads(path.read_text(encoding="utf-8"))
        whole = sentences(address["text"])
        for start in range(0, len(whole), SENTENCES_IN_A_DOCUMENT):
            yield Document("speeches", f"{path.stem}/{start}", whole[start : start + SENTENCES_IN_A_DOCUMENT])
