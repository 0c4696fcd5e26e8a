"""The sandbox backends, from strong to weak."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whet.sandbox import bubblewrap, landlock, seccomp


@dataclass(frozen=True)
class Backend:
    """A sandboxing method: how the harness is started, and what restricts it and each process."""

    name: str
    missing: Callable[[], str | None]
    """Returns what this machine lacks for it, with the fix; `None` where nothing is known to be lacking."""
    at_start: tuple[str, ...] = ()
    """Restrictions on the harness and all that it starts: names of `whet.sandbox.confine.RESTRICTIONS`."""
    per_process: tuple[str, ...] = ("limits", "seccomp")
    """Further restrictions on every process, before it runs any code of a task."""
    weakness: str = ""
    """What a program can still do; empty for a backend that needs no `unsafe`."""
    wrapped: Callable[[Sequence[str]], list[str]] = list
    """Makes the command that runs a given harness command in this backend."""


BACKENDS = (
    Backend(
        "bubblewrap",
        lambda: bubblewrap.missing() or seccomp.missing(),
        at_start=("capabilities",),
        wrapped=bubblewrap.wrapped,
    ),
    Backend("landlock", lambda: landlock.missing() or seccomp.missing(), at_start=("landlock", "capabilities")),
    Backend(
        "limits",
        lambda: None,
        per_process=("limits",),
        weakness="programs can do whatever you can do, within limits of time and memory",
    ),
)
"""The strongest first."""
