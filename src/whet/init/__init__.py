"""Looks at data and a model, asks a few questions, and writes a recipe: `whet init`."""
