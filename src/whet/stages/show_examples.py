"""Shows what the model reads and what a warm start learns: `whet check RECIPE --show N`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.config import Config
from whet.stages.warm_start import example
from whet.text import token_texts
from whet.types import Problem

if TYPE_CHECKING:
    from whet.build.task import Task


@dataclass(frozen=True, slots=True)
class ShownTokens:
    """Tokens by their ids, and the text of each; special tokens are spelled out."""

    ids: tuple[int, ...]
    texts: tuple[str, ...]
    """What each token adds to the text: of a letter that spans tokens, the last one has it all."""

    @classmethod
    def of(cls, tokenizer: Any, ids: Sequence[int]) -> "ShownTokens":
        """Decodes tokens one after the other."""
        return cls(tuple(ids), tuple(token_texts(lambda some: tokenizer.decode(some, skip_special_tokens=False), ids)))

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.texts)


@dataclass(frozen=True, slots=True)
class ShownExample:
    """A prompt of the training, and the target that a warm start would learn for it."""

    problem: str
    """Its id."""
    prompt: ShownTokens
    target: ShownTokens | None
    """None where the problem has no worked solution."""

    def as_dict(self) -> dict[str, Any]:
        """Returns ids and texts as JSON."""
        parts = {"prompt": self.prompt, "target": self.target}
        return {"problem": self.problem} | {
            name: {"text": part.text, "ids": list(part.ids), "tokens": list(part.texts)} if part else None
            for name, part in parts.items()
        }


def show_examples(config: Config, count: int) -> list[ShownExample]:
    """Returns the first `count` prompts of the training with their targets; loads data and tokenizer, no model.

    Where the warm start has data of its own, `count` examples of those come too. Raises `UserError` as a run would.
    """
    from whet.build.task import build_task
    from whet.models.load import load_tokenizer

    task = build_task(config, load_tokenizer(config.model.name))
    problems = [prompt.problem for prompt in task.stream.draw(count, 0)]
    if task.solutions is not task.train:
        problems += [task.solutions[place] for place in range(min(count, len(task.solutions)))]
    return [_shown(problem, task) for problem in problems]


def _shown(problem: Problem, task: "Task") -> ShownExample:
    tokenizer = task.renderer.tokenizer
    made = example(problem, task, task.renderer)
    learned = ShownTokens.of(tokenizer, made.response) if problem.solution else None
    return ShownExample(problem.id, ShownTokens.of(tokenizer, made.prompt), learned)
