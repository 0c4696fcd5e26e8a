"""From a recipe to live objects: the only folder that names every implementation."""
