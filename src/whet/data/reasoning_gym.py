"""Problems of Reasoning Gym (arXiv:2505.24760): about a hundred endless puzzle tasks, each with its own verifier.

Problem `i` is a function of the task, its parameters, the seed and `i` alone. Training and held-out problems are
disjoint by construction: a hash of the question decides which side it belongs to. The package is optional.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from types import ModuleType
from typing import Any

from whet.data.endless import EndlessProblems
from whet.data.intake import problem_id
from whet.data.overlap import normalised
from whet.data.safe_answers import is_safe
from whet.data.shuffle import stable_hash
from whet.errors import UserError, did_you_mean
from whet.text import one_line
from whet.types import Problem

PREFIX = "reasoning_gym:"
"""The prefix of a task's name in a recipe."""

ITEMS = 2**31
"""The size of each generated data set, from which items are drawn."""

ATTEMPTS = 512
"""Items tried for a question of the wanted split, before a task is taken to have too few questions."""


@dataclass(frozen=True)
class Verifier:
    """Scores answers to one item of a task; verifiers of the same task, parameters and item are equal."""

    task: str
    params: tuple[tuple[str, Any], ...]
    item: int

    def __call__(self, answer: str) -> float:
        """The score in [0, 1] by the task's own rules; an answer that its verifier could run as code gets 0, unread."""
        entry = _entry(self.task, self.params, self.item)
        if answer != entry["answer"].strip() and not is_safe(self.task, answer):
            return 0.0
        try:
            score = float(_dataset(self.task, self.params).score_answer(answer, entry))
        except Exception:  # whatever way a verifier fails on what a model wrote, it has not approved of it
            return 0.0
        return min(1.0, max(0.0, score))


@dataclass(frozen=True)
class ReasoningGym(EndlessProblems):
    """The problems of a task. Their column `verifier` is a function from an answer to a number in [0, 1].

    `params` are the task's own settings. Raises `UserError` for a task or setting that does not exist, a task without
    gold answers, and where the package is not installed.
    """

    task: str
    split: str = "train"
    seed: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(_dataset(self.task, self._frozen)[0].get("answer"), str):
            raise UserError(
                f"name: {PREFIX}{self.task} has no gold answers, which the check needs; choose another task"
            )

    def _at(self, place: int) -> Problem:
        for attempt in range(ATTEMPTS):
            item = stable_hash(f"{self.seed}/{place}/{attempt}") % ITEMS
            entry = _entry(self.task, self._frozen, item)
            if self._is_mine(normalised(entry["question"])):
                return self._problem(item, entry)
        raise UserError(f"name: {PREFIX}{self.task} has too few questions to hold any out; choose another task")

    @cached_property
    def _frozen(self) -> tuple[tuple[str, Any], ...]:
        """The parameters in hashable form."""
        return tuple(sorted((name, _as_key(value)) for name, value in self.params.items()))

    def _problem(self, item: int, entry: Mapping[str, Any]) -> Problem:
        source, question = f"{PREFIX}{self.task}", entry["question"].strip()
        columns = {"verifier": Verifier(self.task, self._frozen, item)}
        return Problem(problem_id(source, question), question, entry["answer"].strip(), "", source, columns)


def _as_key(value: Any) -> Any:
    return tuple(map(_as_key, value)) if isinstance(value, list) else value


@lru_cache(maxsize=4096)
def _entry(task: str, params: tuple[tuple[str, Any], ...], item: int) -> dict[str, Any]:
    return dict(_dataset(task, params)[item])


@lru_cache(maxsize=64)
def _dataset(task: str, params: tuple[tuple[str, Any], ...]) -> Any:
    """The data set of a task, as the package generates it; raises `UserError` for an unknown task or setting."""
    package = _package()
    known = package.factory.DATASETS
    if task not in known:
        raise UserError(f"name: reasoning_gym has no task {task!r}{did_you_mean(task, known) or _some(known)}")
    takes = [one.name for one in fields(known[task][1]) if one.name not in ("seed", "size")]
    for name, _ in params:
        if name not in takes:
            says = f"{PREFIX}{task} takes {', '.join(takes) or 'none'}{did_you_mean(name, takes)}"
            raise UserError(f"params.{name}: unknown key; {says}")
    try:
        return package.create_dataset(task, seed=0, size=ITEMS, **dict(params))
    except Exception as error:  # a task checks its settings with assertions, and fails on wrong types in its own way
        reason = one_line(str(error), 300) or type(error).__name__
        raise UserError(f"params: {PREFIX}{task} refuses {dict(params)}: {reason}; fix the setting") from error


def _package() -> ModuleType:
    try:
        import reasoning_gym
        import reasoning_gym.factory
    except ImportError as error:
        raise UserError(
            f"name: {PREFIX}… needs the package reasoning-gym, which does not load ({error}); "
            "install it with: pip install 'whet[reasoning-gym]'"
        ) from error
    return reasoning_gym  # type: ignore[no-any-return]


def _some(known: Mapping[str, Any]) -> str:
    return f"; some are {', '.join(sorted(known)[:10])}"
