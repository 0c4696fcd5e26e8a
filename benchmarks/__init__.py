"""Whet beside TRL and vLLM on this machine: `make bench`."""
