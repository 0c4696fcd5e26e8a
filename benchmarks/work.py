"""The work that every engine is given."""

import resource

PROMPTS, GROUP, PROMPT_TOKENS, TOKENS = 4, 8, 96, 64
LEARNING_RATE = 1e-6


def prompt_texts(tokenizer, count: int) -> list[str]:
    """Texts of exactly PROMPT_TOKENS tokens, all different."""
    texts = []
    for number in range(count):
        ids = tokenizer.encode(f"Problem {number}: " + "add the numbers and explain every step of it " * 20)
        texts.append(tokenizer.decode(ids[:PROMPT_TOKENS]))
    assert all(len(tokenizer.encode(text)) == PROMPT_TOKENS for text in texts)
    return texts


def always_different(count: int) -> list[float]:
    """Rewards that differ within every group, so that none can be left out."""
    return [float(number % 2) for number in range(count)]


def peak_gib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
