"""What torchrun's environment variables say of this process. Imports nothing that takes time."""

import os

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets in the environment of each process."""


def is_one_of_several() -> bool:
    """Whether this process is one of several that share a run."""
    return all(name in os.environ for name in VARIABLES) and int(os.environ["WORLD_SIZE"]) > 1


def rank() -> int:
    """Returns the number of this process in its run, from 0; 0 too where there is one."""
    return int(os.environ["RANK"]) if is_one_of_several() else 0


def local_count() -> int:
    """Returns how many processes of the run are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"])) if is_one_of_several() else 1
