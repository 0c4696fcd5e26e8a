"""Computes rewards for completions in a file: `whet score FILE.jsonl --rewards accuracy,format_soft`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from whet.config import FormatConfig, RewardConfig
from whet.data.fault import Row
from whet.data.rows import locate
from whet.errors import UserError, did_you_mean
from whet.formats import BUILT_IN, ResponseFormat, build_format
from whet.protocols import RewardFn
from whet.recipe.yaml_lines import read_value
from whet.rewards.completions import OWN, text_of
from whet.rewards.mixture import Mixture, Part
from whet.rewards.registry import build_reward
from whet.stages.score_rows import completion_rows
from whet.types import Failure, Problem, Prompt, Rollout
from whet.workers.math_compare import AnswerComparer, timeout_lines
from whet.workers.reward_function import load_reward

ROWS_AT_ONCE = 256
"""Rows that are graded together, so that a file of any size is never in memory as a whole."""

LINE = "line of the file"
"""The column that passes a row to reward functions as it stands in the file."""

READ_ANSWERS = frozenset({"accuracy", "length_cosine"})
"""Rewards that compare the answer of a completion with the gold one: a gold answer must be readable for them."""

Scores = dict[str, float | None]
"""A completion's rewards by name; `None` where a reward does not apply, or failed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean rewards of a file's completions, with counts and failures."""

    count: int
    """Number of completions."""
    means: Mapping[str, float | None]
    """By reward, the mean over the completions that it applies to; `None` where it applies to none."""
    applied: Mapping[str, int]
    """By reward, the number of completions that it applies to."""
    failures: Mapping[str, int]
    """By reward, the number of failures; only those that failed."""
    first_failures: Mapping[str, Failure]
    timeout_lines: Sequence[str] = ()
    """Lines on answer comparisons that timed out."""

    def as_dict(self) -> dict[str, Any]:
        """Returns counts and means as JSON."""
        return {
            "count": self.count,
            "means": dict(self.means),
            "applied": dict(self.applied),
            "failures": dict(self.failures),
        }

    def lines(self) -> list[str]:
        """Returns a line on the whole file, one for each reward that failed, and those on time-outs."""
        parts = [f"{self.count} completions", *map(self._mean, self.means)]
        return [
            "  ·  ".join(parts),
            *(self._failed(*pair) for pair in self.first_failures.items()),
            *self.timeout_lines,
        ]

    def _mean(self, name: str) -> str:
        mean, applied = self.means[name], self.applied[name]
        of = "" if applied == self.count else f" (of {applied})"
        return f"{name} does not apply" if mean is None else f"{name} {mean:.4f}{of}"

    def _failed(self, name: str, first: Failure) -> str:
        where = f"first on {first.problem}: " if first.problem else ""
        count = self.failures[name]
        return f"{name} failed {f'{count} times' if count > 1 else 'once'}, {where}{first.what}"


class Scoring:
    """Iterates over the scores of a file's completions, in order; `summary` covers those read so far."""

    def __init__(self, path: Path, parts: Sequence[Part], equal: AnswerComparer) -> None:
        self._path = path
        self._mixture = Mixture(
            [part._replace(function=_as_in_file(part.function)) for part in parts], equal.take_timeouts
        )
        self._names = [part.name for part in self._mixture.parts]
        self._reads_answers = bool(READ_ANSWERS.intersection(self._names))
        self._count = 0
        self._sums = dict.fromkeys(self._names, 0.0)
        self._applied = Counter(dict.fromkeys(self._names, 0))
        self._first_failures: dict[str, Failure] = {}
        self._failure_counts: Counter[str] = Counter()
        self._timeout_lines: list[str] = []

    def __iter__(self) -> Iterator[Scores]:
        lines = completion_rows(self._path, self._reads_answers)
        while some := list(islice(lines, ROWS_AT_ONCE)):
            for scores in self._grade(some):
                self._count += 1
                for name, value in scores.items():
                    self._applied[name] += value is not None
                    self._sums[name] += value or 0.0
                yield scores

    @property
    def summary(self) -> Summary:
        """Returns the summary of the completions scored so far."""
        pairs = {name: (self._sums[name], self._applied[name]) for name in self._names}
        return Summary(
            count=self._count,
            means={name: total / count if count else None for name, (total, count) in pairs.items()},
            applied=dict(self._applied),
            failures=dict(self._failure_counts),
            first_failures=self._first_failures,
            timeout_lines=self._timeout_lines,
        )

    def _grade(self, lines: Sequence[tuple[int, Row]]) -> list[Scores]:
        names = dict.fromkeys(name for _, row in lines for name in row)
        prompts = [_prompt(number, {name: row.get(name) for name in names}) for number, row in lines]
        outputs = [[Rollout((), (), text_of(row["completion"]), "stop")] for _, row in lines]
        graded = self._mixture.grade(prompts, outputs)
        self._timeout_lines += timeout_lines(graded.timeouts)
        for failure in graded.failures:
            self._failure_counts[failure.reward] += 1
            self._first_failures.setdefault(failure.reward, failure)
        return [dict(reward.parts) for group in graded.groups for reward in group.rewards]


Asked = str | Mapping[str, Any]
"""A reward by its name, or as a recipe has it: `{"name": "repetition", "params": {"size": 3}}`."""


def asked_for(text: str) -> list[Asked]:
    """Parses a comma-separated list of rewards, with parameters as in a recipe. Raises `UserError` for invalid YAML.

    >>> asked_for("accuracy, {name: repetition, params: {size: 3}}")
    ['accuracy', {'name': 'repetition', 'params': {'size': 3}}]
    """
    try:
        found = read_value(f"[{text}]") if "{" in text else text.split(",")
    except UserError as error:
        raise UserError(f"rewards: {error}") from None
    return [one.strip() if isinstance(one, str) else one for one in found]


def score(path: str | Path, rewards: Sequence[Asked], format_name: str | None = None) -> Scoring:
    """Scores the completions in a file: one dict per line, in order, `{"accuracy": 1.0, …}`.

    Args:
        path: JSONL (or JSON, CSV, TSV, Parquet) with a `completion` in each row and, as rewards need them, a
            `prompt` and an `answer`, by these names or those of `whet.stages.score_rows.NAMES`; completions and
            prompts are texts or lists of messages. Every other column is passed on to reward functions by name.
        rewards: built-in rewards, `package.module:function` or `file.py:function`, with parameters as in a
            recipe. One that fails gives `None`; the summary counts and names it.
        format_name: the response format that marks the answer; without one it is searched for in the whole
            completion (`whet.rewards.answer`).

    Raises:
        UserError: a name is unknown or the file is missing; while iterating, where a row is broken, or lacks
            a column that a reward needs.
    """
    wanted = [_config(one) for one in rewards if not isinstance(one, str) or one.strip()]
    if not wanted:
        raise UserError("rewards: is empty; name at least one, such as accuracy")
    layout = layout_of(format_name)
    equal = AnswerComparer()
    parts = [build_reward(config, layout, load_reward, equal=equal) for config in wanted]
    return Scoring(locate(path, "test"), parts, equal)


def layout_of(format_name: str | None) -> ResponseFormat | None:
    """The response format of this name, None for None; raises `UserError` where there is none."""
    if format_name is None:
        return None
    if format_name not in BUILT_IN:
        known = f"use {', '.join(BUILT_IN)}{did_you_mean(format_name, BUILT_IN)}"
        raise UserError(f"format: none is called {format_name!r}; {known}")
    return build_format(FormatConfig.model_validate({"name": format_name}))


def _config(reward: Asked) -> RewardConfig:
    """The settings of a reward given by name or mapping."""
    try:
        return RewardConfig.model_validate({"name": reward.strip()} if isinstance(reward, str) else reward)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, ("rewards", *wrong["loc"])))
        raise UserError(f"{place}: {wrong['msg']}, not {wrong['input']!r}") from None


def _prompt(number: int, row: Row) -> Prompt:
    problem = Problem(f"line {number}", question="", answer="", columns={LINE: row})
    return Prompt(problem, messages=(), tokens=())


def _as_in_file(function: RewardFn) -> RewardFn:
    """Wraps a reward function to receive prompts, completions and columns as they stand in the file.

    Tokens are not known here, so a function that needs `completion_ids` is refused unless the file has them.
    """

    def reward(**columns: Any) -> Any:
        rows: Sequence[Row] = columns.pop(LINE)
        known = {name: [row[name] for row in rows] for name in rows[0] if name not in _NOT_PASSED}
        computed = {name: value for name, value in columns.items() if name in OWN - _AS_IN_FILE}
        gold = {"solution": known["answer"]} if "answer" in known else {}
        texts = {f"{name}s": [row[name] for row in rows] for name in ("prompt", "completion")}
        return function(**{**computed, **gold, **known, **texts})

    return reward


_AS_IN_FILE = frozenset({"prompts", "completions", "completion_ids"})
_NOT_PASSED = (OWN - {"completion_ids"}) | {"prompt", "completion"}
