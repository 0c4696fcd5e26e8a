"""Finds held-out questions that nearly repeat a training question: other numbers, another name, a word changed.

Similarity is Jaccard's over shingles, the runs of `RUN` words (Broder, 1997). An inverted index from shingles to
held-out questions makes the comparison exact and linear in the training problems.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain

from whet.data.overlap import compared, normalised
from whet.diagnose.contamination import NearPair, OverlapReport
from whet.types import Problem

RUN = 3
"""Words, numbers and operators in a shingle."""

THRESHOLD = 0.5
"""The similarity from which questions are near-duplicates: two thirds of the runs of either are in the other."""

SHORTEST = 12
"""The least words of a question: shorter ones, such as sums, are all similar."""

Shingles = frozenset[tuple[str, ...]]


def shingles(question: str) -> Shingles:
    """Every run of `RUN` words of a question; empty where it is shorter than `SHORTEST`.

    >>> len(shingles(" ".join("abcdefghijklmnop")))
    14
    """
    words = normalised(question).split()
    if len(words) < SHORTEST:
        return frozenset()
    return frozenset(tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1))


def near_duplicates(train: Sequence[Sequence[Problem]], test: Sequence[Problem]) -> OverlapReport:
    """Counts the held-out problems that are near-duplicates of problems of any training source."""
    held_out = [shingles(problem.asked) for problem in test]
    index: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, runs in enumerate(held_out):
        for run in runs:
            index[run].append(place)
    if not index:
        return OverlapReport(len(test), 0, THRESHOLD, None)
    best: dict[int, NearPair] = {}
    for question in dict.fromkeys(problem.asked for problem in chain.from_iterable(map(compared, train))):
        runs = shingles(question)
        shared = Counter(place for run in runs if run in index for place in index[run])
        for place, common in shared.items():
            # |A ∩ B| / |A ∪ B|
            similarity = common / (len(runs) + len(held_out[place]) - common)
            if place not in best or similarity > best[place].similarity:
                best[place] = NearPair(similarity, test[place].asked, question)
    near = sum(pair.similarity >= THRESHOLD for pair in best.values())
    worst = max(best.values(), key=lambda pair: pair.similarity, default=None)
    return OverlapReport(len(test), near, THRESHOLD, worst)
