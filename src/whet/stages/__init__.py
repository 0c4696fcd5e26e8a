"""The stages behind the commands: check, warm start, fine-tune, evaluate, compare, score."""
