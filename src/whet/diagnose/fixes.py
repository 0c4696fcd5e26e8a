"""Fixes for the causes that a check names: recipe keys with the values that fix them, or advice where no key does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from whet.diagnose.easier_rewards import EASIER_REWARDS, easier_reward_for
from whet.diagnose.evidence import Evidence
from whet.diagnose.signal import group_size_for
from whet.text import percent, shell_quoted


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to fix a cause."""

    words: str
    """What to do; begins with `--key value` where a key of the recipe does it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Recipe keys and values; empty where no key does it alone."""

    @classmethod
    def setting(cls, key: str, value: object, why: str = "") -> "Fix":
        """Sets one key of the recipe; `why` follows it in parentheses.

        >>> Fix.setting("grpo.group_size", 16).words
        '--grpo.group_size 16'
        """
        return cls(f"{option(key, str(value))}{f' ({why})' if why else ''}", {key: str(value)})


def option(key: str, value: str) -> str:
    """Returns a key and its value as a shell reads them.

    >>> option("rewards", "[accuracy, integer]")
    "--rewards '[accuracy, integer]'"
    """
    return f"--{key} {shell_quoted(value)}"


def _advice(words: str) -> Callable[[Evidence], Fix | None]:
    return lambda evidence: Fix(words)


def _warm_start(e: Evidence) -> Fix | None:
    return Fix.setting("sft.when", "always") if e.facts.solutions else None


def _room(e: Evidence) -> Fix | None:
    """Enough tokens for the solutions, or twice the present limit where they fit already; never beyond the context."""
    lengths, most = e.lengths, e.lengths.most
    wanted = 2 * lengths.max_tokens if lengths.holds_solutions else lengths.suggested
    room = wanted if most is None else min(wanted, most)
    if room <= lengths.max_tokens:
        return Fix("a model with a longer context, or shorter problems")
    return Fix.setting("grpo.sampling.max_tokens", room)


def _larger_groups(e: Evidence) -> Fix | None:
    size = group_size_for(e.probe.pass_at_1, e.probe.group_size)
    return Fix.setting("grpo.group_size", size) if size else None


def _double_groups(e: Evidence) -> Fix | None:
    return Fix.setting("grpo.group_size", 2 * e.probe.group_size)


def _easier_reward(e: Evidence) -> Fix | None:
    name = easier_reward_for(e.probe)
    if not name:
        return None
    row = EASIER_REWARDS[name]
    share = percent(row.signal(e.probe))
    return Fix.setting("check.fix", "apply", f"{row.says} would differ within {share} of groups")


def _accuracy(e: Evidence) -> Fix | None:
    return Fix.setting("rewards", e.facts.with_accuracy) if e.facts.with_accuracy else None


def _boxed(e: Evidence) -> Fix | None:
    return Fix.setting("format.name", "boxed") if e.facts.format != "boxed" else None


def _level(step: int) -> Callable[[Evidence], Fix | None]:
    """Fixes by the `arithmetic` data's level, changed by `step`; advice for other data, and at the last level."""

    def fix(e: Evidence) -> Fix | None:
        level = None if e.facts.level is None else e.facts.level + step
        if level in e.facts.levels:
            return Fix.setting("data.train.params.level", level)
        return Fix("harder problems" if step > 0 else "easier problems")

    return fix


FIXES: Mapping[str, Callable[[Evidence], Fix | None]] = {
    "warm_start": _warm_start,
    "room": _room,
    "larger_groups": _larger_groups,
    "double_groups": _double_groups,
    "easier_reward": _easier_reward,
    "accuracy": _accuracy,
    "boxed": _boxed,
    "easier_problems": _level(-1),
    "harder_problems": _level(+1),
    "middling_problems": _advice("problems of middling difficulty"),
    "layout_reward": _advice("an easier reward such as `format_partial` beside `accuracy`"),
    "tags_reward": _advice("a reward for the layout such as `format_tags`; judge by lenient accuracy as well"),
    "which_fail": _advice("see which, then correct format.name, data.train.columns or the rewards"),
    "answers": _advice("correct format.name, or the answers in the data"),
    "leave_out": _advice("leave them out of the data, or correct their answers"),
    "weight": _advice("raise the weight of `accuracy` among the rewards"),
    "columns": _advice("give the rewards that there are the columns that they look for"),
    "parameters": _advice("correct the parameters of the rewards that there are"),
}
"""The fixes by name; each is None where it cannot help."""


def fixes_of(names: Iterable[str], evidence: Evidence) -> tuple[Fix, ...]:
    """Returns the fixes of these names that can help, in their order."""
    return tuple(fix for name in names if (fix := FIXES[name](evidence)))
