"""The processes that a test started, and not those that other tests of the same process keep warm."""

import psutil

_before: set[int] = set()


def forget_others() -> None:
    """What runs by now belongs to somebody else."""
    _before.clear()
    _before.update(child.pid for child in psutil.Process().children())


def offspring(recursive: bool = False) -> list[psutil.Process]:
    """The children of this process since then; with all that these have started."""
    own = [child for child in psutil.Process().children() if child.pid not in _before]
    return own + [one for child in own for one in child.children(recursive=True)] if recursive else own
