"""What a new recipe says, and what it says where nobody is asked."""

from dataclasses import dataclass, replace
from typing import Any

from whet.init.look import FEW, Look

HOLD_OUT = 0.1


@dataclass(frozen=True, slots=True)
class Choices:
    """The values of a recipe that depend on data, model and taste."""

    model: str
    data: str
    test: str | None
    """Held-out problems of another source; None for the data's own."""
    hold_out: float | None
    """The share set aside where the data has no held-out problems of its own."""
    format: str = "think_answer"
    reward: str = "accuracy"
    max_tokens: int = 256
    solutions: bool = True
    """Whether the data has worked solutions, which a warm start imitates."""
    eval_problems: int = 256

    def tree(self) -> dict[str, Any]:
        """The recipe as nested mappings."""
        train: dict[str, Any] = {"name": self.data}
        if self.hold_out:
            train["params"] = {"hold_out": self.hold_out}
        data: dict[str, Any] = {"train": train}
        if self.test:
            data["test"] = {"name": self.test}
        return {
            "model": self.model,
            "data": data,
            "format": self.format,
            "rewards": [{"name": self.reward, "weight": 1.0}, {"name": "format_soft", "weight": 0.1}],
            "sft": {"when": "auto"},
            "grpo": {
                "steps": 100,
                "prompts_per_step": 8,
                "group_size": 8,
                "sampling": {"temperature": 1.0, "max_tokens": self.max_tokens},
                "optimizer": {"learning_rate": 1e-5, "warmup_steps": 5},
            },
            "eval": {"problems": self.eval_problems, "every": 25},
        }


def first_choices(found: Look, model: str) -> Choices:
    """Returns the choices that a data set suggests."""
    held = 256 if found.count is None or found.has_test else max(int(HOLD_OUT * found.count), 1)
    return Choices(
        model=model,
        data=found.source.name,
        test=None,
        hold_out=None if found.has_test else HOLD_OUT,
        solutions=found.worked > 0,
        eval_problems=min(256, held),
    )


def with_test(choices: Choices, test: str | None) -> Choices:
    """Returns the choices with held-out problems of another source, where one is named."""
    return replace(choices, test=test, hold_out=None, eval_problems=256) if test else choices


def warnings(found: Look) -> list[str]:
    """Lines on what the data lacks."""
    lines = []
    if found.count is not None and found.count < FEW:
        lines.append(f"{found.count} problems are few: GRPO needs hundreds, and a measurement some dozens held out")
    if not found.worked:
        lines.append("no worked solutions: where the model never scores, a warm start has nothing to imitate")
    return lines
