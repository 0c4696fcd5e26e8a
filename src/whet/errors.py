"""The exception for errors that a user can fix, suggestions for misspelt names, and what tells a lack of memory."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """The user's input is wrong: one line that names the field, the value and the fix.

    The command line prints it without a traceback and exits with status 2.
    """


INTERRUPTED = 75
"""The exit status of a run that was interrupted and can be resumed (sysexits.h: EX_TEMPFAIL)."""


class ProcessLost(KeyboardInterrupt):
    """A process of the run is gone, or keeps the others waiting for too long: the run ends, and can be resumed."""


MEMORY_SIGNS = ("can't allocate memory", "not enough memory", "out of memory")
"""Error texts of the allocators of CPUs and of devices."""


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether an error means out of memory.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    known = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"  # torch's, without torch
    return known or any(sign in str(error).lower() for sign in MEMORY_SIGNS)


def edits(a: str, b: str) -> int:
    """Returns the edit distance of `a` and `b`, swaps of neighbours included (optimal string alignment).

    >>> edits("setps", "steps"), edits("reward", "rewards"), edits("beta", "betas")
    (1, 1, 1)
    """
    before, last, width = [0] * (len(b) + 1), list(range(len(b) + 1)), len(b)  # rows i - 2 and i - 1 of the table
    for i, letter in enumerate(a, 1):
        row = [i] + [0] * width
        for j, other in enumerate(b, 1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and other == a[i - 2]:
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[width]


def is_near(word: str, name: str) -> bool:
    """Whether `word` may be `name` misspelt: within two edits, or one where either is very short.

    >>> is_near("setp", "steps"), is_near("nem", "name"), is_near("ab", "abcd")
    (True, True, False)
    """
    return edits(word, name) <= (2 if min(len(word), len(name)) > 2 and max(len(word), len(name)) > 3 else 1)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Returns the known name most likely meant by `word`: the one of least edits, or else a similar one; or None.

    >>> nearest("acuracy", ["accuracy", "integer"]), nearest("gsm", ["gsm8k"]), nearest("x", ["accuracy"])
    ('accuracy', 'gsm8k', None)
    """
    names = list(known)
    close = min(((edits(word, name), name) for name in names if is_near(word, name)), default=None)
    return close[1] if close else next(iter(get_close_matches(word, names, n=1, cutoff=0.6)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns the end of an error message: `; did you mean accuracy?`, or nothing where no known name is near."""
    name = nearest(word, known)
    return f"; did you mean {name}?" if name else ""
