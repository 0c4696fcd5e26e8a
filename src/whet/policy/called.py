"""Calls a module with another forward than its own, so that what hangs on its calls takes place."""

from collections.abc import Callable
from typing import Any


def called(module: Any, forward: Callable[..., Any], *inputs: Any) -> Any:
    """Returns what `forward(*inputs)` does, computed as a call of `module`: its hooks run before and after it."""
    before = vars(module).get("forward")
    module.forward = forward
    try:
        return module(*inputs)
    finally:
        del module.forward
        if before is not None:
            module.forward = before
