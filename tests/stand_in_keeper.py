"""A keeper whose cluster is a stand-in: a process of its own, for tests of what is asked of it."""

import os
import sys
from multiprocessing.connection import Connection
from typing import Any

from stand_in_ray import StandInCluster
from whet.errors import UserError
from whet.rollout.ray_keeper import Keeper


class Mortal(StandInCluster):
    """Ends its whole process when the head is asked after and `dies` says so, as Ray does."""

    dies = False

    def refuse_lost_head(self) -> None:
        if self.dies:
            os._exit(1)
        super().refuse_lost_head()


def join(count: int, dies: bool = False) -> Any:
    """A cluster of so many workers; none at 0, and at −1 the process ends."""
    if count < 0:
        print("first\nno such library", file=sys.stderr, flush=True)
        os._exit(1)
    if not count:
        raise UserError("rollout.ray.workers: is 0")
    cluster = Mortal(count, ends=(2,))
    cluster.dies = dies
    return cluster


if __name__ == "__main__":
    Keeper(Connection(int(sys.argv[1])), join).serve()
