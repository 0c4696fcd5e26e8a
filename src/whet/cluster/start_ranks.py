"""Starts the processes of a run on a Ray cluster, by a program of its own that speaks with Ray, and waits for it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from whet.cluster.rank_places import RanksRequest
from whet.cluster.ray_start import SHIFT
from whet.compute.launch import LAUNCHER, ProcessHere, ended_by, passing_on
from whet.config import ComputeConfig
from whet.errors import INTERRUPTED, UserError

PROGRAM = "whet.cluster.ranks_program"
"""The module that is run, with the word of a `RanksRequest` and the arguments of `whet`."""


def launch_on_cluster(
    arguments: Sequence[str], compute: ComputeConfig, folder: Path, log: Callable[[str], object]
) -> int:
    """Runs `whet` with these arguments on the cluster that `compute.ray` names; returns the exit status.

    That is the first one that failed; 75, to be resumed, where a process or the cluster was lost: `log` is told which.
    `folder` is the run's, or the one in which it will be. Raises `UserError` without Ray.
    """
    request = requested(compute, folder)
    if find_spec("ray") is None:
        raise UserError("compute.ray: needs Ray; install it by `pip install 'whet[ray]'`, or leave compute.ray out")
    program = ProcessHere(
        [sys.executable, "-P", "-m", PROGRAM, request.word(), *arguments],
        env={**os.environ, LAUNCHER: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process alone, which passes it on
    )
    with passing_on([program]):
        status = program.wait()
    if status >= SHIFT:
        return status - SHIFT
    how = ended_by(status) or f"ended with status {status}"
    log(f"Ray has ended on this machine (its process here {how}): once a cluster is there again, resume the run")
    return INTERRUPTED


def requested(compute: ComputeConfig, folder: Path) -> RanksRequest:
    """Returns what a recipe asks of a cluster."""
    ray = compute.ray
    assert ray is not None
    there = folder.resolve()
    seen = next(path for path in (there, *there.parents) if path.is_dir())
    return RanksRequest(ray.address, compute.processes, ray.cpus, ray.gpus, str(seen), _columns())


def _columns() -> int | None:
    """The width of the terminal, which the processes are not connected to; None without one."""
    try:
        return os.get_terminal_size(1).columns or None
    except OSError:
        return None
