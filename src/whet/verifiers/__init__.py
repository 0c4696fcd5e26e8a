"""Whom rewards ask: an LLM behind an endpoint, a reward model. Each is handed to its reward as an argument."""
