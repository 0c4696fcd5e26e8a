"""The kinds of sandbox, from strong to weak."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whet.sandbox import bubblewrap, landlock, seccomp


@dataclass(frozen=True)
class Backend:
    """A way to run a program so that it can do little."""

    name: str
    once: tuple[str, ...]
    """What the harness gives up when it starts: names of `whet.sandbox.confine.PIECES`."""
    each: tuple[str, ...]
    """What every process gives up before it runs anything."""
    missing: Callable[[], str | None]
    """What this machine lacks for it, and what to do; `None` where nothing is known to be lacking."""
    weakness: str = ""
    """What a program can still do; empty for a kind that is strong enough to be used unasked."""
    wrapped: Callable[[Sequence[str]], list[str]] = list
    """The command that starts it, from one that starts a harness."""


def _no_fork() -> str | None:
    return None if hasattr(os, "fork") else f"{platform.system()} cannot limit processes"


KINDS = (
    Backend(
        "bubblewrap",
        ("capabilities",),
        ("limits", "seccomp"),
        lambda: bubblewrap.missing() or seccomp.missing(),
        wrapped=bubblewrap.wrapped,
    ),
    Backend(
        "landlock",
        ("landlock", "capabilities"),
        ("limits", "seccomp"),
        lambda: landlock.missing() or seccomp.missing(),
    ),
    Backend(
        "seccomp",
        ("capabilities",),
        ("limits", "seccomp"),
        seccomp.missing,
        weakness="programs can read every file that you can read",
    ),
    Backend(
        "limits",
        (),
        ("limits",),
        _no_fork,
        weakness="programs can do whatever you can do, within limits of time and memory",
    ),
)
"""The strongest first."""
