"""The parsers, the sentences, the split and what is held out: python3 -m unittest discover scripts/corpus"""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import build  # noqa: E402
import check  # noqa: E402
import dictionaries  # noqa: E402
import finish  # noqa: E402
import games  # noqa: E402
import gcide  # noqa: E402
import help_pages  # noqa: E402
import package_descriptions  # noqa: E402
import queries  # noqa: E402
import recipes  # noqa: E402
import report  # noqa: E402
import text  # noqa: E402
import wordnet  # noqa: E402
from document import Document  # noqa: E402
from fetch import read_packages, sha256  # noqa: E402
from films import Listed, read_list  # noqa: E402
from heldout import HeldOut  # noqa: E402
from split import SPLITS, split_of  # noqa: E402


def normalize(raw):
    """Near enough to BERT's for tests without the tokenizer."""
    return " ".join(text.re.findall(r"\w+|[^\w\s]", raw.lower()))


class Sentences(unittest.TestCase):
    def test_a_text_is_split_where_sentences_end(self):
        self.assertEqual(
            text.sentences("It was directed by Lee Unkrich. The film stars Tom Hanks as Woody! Was it a success?"),
            ["It was directed by Lee Unkrich.", "The film stars Tom Hanks as Woody! Was it a success?"],
        )

    def test_an_abbreviation_ends_no_sentence(self):
        whole = "He was introduced to Mr. Darcy and to Dr. Watson on the same long evening."
        self.assertEqual(text.sentences(whole), [whole])

    def test_long_sentences_are_cut_and_lose_no_word(self):
        whole = "one two three, four five six " * 60
        pieces = text.sentences(whole)
        self.assertGreater(len(pieces), 3)
        self.assertTrue(all(len(piece) <= text.MAX_CHARACTERS for piece in pieces))
        self.assertEqual(" ".join(pieces).split(), whole.split())

    def test_texts_that_differ_in_numbers_and_marks_alone_are_the_same(self):
        self.assertEqual(text.sameness("version 3 . 9 of it"), text.sameness("version 3 . 10 of it !"))
        self.assertNotEqual(text.sameness("version of it"), text.sameness("version of them"))

    def test_tables_and_paths_are_no_prose(self):
        self.assertTrue(text.is_prose("a small boat"))
        self.assertFalse(text.is_prose("| 1 | 2 | 3 |"))

    def test_sentences_inside_a_normalized_text_have_six_words_and_no_mark(self):
        self.assertEqual(
            text.normalized_sentences("yes . it is the last film of the series . is it ?"),
            ["it is the last film of the series"],
        )
        self.assertEqual(
            text.normalized_sentences(
                "to run slowly ; to grind or grovel . see also : to move as a snail moves ; slow ."
            ),
            [
                "to run slowly ; to grind or grovel",
                "see also : to move as a snail moves ; slow",
                "see also : to move as a snail moves",
            ],
        )


class Normalization(unittest.TestCase):
    def test_the_quick_way_for_ascii_says_what_the_tokenizer_says(self):
        tokenizer = Path(os.environ.get("INGLENOOK_CACHE", "~/.cache/inglenook")).expanduser()
        tokenizer = tokenizer / "models/all-MiniLM-L6-v2/tokenizer.json"
        try:
            normalizer = text.Normalizer(tokenizer)
        except Exception as error:
            self.skipTest(f"no tokenizer: {error}")
        printable = "".join(map(chr, range(32, 127)))
        for raw in (printable, " ".join(printable), "Don't use  libfoo_bar2-dev (>= 1.0), OK?", "x" * 61 + " y"):
            slow = [word for word, _ in normalizer.pre_tokenize_str(normalizer.normalize_str(raw)) if len(word) <= 60]
            self.assertEqual(normalizer(raw), " ".join(slow))


class Parsers(unittest.TestCase):
    def test_wordnet(self):
        line = '02084071 05 n 02 dog 0 domestic_dog(a) 0 001 @ 1 n 0000 | a common animal; "the dog barked all night"\n'
        document = wordnet.parse(line)
        self.assertEqual(document.texts, ["dog, domestic dog: a common animal", "the dog barked all night"])
        self.assertEqual((document.key, document.titles), ("dog", ["dog"]))

    def test_gcide_loses_etymology_attribution_and_remarks(self):
        entry = (
            'Affect \\Af*fect"\\, v. t. [L. affectus, AS. [=a]f.\n   See {Fact}.]\n'
            "   1. To act upon; to produce an effect.\n"
            "      [1913 Webster]\n\n            As might affect the earth with cold heat. --Milton.\n"
        )
        self.assertEqual(
            gcide.parse("Affect", entry).texts,
            ["To act upon; to produce an effect.", "As might affect the earth with cold heat."],
        )

    def test_dictionaries_lose_references(self):
        body = "\n   <theory> A model for {concurrency} by {Carl Hewitt}, used everywhere.\n\n   (1999-11-23)\n"
        document = dictionaries.parse("foldoc", "Actors", body)
        self.assertEqual(document.texts, ["Actors: A model for concurrency by Carl Hewitt, used everywhere."])

    def test_packages_of_one_software_share_a_key(self):
        names = ["python3-numpy", "python-numpy-doc", "numpy", "libnumpy-dev"]
        self.assertEqual({package_descriptions.stem(name) for name in names}, {"numpy"})

    def test_what_is_said_of_thousands_of_packages_is_left_out(self):
        stanza = (
            "Package: libzoom-dev\nDescription-md5: 0\nDescription-en: zooming library\n Zoom enlarges things.\n .\n"
            " This package contains the development files for zoom.\n .\n This package provides a lens of glass.\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "Translation-en.txt").write_text(stanza)
            (document,) = package_descriptions.read(Path(folder))
        self.assertEqual(document.texts, ["Zoom enlarges things.", "This package provides a lens of glass."])
        self.assertEqual(document.key, "zoom")

    def test_paragraphs_of_a_description(self):
        body = " A tool for\n lists.\n .\n It has:\n  * one\n  * two\n"
        self.assertEqual(list(package_descriptions.paragraphs(body)), ["A tool for lists.", "It has:", "one", "two"])

    def test_help_pages_leave_menus_out(self):
        page = '<p>Menu</p><h1 id="hd_1">Zoom</h1><p id="par_2">Enlarges &amp; <b>reduces</b>'
        page += '<span class="MAC"><span class="key">Command</span></span><span> on Ctrl</span>.</p>'
        document = help_pages.parse("zoom", page)
        self.assertEqual((document.titles, document.texts), (["Zoom"], ["Enlarges & reduces on Ctrl."]))

    def test_the_food_in_an_ingredient(self):
        self.assertEqual(recipes.food("2 cups (480 ml) milk, warmed"), "milk")
        self.assertEqual(recipes.food("½ teaspoon ground cumin"), "ground cumin")
        self.assertEqual(recipes.food("garlic"), "garlic")

    def test_dialogue_of_games(self):
        self.assertEqual(games.WESNOTH.findall('message= _ "He said ""no"" to me."'), ['He said ""no"" to me.'])
        (document,) = games.blocks("games", "one", ["<b>Where</b> are we going, $unit.name?"])
        self.assertEqual(document.texts, ["Where are we going, ?"])


class Queries(unittest.TestCase):
    document = Document("films", "Sunrise", ["A farmer meets a woman from the city."], topics=["Sunrise"])

    def test_the_same_document_gets_the_same_queries(self):
        self.assertEqual(queries.make(self.document, 1), queries.make(self.document, 1))
        self.assertNotEqual(queries.make(self.document, 1), queries.make(self.document, 2))

    def test_no_template_is_left_unfilled(self):
        for source, templates in queries.TEMPLATES.items():
            bare = Document(source, "bare", [])
            for seed in range(50):
                self.assertFalse([query for query in queries.make(bare, seed) if "{" in query], templates)


class Splits(unittest.TestCase):
    def test_one_document_in_a_hundred_validates_and_one_is_held_out(self):
        places = [split_of("wordnet", str(key)) for key in range(20_000)]
        self.assertEqual(set(places), set(SPLITS))
        for split in ("validation", "heldout"):
            self.assertAlmostEqual(places.count(split) / len(places), 0.01, delta=0.003)

    def test_the_split_never_changes(self):
        self.assertEqual([split_of("wordnet", key) for key in ("dog", "w76", "w97")], ["train", "train", "train"])


EVALUATION = {
    "texts": [["wordnet", "a native or inhabitant of sardinia"], ["title", "green tea"]],
    "items": [["film", "the black rose . the black rose is a 1950 adventure film . it was shot in morocco ."]],
    "queries": [["film", "one trick pony"]],
    "recipes": [
        ["shakshuka", "poach the eggs in the sauce .", True],
        ["tea eggs", "boil the eggs for three minutes .", False],
    ],
}


class Corpus(unittest.TestCase):
    def kept(self, *documents, held_out=True):
        corpus = build.Corpus(normalize, HeldOut(EVALUATION) if held_out else None)
        for document in documents:
            corpus.add(document)
        return [kept.texts for kept in corpus.kept]

    def test_a_document_that_shares_a_sentence_is_left_out_whole(self):
        document = Document(
            "chat", "a", ["I know it: the black rose is a 1950 adventure film", "Yes, and a good one it was."]
        )
        shared = Document(
            "chat", "b", ["Really? The Black Rose is a 1950 adventure film!", "Yes, and a better one it was."]
        )
        self.assertEqual(self.kept(shared), [])
        self.assertEqual(len(self.kept(document)), 1)

    def test_a_document_with_a_held_out_name_is_left_out(self):
        self.assertEqual(self.kept(Document("films", "The Black Rose", ["An adventure."], ["The Black Rose"])), [])
        self.assertEqual(self.kept(Document("recipes", "Shakshuka", ["Eggs in tomatoes."], ["Shakshuka"])), [])

    def test_recipes_that_are_not_held_out_stay(self):
        self.assertEqual(len(self.kept(Document("recipes", "Tea eggs", ["Boil the eggs for three minutes."]))), 1)

    def test_short_texts_that_are_held_out_go_and_their_documents_stay(self):
        document = Document("wordnet", "tea", ["green tea", "a drink from leaves"], ["one trick pony"])
        self.assertEqual(self.kept(document), [["a drink from leaves"]])

    def test_repeated_texts_stay_once(self):
        first, again = (
            Document("chat", "a", ["Hello there, you!"]),
            Document("chat", "b", ["hello there you", "Quite so."]),
        )
        self.assertEqual(self.kept(first, again), [["hello there , you !"], ["quite so ."]])

    def test_a_written_corpus_passes_its_check_and_its_lines_are_where_sources_json_says(self):
        corpus = build.Corpus(normalize)
        for number in range(400):
            word = "".join(chr(97 + int(digit)) for digit in str(number))
            corpus.add(Document("everyday", word, [f"The {word} is here.", f"Where is the {word}?"], [word]))
        corpus.add_queries()
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            layout = build.write(corpus.kept, ["everyday", "title", "query"], out)
            files = {f"{split}.txt": {"sha256": sha256(out / f"{split}.txt"), "bytes": 1} for split in SPLITS}
            statistics = {"splits": layout, "files": files, "packages": [], "sources": {}, "dropped": {}, "seed": 1}
            (out / "statistics.json").write_text(json.dumps(statistics))
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                self.assertEqual(list(check.check(out)), [])
            self.assertIn("0 shared with held-out texts, 0 repeated", printed.getvalue())
            lines = (out / "train.txt").read_text().split("\n")
            for row in layout["train"]:
                part = lines[row["first_line"] - 1 : row["first_line"] - 1 + row["lines"]]
                self.assertEqual({line.split("\t")[0] for line in part if line}, {row["source"]})
                self.assertEqual(sum(map(bool, part)), row["texts"])
            self.assertIn("| everyday |", report.tables({**statistics, "held_out_file": None}))


class Packages(unittest.TestCase):
    def test_every_package_names_its_license_and_hash(self):
        for package in read_packages():
            self.assertTrue(package["license"] and len(package["sha256"]) == 64, package)

    def test_every_source_has_rates_for_its_queries(self):
        self.assertLessEqual(set(queries.TEMPLATES), set(queries.RATES))


class Finish(unittest.TestCase):
    INTRODUCTION = Document(
        "films",
        "Vertigo",
        [
            "Vertigo is a 1958 American thriller film directed by Alfred Hitchcock, starring James Stewart and Kim Novak.",
            "Stewart plays a detective who is afraid of heights.",
        ],
        ["Vertigo"],
    )

    def films(self, seed):
        return finish.Films([self.INTRODUCTION], ["Ordinary Boats", "A Day"], ["harbor", "lantern"], Random(seed))

    def test_an_invented_film_has_a_title_a_year_and_genres_before_its_introduction(self):
        texts = [self.films(seed).text() for seed in range(40)]
        for text in texts:
            self.assertRegex(text, r"^(Ordinary Boats|A Day)[^.]* \((19|20)\d\d\)\. [A-Z][\w-]+(, [A-Z][\w-]+)*\.")
        self.assertTrue(any("directed by" in text for text in texts))
        self.assertTrue(any(text.endswith(".") and "directed by" not in text for text in texts))

    def test_the_title_takes_the_place_of_the_old_one_and_people_are_exchanged_throughout(self):
        exchanged = 0
        for seed in range(40):
            body, _ = self.films(seed).introduction("A Day", "1990")
            self.assertNotIn("Vertigo", body)
            self.assertIn("1990", body)
            if "Stewart plays" not in body and " plays a detective" in body:
                last = body.split(" plays a detective")[0].split(" ")[-1]
                exchanged += f"{last} and" in body or f"{last}." in body
        self.assertGreater(exchanged, 5)

    def test_the_same_seed_invents_the_same(self):
        self.assertEqual(self.films(3).text(), self.films(3).text())
        self.assertNotEqual(self.films(3).text(), self.films(4).text())

    LISTED = Listed("Calm Water", 1994, ("Science Fiction", "Comedy"), ("Ann Lee", "Bo Carr", "Cy Dahl"))

    def named(self, seed, listed=(LISTED,)):
        return finish.Films([self.INTRODUCTION], ["A Day"], ["harbor"], Random(seed), listed, 1.0)

    def test_a_film_of_the_list_keeps_its_name_year_genres_and_cast(self):
        texts = [self.named(seed).listed_text() for seed in range(80)]
        whole = [text for text in texts if "(1994). " in text]
        for text in whole:
            self.assertRegex(text, r"^Calm Water \(1994\)\. ([A-Z][\w-]+, )*Comedy,.*Sci-Fi")
        told = [text for text in whole if "directed by" in text]
        self.assertGreater(len(told), 20)
        for text in told:
            self.assertIn("Ann Lee", text)
            self.assertNotIn("Vertigo", text)
            self.assertNotIn("directed by Ann Lee", text)
        self.assertTrue(any("science fiction comedy" in text for text in told))
        self.assertIn("Calm Water", texts)

    def test_recent_films_with_busy_actors_are_drawn_more_often(self):
        old = Listed("Old", 1934, ("Drama",), ("Ann Lee", "Bo Carr"))
        unknown = Listed("Unknown", 1994, ("Drama",), ("Di Eames", "Ed Foy"))
        weights = dict(zip("noiu", self.named(1, [self.LISTED, old, Listed("In", 1994, (), ()), unknown]).weights()))
        self.assertGreater(weights["n"], weights["u"])
        self.assertGreater(weights["n"], weights["o"])
        self.assertGreater(weights["i"], 0)

    def test_a_list_without_people_in_its_cast_column_is_cleared_of_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "package/src/movies.json"
            path.parent.mkdir(parents=True)
            cast = ["Ann O'Lee", "José María Eça", "A documentary about branding", "Sting", "advertising and more."]
            path.write_text(json.dumps([{"title": "Calm", "year": 1994, "cast": cast, "genres": ["Drama"]}]))
            self.assertEqual(list(read_list(Path(folder))), [Listed("Calm", 1994, ("Drama",), ("Ann O'Lee", "José María Eça"))])

    def test_other_words_stand_where_common_ones_stood(self):
        films = finish.Films([self.INTRODUCTION], ["A Day"], ["harbor", "lantern"], Random(1))
        texts = {films.other_words("the lantern of the harbor keeper " * 9) for _ in range(20)}
        self.assertGreater(len(texts), 1)
        for text in texts:
            self.assertEqual(len(text.split(" ")), len(("the lantern of the harbor keeper " * 9).split(" ")))
            self.assertEqual(set(text.split()) - {"the", "of", "keeper", "harbor", "lantern"}, set())

    def test_excerpts_are_words_of_the_document_in_their_order(self):
        document = ["a boat lies in the harbor", "its lantern burns all night", "nobody comes"]
        words = " ".join(document).split(" ")
        for seed in range(60):
            found = iter(words)
            excerpt = finish.excerpt(document, Random(seed), "wordnet")
            self.assertTrue(all(word in found for word in excerpt.split(" ")), excerpt)


if __name__ == "__main__":
    unittest.main()
