"""A finished model on the Hugging Face hub, with a card of what was measured."""
