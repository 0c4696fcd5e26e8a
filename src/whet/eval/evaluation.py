"""Held-out evaluation: one greedy completion per problem, and optionally K sampled ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from operator import eq

from whet.eval.pass_at_k import maj_at_k, pass_at_k
from whet.eval.record import Outcome, Record
from whet.eval.statistics import Interval, wilson
from whet.protocols import AnswerChecker, SampleFn
from whet.types import Prompt

Figure = float | int | list[float]
"""A number, or the two ends of an interval."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One record per problem, and the metrics computed from them. Shares are between 0 and 1."""

    records: tuple[Record, ...]

    def __post_init__(self) -> None:
        if not self.records:
            raise ValueError("an evaluation needs at least one problem")

    @property
    def accuracy(self) -> float:
        """Share of problems whose greedy answer, where the format expects it, is right."""
        return self._share(lambda record: record.correct)

    @property
    def interval(self) -> Interval:
        """95 % Wilson interval of `accuracy`."""
        return wilson(sum(record.correct for record in self.records), len(self.records))

    @property
    def lenient_accuracy(self) -> float:
        """Share of problems with the right answer anywhere in the greedy completion."""
        return self._share(lambda record: record.lenient)

    @property
    def lenient_interval(self) -> Interval:
        """95 % Wilson interval of `lenient_accuracy`."""
        return wilson(sum(record.lenient for record in self.records), len(self.records))

    @property
    def format_rate(self) -> float:
        """Share of greedy completions that keep the layout."""
        return self._share(lambda record: record.formatted)

    @property
    def truncated_rate(self) -> float:
        """Share of greedy completions that ran out of tokens."""
        return self._share(lambda record: record.finish == "length")

    @property
    def mean_length(self) -> float:
        """Mean length of greedy completions, in tokens."""
        return sum(record.tokens for record in self.records) / len(self.records)

    @property
    def p95_length(self) -> int:
        """95th percentile of the length of greedy completions, in tokens (nearest rank)."""
        return sorted(record.tokens for record in self.records)[ceil(0.95 * len(self.records)) - 1]

    @property
    def samples(self) -> int:
        """K, the number of sampled completions per problem; 0 where there is only the greedy one."""
        return min(len(record.samples) for record in self.records)

    def pass_at(self, k: int) -> float:
        """Unbiased pass@k over the sampled completions.

        Raises:
            ValueError: there are fewer than `k` samples of some problem.
        """
        scores = (
            pass_at_k(len(record.samples), sum(sample.correct for sample in record.samples), k)
            for record in self.records
        )
        return sum(scores) / len(self.records)

    @property
    def maj_at_k(self) -> float | None:
        """maj@K over the sampled completions; None where there are none."""
        scores = [record.majority for record in self.records if record.majority is not None]
        return sum(scores) / len(scores) if scores else None

    def summary(self) -> dict[str, Figure]:
        """All metrics by name, JSON-serialisable; `pass@k` for K and the powers of two below it."""
        figures: dict[str, Figure] = {
            "problems": len(self.records),
            "correct": sum(record.correct for record in self.records),
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.interval),
            "lenient_accuracy": self.lenient_accuracy,
            "lenient_interval": list(self.lenient_interval),
            "format_rate": self.format_rate,
            "truncated_rate": self.truncated_rate,
            "mean_length": self.mean_length,
            "p95_length": self.p95_length,
        }
        return figures | self._sampled_figures()

    def _sampled_figures(self) -> dict[str, Figure]:
        count, majority = self.samples, self.maj_at_k
        if not count or majority is None:
            return {}
        sizes = sorted({2**power for power in range(count.bit_length())} | {count})
        passes = {f"pass@{k}": self.pass_at(k) for k in sizes}
        return {"samples": count, **passes, f"maj@{count}": majority}

    def _share(self, holds: Callable[[Record], bool]) -> float:
        return sum(map(holds, self.records)) / len(self.records)


def evaluate(
    prompts: Sequence[Prompt],
    greedy: SampleFn,
    check_answer: AnswerChecker,
    sampled: SampleFn | None = None,
    samples: int = 1,
    progress: Callable[[int, int], None] | None = None,
    *,
    equal: Callable[[str, str], bool] = eq,
    chunk: int = 128,
    step: int = 0,
) -> Evaluation:
    """Evaluates every prompt with one greedy completion, and `samples` sampled ones where that is above 1.

    Args:
        prompts: held-out problems; their ids must differ.
        greedy: samples greedily.
        check_answer: grades a completion.
        sampled: for pass@k and maj@k; not used while `samples` is 1.
        samples: K.
        progress: called with (problems done, total) after every chunk.
        equal: whether two answers are equal, for the votes of maj@K.
        chunk: problems sampled at a time.
        step: the step that seeds sampling; with the default, evaluations of the same problems share their
            random numbers.

    Raises:
        ValueError: there are no prompts, or two share an id.
    """
    if len({prompt.problem.id for prompt in prompts}) != len(prompts):
        raise ValueError("two problems of an evaluation share an id")
    draw = sampled if samples > 1 else None
    records: list[Record] = []
    for start in range(0, len(prompts), chunk):
        part = prompts[start : start + chunk]
        firsts = _outcomes(part, greedy, check_answer, 1, step)
        draws = _outcomes(part, draw, check_answer, samples, step) if draw else [()] * len(part)
        records += map(partial(_record, equal=equal), part, firsts, draws)
        if progress:
            progress(len(records), len(prompts))
    return Evaluation(tuple(records))


def _outcomes(
    prompts: Sequence[Prompt], sample: SampleFn, check_answer: AnswerChecker, n: int, step: int
) -> list[tuple[Outcome, ...]]:
    return [
        tuple(Outcome.of(rollout, check_answer(rollout.text, prompt.problem)) for rollout in rollouts)
        for prompt, rollouts in zip(prompts, sample(prompts, n, step), strict=True)
    ]


def _record(
    prompt: Prompt,
    greedy: tuple[Outcome, ...],
    samples: tuple[Outcome, ...],
    equal: Callable[[str, str], bool],
) -> Record:
    problem = prompt.problem
    majority = maj_at_k([sample.answer for sample in samples], problem.answer, equal) if samples else None
    return Record.of(problem, greedy[0], samples, majority)
