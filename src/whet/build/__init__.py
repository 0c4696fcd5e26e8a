"""Builds the objects of a run from a recipe: the only folder that names every implementation."""
