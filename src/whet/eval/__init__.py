"""The held-out measurement: accuracy with its interval, pass@k, maj@k, paired tests."""
