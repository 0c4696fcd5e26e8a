"""What every contestant is given: the same weights, prompts, numbers of tokens and rewards."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """Q prompts of P tokens, G responses each of C tokens, B = QG rows in all."""

    prompts: int = 4
    group: int = 8
    prompt_tokens: int = 96
    tokens: int = 64

    @property
    def rows(self) -> int:
        """B = QG."""
        return self.prompts * self.group


Encode = Callable[[str], list[int]]

SENTENCE = "add the numbers and explain every step of it "


def prompt_tokens(encode: Encode, count: int, length: int) -> list[list[int]]:
    """`count` prompts of exactly `length` tokens, all different from their first words on.

    >>> prompt_tokens(lambda text: [ord(letter) for letter in text], 2, 9)[1] == [ord(x) for x in "Problem 1"]
    True
    """
    return [encode(f"Problem {number}: " + SENTENCE * length)[:length] for number in range(count)]


def always_different(count: int) -> list[float]:
    """Rewards that differ within every group, so that no group can be left out.

    >>> always_different(4)
    [0.0, 1.0, 0.0, 1.0]
    """
    return [float(number % 2) for number in range(count)]
