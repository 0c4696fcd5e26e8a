"""The command line of a run that several processes share: starts them, and keeps all but the first one quiet."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whet.cli.arguments import whole_number
from whet.compute.launch import end_with_launcher, launch
from whet.compute.rank import is_one_of_several, rank
from whet.errors import UserError

if TYPE_CHECKING:
    from whet.config import ComputeConfig

HERE = "here"
"""In place of a cluster's address: this machine."""


def start_others(arguments: Sequence[str], compute: "ComputeConfig", folder: Path) -> None:
    """Starts the processes of a run where more than one are wanted and torchrun has started none.

    Each is `whet` with these arguments, on this machine or on the nodes of a Ray cluster, which must see `folder`. Then
    waits for them, and exits with their status.
    """
    if compute.processes == 1 or is_one_of_several():
        return

    def log(text: str) -> None:
        print(f"whet: {text}", file=sys.stderr)

    if compute.ray is None:
        sys.exit(launch(arguments, compute.processes, log))
    from whet.cluster.start_ranks import launch_on_cluster

    sys.exit(launch_on_cluster(arguments, compute, folder, log))


def shared_anew(compute: "ComputeConfig", processes: str | None, ray: str | None) -> "ComputeConfig":
    """Returns among how many processes, and where, a run goes on: as recorded, or as the command line says.

    Raises `UserError` for what is no number of processes, and no address of a cluster.
    """
    from whet.config import RayProcessesConfig
    from whet.config.engines import names_cluster, without_password

    count = compute.processes if processes is None else whole_number("processes", processes)
    if count < 1:
        raise UserError(f"--processes: is {count}; it must be at least 1")
    if ray is not None and not names_cluster(ray, "auto", HERE):
        told = without_password(ray)
        raise UserError(f"--ray: is {told!r}; use auto, or HOST:PORT of a cluster's head, or {HERE} for this machine")
    if ray not in (None, HERE) and count == 1:
        raise UserError("--ray: names a cluster, but one process runs on this machine; set --processes to 2 or more")
    there = compute.ray
    if ray is not None:
        there = None if ray == HERE else (there or RayProcessesConfig()).model_copy(update={"address": ray})
    return compute.model_copy(update={"processes": count, "ray": there})


@contextmanager
def one_of_several() -> Iterator[None]:
    """In the block this process takes part in a run of several, if it was started as one; all but the first are quiet.

    What each of them raises is for `exit_status` around the block.
    """
    end_with_launcher()
    if not is_one_of_several():
        yield
        return
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")  # what a barrier finds is told once, in words
    if rank():
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    try:
        yield
    except BaseException as error:
        if not isinstance(error, SystemExit) or error.code:
            from whet.compute.processes import end_by

            end_by(error)
        raise
    from whet.compute.processes import leave

    leave()
