"""The inputs of a run for its manifest: seed, weights, and a fingerprint of its problems."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.config import Config
from whet.data.endless import is_endless
from whet.errors import UserError
from whet.files import sha256_of
from whet.runs import layout
from whet.types import Problem, Prompt

if TYPE_CHECKING:
    from whet.build.task import Task
    from whet.policy.language_model import LanguageModel

SAMPLE = 1000
"""Problems of an endless source that are hashed for its fingerprint."""


def manifest(config: Config, policy: "LanguageModel", task: "Task", recipe: Path | None = None) -> dict[str, Any]:
    """Returns seed, model, and fingerprints of data and files as JSON; `RunWriter.create` adds versions and machine.

    `recipe`: the file that the settings were read from, where there is one.
    """
    names = [source.name for source in (config.data.train, *config.data.mix)]
    weights = {"sha256": policy.weights} if policy.weights else {}
    return {
        "seed": config.seed,
        "files": own_files(config, recipe),
        "model": {"name": config.model.name, "source": policy.source, **weights},
        "prompts": prompts_digest(task.eval_set.prompts),
        "data": {
            "train": {"name": " + ".join(names), **fingerprint(task.train)},
            "test": {
                "name": (config.data.test or config.data.train).name,
                **fingerprint([prompt.problem for prompt in task.eval_set.prompts]),
            },
        },
    }


def own_files(config: Config, recipe: Path | None) -> dict[str, str]:
    """Returns the user's own files that a run is made from, its recipe and reward functions, with their SHA-256."""
    rewards = (_file_of(reward.name) for reward in config.rewards if ":" in reward.name)
    found = (path.expanduser().absolute() for path in (recipe, *rewards) if path and path.expanduser().is_file())
    return {str(path): sha256_of(path) for path in found}


def _file_of(spec: str) -> Path:
    """The file of a reward `file.py:function`, or of `package.module:function` below the working folder."""
    where = spec.rpartition(":")[0]
    return Path(where if where.endswith(".py") else where.replace(".", "/") + ".py")


def changed_files(then: Mapping[str, Any], run: Path) -> list[str]:
    """Returns a line for each of `own_files` that is not what it was when the run began."""
    lines = []
    for name, digest in then.get("files", {}).items():
        path = Path(name)
        if path.is_file() and sha256_of(path) == digest:
            continue
        if path.suffix == ".py":
            lines.append(f"{path} has changed since the run began: its rewards may be others from here on")
        elif path.is_file():
            lines.append(f"{path} has changed since the run began: the run goes on with {run / layout.RECIPE}")
    digest = sha256_of(run / layout.RECIPE)
    if digest != then.get("recipe_sha256", digest):
        lines.append(f"{run / layout.RECIPE} has changed since the run began: its settings count from here on")
    return lines


def refuse_other(now: Mapping[str, Any], then: Mapping[str, Any]) -> None:
    """Raises `UserError` where model or data of a resumed run are not those that it began with.

    A run of an older version kept no digest of the weights.
    """
    for what in ("model", "data"):
        kept = then.get(what, {})
        if {name: value for name, value in now[what].items() if name != "sha256" or name in kept} != kept:
            raise UserError(
                f"resume: {what} is not what the run began with: {now[what]}, and not {then.get(what)}; put it back, "
                "or begin a new run"
            )


def other_prompts(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """Returns a line where the model reads the same questions in other tokens than when the run began; else none."""
    if now["prompts"] == then.get("prompts", now["prompts"]):
        return []
    what = "the model's tokenizer or chat template, or the recipe's format or data.question, has changed"
    return [f"prompts read otherwise than when the run began: {what}"]


def newer_versions(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """Returns a line on the packages whose versions changed since the run began; empty where none did.

    >>> newer_versions({"versions": {"torch": "2.13"}}, {"versions": {"torch": "2.12"}})
    ['torch 2.12 → 2.13, so figures may differ in their last digits']
    """
    before = then.get("versions", {})
    changed = [(name, before.get(name), found) for name, found in now["versions"].items() if found != before.get(name)]
    named = ", ".join(f"{name} {was} → {found}" for name, was, found in changed)
    return [f"{named}, so figures may differ in their last digits"] if named else []


def prompts_digest(prompts: Sequence[Prompt]) -> str:
    """Returns a SHA-256 of prompts as the model reads them: their tokens, in order."""
    return sha256("\n".join(" ".join(map(str, prompt.tokens)) for prompt in prompts).encode()).hexdigest()


def fingerprint(problems: Sequence[Problem]) -> dict[str, Any]:
    """Returns the number of problems and a SHA-256 of their questions and answers, in order.

    Of an endless source the number is None, and the first `SAMPLE` problems stand for all.
    """
    endless = is_endless(problems)
    digest = sha256()
    for problem in islice(problems, SAMPLE if endless else len(problems)):
        digest.update(f"{problem.asked}\0{problem.answer}\0".encode())
    return {"problems": None if endless else len(problems), "sha256": digest.hexdigest()}
