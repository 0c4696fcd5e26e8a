"""Uploads a finished model to the Hugging Face hub, with a model card of its evaluations."""
