"""Processes that share a run, for tests: forked from this one, which has imported what takes time."""

import multiprocessing
import os
import socket
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from crashes import untraced

HEAVY = ["torch", "torch.distributed", "transformers", "peft", "tiny", "whet.api", "whet.stages.pipeline"]
"""What is imported before processes are forked."""

LIMIT = 60.0
"""Seconds after which processes have failed."""


@cache
def _context() -> BaseContext:
    for name in HEAVY:
        import_module(name)
    return multiprocessing.get_context("fork")


def in_processes(
    count: int,
    function: Callable[..., Any],
    *arguments: Any,
    directory: Path | None = None,
    watched: Sequence[int] = (),
    **named: Any,
) -> list[Any]:
    """What `function` returns, or the exception that it raises, in each of `count` processes, by rank.

    A process that ends without a word gives None. They run in `directory`, where one is named. Of `watched` alone the
    ends are waited for, and then the others are killed.
    """
    port = free_port()
    pipes = []
    for rank in range(count):
        reader, writer = _context().Pipe(duplex=False)
        job = (writer, rank, count, port, directory, partial(function, *arguments, **named))
        process = _context().Process(target=_ranked, args=job)
        process.start()
        writer.close()
        pipes.append((reader, process))
    waited = watched or range(count)
    found = [_received(reader) if rank in waited else None for rank, (reader, _) in enumerate(pipes)]
    for rank, (_, process) in enumerate(pipes):
        process.join(10 if rank in waited else 0)
        process.kill()
    return found


def _received(reader: Connection) -> Any:
    if not wait([reader], LIMIT):
        return TimeoutError(f"no answer in {LIMIT:g} s")
    try:
        return reader.recv()
    except EOFError:
        return None


def _ranked(
    writer: Connection,
    rank: int,
    count: int,
    port: int,
    directory: Path | None,
    function: Callable[[], Any],
) -> None:
    import torch

    from whet.compute.processes import end_by, leave, processes

    untraced()
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1"}
    os.environ |= {"MASTER_PORT": str(port)}
    processes.cache_clear()  # the tests' own process is alone
    if directory:
        os.chdir(directory)
    try:
        found = function()
        leave()
        writer.send(found)
    except BaseException as error:
        end_by(error)
        writer.send(error)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])
