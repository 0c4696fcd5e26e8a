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


def below(name: str, pid: int | None = None) -> list[psutil.Process]:
    """The processes below this one, or below `pid`, whose name begins so; a Ray worker's goes on with what it does."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if process.name() == name or process.cmdline()[0].startswith(name):
                found.append(process)
        except (psutil.Error, IndexError):
            continue
    return found
