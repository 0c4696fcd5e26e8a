"""Exports a model to other programs, as a folder, zip, GGUF, Ollama or adapters, and compares it with the original."""
