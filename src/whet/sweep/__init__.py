"""Searches over recipes: each trial is a run folder, and the folders are all that a sweep knows of its past."""
