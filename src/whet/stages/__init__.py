"""What the verbs do: check, warm start, fine-tune, evaluate, compare, score."""
