"""Suggests the key of a recipe that an unknown one was meant to be."""

from whet.errors import edits, is_near, nearest
from whet.recipe.keys import Path, dotted, known_keys, pattern

ALIASES = {
    "adam_betas": "betas",
    "batch_size": "prompts_per_step",
    "dataset": "data",
    "delta": "clip_dual",
    "entropy_coef": "entropy_bonus",
    "epsilon": "clip_low",
    "epsilon_high": "clip_high",
    "eval_steps": "every",
    "hub_model_id": "repo",
    "logging_dir": "folder",
    "importance_sampling_level": "ratio",
    "loss_type": "name",
    "lr": "learning_rate",
    "lr_scheduler_type": "schedule",
    "max_completion_length": "max_tokens",
    "max_new_tokens": "max_tokens",
    "mask_truncated_completions": "mask_truncated",
    "max_steps": "steps",
    "mend": "fix",
    "multi_objective_aggregation": "combine",
    "num_generations": "group_size",
    "num_iterations": "iterations",
    "output_dir": "folder",
    "push_to_hub": "push",
    "report_to": "trackers",
    "reward_funcs": "rewards",
    "save_steps": "save_every",
    "save_total_limit": "keep",
    "scale_rewards": "scale",
}
"""What other trainers, or earlier versions, call our keys."""

ELSEWHERE = 1.5
"""A key of another section must be this many edits nearer than a sibling to be suggested."""


def suggest(path: Path) -> str | None:
    """Returns the known key nearest to an unknown path; None where none is near."""
    fixed: Path = ()
    for part in path[:-1]:
        siblings = _children(fixed)
        meant = part if isinstance(part, int) or part in siblings else nearest(part, siblings)
        if meant is None:
            break
        fixed += (meant,)
    return _nearest_key(fixed, str(path[-1]))


def unknown_key(path: Path) -> str:
    """Returns the error text for an unknown key, with a suggestion."""
    meant = suggest(path)
    return f"unknown key; did you mean {meant}?" if meant else "unknown key; `whet keys` lists them all"


def _children(path: Path) -> list[str]:
    start = f"{pattern(path)}." if path else ""
    rest = (name[len(start) :] for name in known_keys() if name.startswith(start))
    return [name for name in rest if "." not in name]


def _nearest_key(section: Path, word: str) -> str | None:
    """The nearest of all keys by their last part, those of this section first."""
    word = ALIASES.get(word, word) if word not in _children(section) else word
    near = []
    for name in known_keys():
        *above, last = name.split(".")
        far, is_sibling = edits(word, last), ".".join(above) == pattern(section)
        if is_near(word, last) and (is_sibling or far <= 1):
            distance = far + (0 if is_sibling else ELSEWHERE)
            near.append(((distance, -_shared(above, section), _rank(name)), name))
    if near:
        return _concrete(min(near, key=lambda found: found[0])[1], section)
    alike = nearest(word, _children(section))
    return dotted((*section, alike)) if alike else None


def _shared(above: list[str], section: Path) -> int:
    """The number of leading parts that two sections have in common."""
    parts = pattern(section).split(".")
    return max(n for n in range(len(above) + 1) if above[:n] == parts[:n])


def _rank(name: str) -> int:
    """The tie-break of equally near keys: those of `grpo` first, then by depth, list indices not counted."""
    return name.count(".") - name.count("*") + (0 if name.startswith("grpo") else 10)


def _concrete(name: str, section: Path) -> str:
    """A known name with the list indices of `section` in place of `*`; 0 where it has none."""
    places = iter([*(part for part in section if isinstance(part, int)), 0])
    return ".".join(str(next(places, 0)) if part == "*" else part for part in name.split("."))
