"""Runs programs that a model wrote against their tests in a sandbox, where they cannot do harm or forge a verdict."""
