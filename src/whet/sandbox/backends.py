"""The sandbox backends, from strong to weak."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whet.sandbox import bubblewrap, landlock, seccomp


@dataclass(frozen=True)
class Backend:
    """A way to run a program so that it can do little."""

    name: str
    missing: Callable[[], str | None]
    """What this machine lacks for it, and what to do; `None` where nothing is known to be lacking."""
    at_start: tuple[str, ...] = ()
    """What restricts the harness and all that it starts: names of `whet.sandbox.confine.RESTRICTIONS`."""
    per_process: tuple[str, ...] = ("limits", "seccomp")
    """What also restricts every process before it runs anything."""
    weakness: str = ""
    """What a program can still do; empty for a backend that is strong enough to be used unasked."""
    wrapped: Callable[[Sequence[str]], list[str]] = list
    """The command that starts it, from one that starts a harness."""


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
