"""What a trial takes of a Ray cluster, and what the exit status of `on_node`, which speaks for it here, says."""

import json
from dataclasses import asdict, dataclass

from whet.cluster.ray_start import SHIFT
from whet.errors import INTERRUPTED

PROGRAM = "whet.sweep.on_node"
"""The module that is run, with the word of a `Request` and the arguments of `whet`."""

UNUSABLE = 69
"""The exit status where the cluster cannot be joined or used: no trial is at fault (sysexits.h: EX_UNAVAILABLE)."""

LOST = 76
"""The exit status where the node has left the cluster: the trial is not at fault, and goes on elsewhere."""


@dataclass(frozen=True)
class Request:
    """Which cluster, and what of it a trial takes."""

    address: str
    cpus: int
    gpus: int | None
    """None is one where the cluster has any, else none."""
    threads: int
    """Of each of its processes."""
    folder: str
    """Of the sweep, which the node must see."""

    def word(self) -> str:
        """Returns it as an argument of this program."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, word: str) -> "Request":
        """Reads it from such an argument.

        >>> Request.of(Request("auto", 4, None, 2, "/runs").word())
        Request(address='auto', cpus=4, gpus=None, threads=2, folder='/runs')
        """
        return cls(**json.loads(word))


def meaning(status: int) -> int:
    """Returns what the exit status of this program says: that of `whet` on the node, `LOST` or `UNUSABLE`.

    Whatever else ended this program, Ray or a signal, has broken the trial off.

    >>> meaning(100), meaning(102), meaning(LOST), meaning(1), meaning(-9)
    (0, 2, 76, 75, 75)
    """
    if status >= SHIFT:
        return status - SHIFT
    return status if status in (LOST, UNUSABLE) else INTERRUPTED
