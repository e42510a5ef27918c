#!/usr/bin/env python3
"""Extracts MovieLens small (2016) from Debian's r-cran-dslabs package: 9,066 films and 100,004 ratings.

Usage: movielens.py OUT_DIR [r-cran-dslabs_VERSION_all.deb]

Writes OUT_DIR/items.jsonl (id, title as GroupLens writes it, year, genres) and OUT_DIR/interactions.csv (user, item,
rating, timestamp in seconds).
Without a .deb it is fetched by `apt-get download` (needs apt's lists: `apt-get update`) and unpacked by dpkg-deb.
The data are GroupLens' and may be passed on only under their conditions: www/demo/films/LICENSE-MovieLens.txt.

The package holds R's lazy-load database, so this file has a reader for the part of R's serialization format (XDR,
versions 2 and 3) that plain data frames use; R itself is not needed.
"""

import csv
import gzip
import json
import lzma
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

# dslabs split "Title (year)" into two columns and lost both where GroupLens' file has no plain year at the end.
WITHOUT_YEAR = {
    108548: ("Big Bang Theory, The", 2007),
    108583: ("Fawlty Towers", 1975),
    143410: ("Hyena Road", 2015),
    151307: ("The Lovers and the Despot", 2016),
    162376: ("Stranger Things", 2016),
}
NA_INTEGER = -(2**31)


class RReader:
    """Reads one serialized R value; vectors become lists, and named lists and data frames become dicts."""

    def __init__(self, data):
        self.data, self.at, self.references = data, 0, []
        if self.take(2) != b"X\n":
            raise ValueError("expected R's XDR serialization (it begins with 'X' and a newline)")
        version, _, _ = self.integers(3)
        if version == 3:
            self.take(self.integers(1)[0])  # the name of the native encoding
        elif version != 2:
            raise ValueError(f"R serialization version {version} found, 2 or 3 expected")

    def take(self, count):
        chunk = self.data[self.at : self.at + count]
        self.at += count
        return chunk

    def integers(self, count):
        return struct.unpack(f">{count}i", self.take(4 * count))

    def value(self):
        flags = self.integers(1)[0]
        kind, has_attributes, has_tag = flags & 0xFF, flags & 0x200, flags & 0x400
        if kind == 254:  # NULL
            return None
        if kind == 255:  # a symbol seen before
            return self.references[(flags >> 8) - 1]
        if kind == 1:  # symbol
            symbol = self.value()
            self.references.append(symbol)
            return symbol
        if kind == 9:  # one string; a length of -1 is NA
            length = self.integers(1)[0]
            return None if length < 0 else self.take(length).decode("latin-1" if flags & 0x4000 else "utf-8")
        if kind == 2:  # pairlist: attributes by name
            pairs = {}
            while kind == 2:
                if has_attributes:
                    self.value()
                tag = self.value() if has_tag else None
                pairs[tag] = self.value()
                flags = self.integers(1)[0]
                kind, has_attributes, has_tag = flags & 0xFF, flags & 0x200, flags & 0x400
            return pairs
        length = self.integers(1)[0]
        if kind in (10, 13):  # logical, integer
            items = [None if x == NA_INTEGER else x for x in self.integers(length)]
        elif kind == 14:  # real
            items = list(struct.unpack(f">{length}d", self.take(8 * length)))
        elif kind in (16, 19):  # strings, list
            items = [self.value() for _ in range(length)]
        else:
            raise ValueError(f"R value of type {kind} found; only plain data frames are understood")
        attributes = self.value() if has_attributes else {}
        if "levels" in attributes:  # a factor: numbers from 1 that stand for strings
            return [None if x is None else attributes["levels"][x - 1] for x in items]
        return dict(zip(attributes["names"], items, strict=True)) if kind == 19 and "names" in attributes else items


def load_data_frame(package_root, name):
    base = package_root / "usr/lib/R/site-library/dslabs/data/Rdata"
    index = RReader(gzip.decompress(base.with_suffix(".rdx").read_bytes())).value()["variables"]
    offset, length = index[name]
    with base.with_suffix(".rdb").open("rb") as database:
        database.seek(offset)
        record = database.read(length)[4:]  # the first four bytes are the length once decompressed
    if record[:1] == b"Z":
        raw = lzma.decompress(record[1:], lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 6}])
    else:
        raw = zlib.decompress(record)
    return RReader(raw).value()


def main(out, package=None):
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        if package is None:
            fetch = ["apt-get", "-o", "APT::Sandbox::User=root", "-q", "download", "r-cran-dslabs"]
            subprocess.run(fetch, cwd=scratch, check=True, stdout=sys.stderr)
            package = next(Path(scratch).glob("r-cran-dslabs_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, f"{scratch}/root"], check=True)
        frame = load_data_frame(Path(scratch, "root"), "movielens")
    columns = ("movieId", "title", "year", "genres", "userId", "rating", "timestamp")
    rows = list(zip(*(frame[column] for column in columns), strict=True))
    films = {row[0]: row[1:4] for row in rows}
    with (out / "items.jsonl").open("w", encoding="utf-8") as file:
        for movie, (title, year, genres) in sorted(films.items()):
            genres = [] if genres == "(no genres listed)" else genres.split("|")
            title, year = WITHOUT_YEAR.get(movie, (title, year))
            item = {"id": movie, "title": " ".join(title.split()), "year": year, "genres": genres}
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
    with (out / "interactions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["user", "item", "rating", "timestamp"])
        for movie, _, _, _, user, rating, timestamp in sorted(rows, key=lambda row: (row[4], row[6], row[0])):
            writer.writerow([user, movie, f"{rating:g}", timestamp])
    print(f"{len(films)} films, {len(rows)} ratings -> {out}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
