"""What a run was made from, for its manifest: seed, weights, and a fingerprint of its problems."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from whet.config import Config
from whet.data.overlap import ENDLESS
from whet.types import Problem

if TYPE_CHECKING:
    from whet.build import Task
    from whet.policy.language_model import LanguageModel

SAMPLE = 1000
"""Problems of an endless source that its fingerprint is taken of."""


def manifest(config: Config, policy: "LanguageModel", task: "Task") -> dict[str, Any]:
    """Ready for `RunWriter.create`, which adds versions and machine."""
    names = [source.name for source in (config.data.train, *config.data.mix)]
    return {
        "seed": config.seed,
        "model": {"name": config.model.name, "source": policy.source},
        "data": {
            "train": {"name": " + ".join(names), **fingerprint(task.train)},
            "test": {
                "name": (config.data.test or config.data.train).name,
                **fingerprint([prompt.problem for prompt in task.exam.prompts]),
            },
        },
    }


def fingerprint(problems: Sequence[Problem]) -> dict[str, Any]:
    """How many problems there are and a SHA-256 of their questions and answers, in order.

    Of an endless source the number is None, and the first `SAMPLE` problems stand for all.
    """
    endless = len(problems) >= ENDLESS
    digest = sha256()
    for problem in islice(problems, SAMPLE if endless else len(problems)):
        digest.update(f"{problem.question}\0{problem.answer}\0".encode())
    return {"problems": None if endless else len(problems), "sha256": digest.hexdigest()}
