"""What every contender is given: the same weights, prompts, numbers of tokens and rewards."""

from collections.abc import Callable
from dataclasses import dataclass

from whet.errors import UserError

WARM_UP = 2
"""Steps of a process that do not count: until then it still asks the kernel for memory."""


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


def work_of(text: str) -> Work:
    """Work from `Q,G,P,C`. Raises `UserError`.

    >>> work_of("8,8,100,200")
    Work(prompts=8, group=8, prompt_tokens=100, tokens=200)
    """
    sizes = text.split(",")
    if len(sizes) != 4 or not all(size.strip().isdecimal() and int(size) for size in sizes):
        raise UserError(f"--shape: is {text!r}; it must be four whole numbers Q,G,P,C, such as 4,8,96,64")
    return Work(*map(int, sizes))


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
