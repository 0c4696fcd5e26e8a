"""The processes of a run, over torch.distributed: ranks, agreements, sums. The one place that knows of them.

torchrun, or `launch.py`, starts them and says in the environment which is which. What they agree on travels as plain
objects between processes that run the same program (gloo, on CPUs); tensors go the way of their device (NCCL on GPUs).

Before each exchange a barrier waits for everybody, for `patience` at most, and names who is missing. So no process
hangs in a sum that another one never reaches: an error in one share is an outcome that all of them learn of.
"""

import os
import re
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor

from whet.compute.alone import Alone
from whet.compute.members import Member
from whet.compute.rank import is_one_of_several, local_count
from whet.errors import ProcessLost, UserError
from whet.protocols import Processes
from whet.redact import redact
from whet.text import first_line

Result = TypeVar("Result")

PATIENCE = timedelta(minutes=30)
"""How long processes wait for a late one, unless `be_patient` says otherwise."""

BUCKET = 64 << 20
"""Bytes of tensors that are summed in one call."""


def end_by(error: BaseException) -> None:
    """Leaves word for the other processes of what ends this one."""
    if processes.cache_info().currsize:
        cast(Any, processes()).end_by(error)


@cache
def processes() -> Processes:
    """Returns the processes of this run, joined at the first call; `Alone` without torchrun's variables."""
    return Ranks() if is_one_of_several() else Alone()


def be_patient(patience: timedelta) -> None:
    """Has the processes of this run wait for a late one so long from here on."""
    cast(Any, processes()).be_patient(patience)


def leave() -> None:
    """Ends the connection to the other processes once all have come here; the next call of `processes` joins anew."""
    if processes.cache_info().currsize:
        cast(Any, processes()).close()
        processes.cache_clear()


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """What became of one process's share of some work."""

    result: Result | None = None
    error: BaseException | None = None
    """What was raised, if it can be sent as it is: an interrupt or a `UserError`; else a `RuntimeError` about it."""


class Ranks:
    """Plays `Processes` for torchrun's ranks."""

    def __init__(self) -> None:
        import torch.distributed as dist
        from torch.distributed.rendezvous import rendezvous

        self.patience = PATIENCE
        on_gpu = torch.cuda.is_available()
        if on_gpu:
            torch.cuda.set_device(own_gpu(torch.cuda.device_count()))
        self._store, self.rank, self.count = next(rendezvous("env://"))
        backend = "cpu:gloo,cuda:nccl" if on_gpu else "gloo"
        # no timeout of its own: the barrier in front of every exchange has it
        dist.init_process_group(
            backend, store=self._store, rank=self.rank, world_size=self.count, timeout=timedelta(days=1)
        )
        self._control = dist.new_group(backend="gloo", timeout=timedelta(days=1))
        self.before: Callable[[], None] = lambda: None
        self.members: Sequence[Member] = ()
        self.members = self.gathered(Member.this)

    def be_patient(self, patience: timedelta) -> None:
        """Waits for a late process so long from here on."""
        self.patience = patience

    def before_each(self, check: Callable[[], None]) -> None:
        """Has `check` called before each share of work: what it raises all raise, as if the work had."""
        self.before = check

    def gathered(self, work: Callable[[], Result]) -> list[Result]:
        """Does `work`, the share of this process, and returns what all of them returned, by rank.

        Raises what `work` raised in one of them, the lowest rank first, and `ProcessLost` where one does not come.
        """
        own = _outcome(lambda: self._begun(work), self.rank, self.count)
        outcomes = cast(list[Outcome[Result]], self._exchanged(own, lambda found: self._gather(found)))
        if own.error is not None:
            raise own.error
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        return [cast(Result, outcome.result) for outcome in outcomes]

    def first(self, work: Callable[[], Result]) -> Result:
        """Does `work` in process 0 only, and returns its result in all of them. Raises as `gathered`."""
        own = _outcome(lambda: self._begun(work), 0, self.count) if self.rank == 0 else Outcome()
        found = cast(Outcome[Result], self._exchanged(own, self._sent))
        if found.error is not None:
            raise found.error
        return cast(Result, own.result if self.rank == 0 else found.result)

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set in any of them."""
        return any(self.gathered(lambda: flag))

    @torch.no_grad()
    def add_gradients(self, weights: Sequence[Tensor]) -> None:
        """Sums the gradients of `weights` over the processes, equal to the last bit in all; None stays None."""
        having = self.gathered(lambda: [weight.grad is not None for weight in weights])
        sums = [weight for weight, has in zip(weights, zip(*having, strict=True), strict=True) if any(has)]
        for weight in sums:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        self._told(lambda: self._add([weight.grad for weight in sums if weight.grad is not None]))

    def close(self) -> None:
        """Waits for the others, and leaves."""
        import torch.distributed as dist

        self.gathered(lambda: None)
        dist.destroy_process_group()

    def end_by(self, error: BaseException) -> None:
        """Leaves word for the others of what ends this process, whom it will not meet again."""
        with suppress(RuntimeError):
            self._store.set(f"end of {self.rank}", redact(f"{type(error).__name__}: {first_line(error)}"))

    def _begun(self, work: Callable[[], Result]) -> Result:
        self.before()
        return work()

    def _exchanged(self, own: Outcome[Any], exchange: Callable[[Outcome[Any]], Any]) -> Any:
        """What `exchange` returns once all have come. An error of this process is raised where the others are gone."""
        import torch.distributed as dist

        try:
            self._told(lambda: dist.monitored_barrier(self._control, self.patience, wait_all_ranks=True))
            return self._told(lambda: exchange(own))
        except ProcessLost as lost:
            if own.error is not None:
                raise own.error from lost
            raise

    def _told(self, exchange: Callable[[], Any]) -> Any:
        """What `exchange` returns. Raises `ProcessLost`, with the names of processes that are gone or late."""
        began = time.monotonic()
        try:
            return exchange()
        except RuntimeError as error:
            waited = timedelta(seconds=time.monotonic() - began)
            raise ProcessLost(self._who(str(error), waited)) from error

    def _who(self, what: str, waited: timedelta) -> str:
        """Why an exchange failed after a while: whose end, or whose lateness."""
        missing = _ranks_in(what)
        lines = [line for number in range(self.count) if (line := self._end_of(number, missing, waited))]
        broken = f"the connection between the {self.count} processes broke: {what.partition(chr(10))[0]}"
        return "; ".join(lines) or broken

    def _end_of(self, number: int, missing: Sequence[int], waited: timedelta) -> str:
        """What is known of a process that does not come; empty where nothing is wrong with it."""
        name = f"{self.members[number] if self.members else f'process {number}'} of {self.count}"
        if word := self._word_of(number):
            return f"{name} ended: {word}"
        if self.members and self.members[number].is_gone:
            return f"{name} ended without a word: killed, or out of memory"
        if number in missing and waited >= self.patience:
            minutes = self.patience.total_seconds() / 60
            return f"{name} kept the others waiting for {minutes:.3g} minutes (compute.timeout_minutes)"
        return f"{name} cannot be reached" if number in missing else ""

    def _word_of(self, number: int) -> str:
        """What a process said of its end; empty where it said nothing, or process 0, who keeps such words, is gone."""
        key = f"end of {number}"
        with suppress(RuntimeError):
            return self._store.get(key).decode() if self._store.check([key]) else ""
        return ""

    def _gather(self, own: Outcome[Any]) -> list[Outcome[Any]]:
        import torch.distributed as dist

        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, own, group=self._control)
        return found

    def _sent(self, own: Outcome[Any]) -> Outcome[Any]:
        import torch.distributed as dist

        box = [own]
        dist.broadcast_object_list(box, src=0, group=self._control)
        return box[0]

    def _add(self, tensors: Sequence[Tensor]) -> None:
        import torch.distributed as dist

        for bucket in buckets(tensors):
            flat = torch.cat([tensor.flatten() for tensor in bucket])
            dist.all_reduce(flat)
            parts = flat.split([tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.view_as(tensor))


def own_gpu(there: int) -> int:
    """Returns the number of this process's GPU among those of its machine; raises `UserError` where there is none."""
    wanted = local_count()
    if wanted > there:
        raise UserError(
            f"compute.processes: {wanted} are on a machine with {there} GPUs; start one for each GPU at most"
        )
    return int(os.environ.get("LOCAL_RANK", 0))


def buckets(tensors: Iterable[Tensor], size: int = BUCKET) -> Iterator[list[Tensor]]:
    """Yields neighbours of one dtype and device, at most `size` bytes together or one that is larger.

    >>> [len(some) for some in buckets([torch.zeros(4), torch.zeros(4), torch.zeros(8)], size=32)]
    [2, 1]
    """
    waiting: list[Tensor] = []
    for tensor in tensors:
        same = not waiting or (waiting[0].dtype, waiting[0].device) == (tensor.dtype, tensor.device)
        if waiting and (not same or sum(one.nbytes for one in waiting) + tensor.nbytes > size):
            yield waiting
            waiting = []
        waiting.append(tensor)
    if waiting:
        yield waiting


def _outcome(work: Callable[[], Result], rank: int, count: int) -> Outcome[Result]:
    """Does `work`; whatever it raises is its outcome."""
    try:
        return Outcome(work())
    except KeyboardInterrupt as interrupt:
        return Outcome(error=type(interrupt)(*interrupt.args))
    except UserError as error:
        return Outcome(error=UserError(str(error)))
    except Exception as error:
        told = RuntimeError(f"process {rank} of {count}: {type(error).__name__}: {first_line(error)}")
        told.add_note(f"In process {rank}:\n{''.join(traceback.format_exception(error))}")
        return Outcome(error=told)


def _ranks_in(text: str) -> list[int]:
    """The ranks that a monitored barrier names as missing.

    >>> _ranks_in("Ranks 1, 3 failed to pass monitoredBarrier in 1000 ms"), _ranks_in("Connection closed by peer")
    ([1, 3], [])
    """
    found = re.search(r"[Rr]anks? ([\d, ]+) failed to pass", text)
    return [int(number) for number in found[1].split(",") if number.strip()] if found else []
