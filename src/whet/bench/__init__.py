"""Whet beside TRL and vLLM on this machine: `whet bench`."""
