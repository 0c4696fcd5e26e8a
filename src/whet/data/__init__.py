"""Training and held-out problems, q ~ P(Q): data sources, prompts, and the order of sampling."""
