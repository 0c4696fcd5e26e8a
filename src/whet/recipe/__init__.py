"""Loads recipes: from a name or a path to a complete `Config`, or an error with one line per mistake."""

from whet.recipe.keys import describe_keys
from whet.recipe.loading import RECIPES, dump_recipe, find_recipe, load_recipe, make_recipe, recipe_names

__all__ = [
    "RECIPES",
    "describe_keys",
    "dump_recipe",
    "find_recipe",
    "load_recipe",
    "make_recipe",
    "recipe_names",
]
