r"""Makes worked solutions of a model's own right answers, for a warm start that imitates them.

STaR (arXiv:2203.14465, §3.1) and rejection-sampling fine-tuning (arXiv:2308.01825, §3.3): sample, keep what is right,
imitate it. What the model wrote before its answer is the reasoning. Several right answers to a problem are kept where
they differ: distinct reasoning is what helps (arXiv:2308.01825, §3.3).
"""

import re
from collections.abc import Iterable, Iterator

SAME = 0.7
"""Two solutions are near-duplicates from this share of common runs of words on."""

RUN = 3
"""Words in a run."""

_SENTENCE = re.compile(r"[.!?]\s+|\n+")
_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")
_TAG = re.compile(r"</?[A-Za-z_]+>|^\s*#{2,}\s*", re.MULTILINE)


def reasoning_before(text: str, answer: str) -> str:
    r"""Returns what a completion says before its answer, without boxes, tags and hash marks.

    The sentence that states the answer is left out, unless it computes it (it has an equals sign) or is all there is.

    >>> reasoning_before("16 - 7 = 9. So 9 * 2 = 18.\nThe answer is \\boxed{18}.", "18")
    '16 - 7 = 9. So 9 * 2 = 18.'
    >>> reasoning_before("16 - 7 = 9 and 9 * 2 = 18. Done", "18")
    '16 - 7 = 9 and 9 * 2 = 18.'
    """
    plain = _without_repeats(_TAG.sub("\n", _BOXED.sub(r"\1", text)))
    places = list(re.finditer(rf"(?<![\w.]){re.escape(answer.strip())}(?!\w)", plain))
    if not places:
        return plain
    starts = [0, *(found.end() for found in _SENTENCE.finditer(plain, 0, places[-1].start()))]
    ends = _SENTENCE.search(plain, places[-1].end())
    end = ends.start() + 1 if ends else len(plain)
    before, sentence = plain[: starts[-1]].strip(), plain[starts[-1] : end]
    return plain[:end].strip() if "=" in sentence or not before else before


def _without_repeats(text: str) -> str:
    """The text without lines that stood before; empty lines stay."""
    lines = text.strip().splitlines()
    first = {line: place for place, line in reversed(list(enumerate(lines)))}
    return "\n".join(line for place, line in enumerate(lines) if not line.strip() or first[line] == place)


def different(solutions: Iterable[str], most: int) -> list[int]:
    """Returns the places of the first `most` solutions none of which nearly repeats an earlier one.

    >>> different(["9 times 2 is 18", "9 times 2 is 18!", "add 9 and 9 to get 18"], most=4)
    [0, 2]
    """
    kept: list[tuple[int, set[tuple[str, ...]]]] = []
    for place, solution in enumerate(solutions):
        runs = set(_runs(solution))
        if len(kept) < most and all(_similarity(runs, other) < SAME for _, other in kept):
            kept.append((place, runs))
    return [place for place, _ in kept]


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    words = [word for word in words if word not in ".,!?:;"]
    return (tuple(words[start : start + RUN]) for start in range(max(1, len(words) - RUN + 1)))


def _similarity(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    # |A ∩ B| / |A ∪ B|
    return len(a & b) / len(a | b)
