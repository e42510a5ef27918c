"""Which documents train, which validate and which are held out."""

import hashlib

SEED = 20261123
SPLITS = ("train", "validation", "heldout")
VALIDATION_PER_MILLE = 10
HELDOUT_PER_MILLE = 10


def split_of(source, key, seed=SEED):
    """By a hash of the document's key alone: the same today, tomorrow and beside any other documents."""
    digest = hashlib.sha256(f"{seed}/{source}/{key}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") % 1000
    if place < VALIDATION_PER_MILLE:
        return "validation"
    return "heldout" if place < VALIDATION_PER_MILLE + HELDOUT_PER_MILLE else "train"
