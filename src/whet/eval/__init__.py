"""Held-out evaluation: accuracy with its interval, pass@k, maj@k, paired tests."""
