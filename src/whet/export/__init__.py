"""Exports a model to other programs: a folder, a zip file, GGUF, Ollama, or adapters, each compared with the original."""
