"""Sharpen small language models at reasoning by reinforcement fine-tuning (GRPO).

    import whet

    run = whet.train("quickstart", overrides={"grpo.steps": 4})
    run.evaluations["final"].accuracy
    run.model(), run.tokenizer()

Everything here is loaded when it is first used: `import whet` loads no torch.
"""

from importlib import import_module

TYPE_CHECKING = False  # of `typing`, whose place a file of the working folder could take (`__main__.py`)
if TYPE_CHECKING:
    from typing import Any

    from whet.api import check, compare, evaluate, load_recipe, open_run, resume, train
    from whet.dashboard.run_report import report
    from whet.types import Group, Problem, Prompt, Reward, Rollout

    __version__: str

_HOMES = {
    "whet.api": ("check", "compare", "evaluate", "load_recipe", "open_run", "resume", "train"),
    "whet.dashboard.run_report": ("report",),
    "whet.types": ("Group", "Problem", "Prompt", "Reward", "Rollout"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Group",
    "Problem",
    "Prompt",
    "Reward",
    "Rollout",
    "__version__",
    "check",
    "compare",
    "evaluate",
    "load_recipe",
    "open_run",
    "report",
    "resume",
    "train",
]


def __getattr__(name: str) -> "Any":
    """A public name, fetched from its module when it is asked for (PEP 562)."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name == "__version__":
        # not at the top: it loads a parser of e-mail, most of the time that `import whet` would take
        from importlib.metadata import version

        return version("whet")
    raise AttributeError(f"module 'whet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
