"""Refuses secrets in a recipe: a recipe is written to disk, shown and shared."""

from typing import Any

from whet.recipe.keys import Path, dotted, is_known
from whet.redact import may_be_secret, names_a_secret

FIXES = (
    ("run.push", "set HF_TOKEN in the environment, or run `hf auth login`"),
    ("run.trackers", "set WANDB_API_KEY in the environment, or run `wandb login`"),
    ("rewards", "put it into the environment and name its variable, as `key_env` of the judge does"),
    ("model", "set HF_TOKEN in the environment, or run `hf auth login`"),
    ("", "put it into the environment: HF_TOKEN for the hub, WANDB_API_KEY for W&B"),
)
"""By the start of a key, the fix: where its secret belongs."""


def secret_in(path: Path, value: Any) -> str | None:
    """Returns why a value may not be in a recipe, without showing it; None where it may.

    All that redaction would remove from a file is refused here, so the recipe in a run folder is the one that ran.
    """
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if not isinstance(value, str) or not (may_be_secret(name, value) or (names_a_secret(name) and not is_known(path))):
        return None
    fix = next(fix for start, fix in FIXES if dotted(path).startswith(start))
    return f"holds a secret, and recipes are written to disk; {fix}"
