"""The processes of a run, over torch.distributed: ranks, agreements, sums. The one place that knows of them.

torchrun, or `launch.py`, starts them and says in the environment which is which. What they agree on travels as plain
objects between processes that run the same program (gloo, on CPUs); tensors go the way of their device (NCCL on GPUs).

Each exchange begins with a few bytes that say which one it is, so that processes that have gone different ways find out
instead of taking one thing for another. Whoever waits for longer than `patience` looks at the board (`board.py`) who
has not come, and names it. So no process hangs in a sum that another one never reaches: an error in one share is an
outcome that all of them learn of.
"""

import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor

from whet.compute.alone import Alone
from whet.compute.board import Board, mark
from whet.compute.members import Member
from whet.compute.rank import is_one_of_several, local_count
from whet.errors import ProcessLost, UserError
from whet.protocols import Processes
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


def mesh(device: torch.device) -> Any:
    """Returns the mesh of all processes of this run, of one dimension, for tensors on a type of device."""
    from torch.distributed.device_mesh import init_device_mesh

    return init_device_mesh(device.type, (processes().count,))


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
        store, self.rank, self.count = next(rendezvous("env://"))
        backend = "cpu:gloo,cuda:nccl" if on_gpu else "gloo"
        dist.init_process_group(backend, store=store, rank=self.rank, world_size=self.count, timeout=PATIENCE)
        self._control = dist.new_group(backend="gloo", timeout=PATIENCE)
        self.before: Callable[[], None] = lambda: None
        self._board = Board(store, self.rank, self.count)
        self._board.members = self.gathered(Member.this)

    def be_patient(self, patience: timedelta) -> None:
        """Waits for a late process so long from here on."""
        import torch.distributed as dist

        self.patience = patience
        for group in (dist.group.WORLD, self._control):
            dist.distributed_c10d._set_pg_timeout(patience, group)

    def before_each(self, check: Callable[[], None]) -> None:
        """Has `check` called before each share of work: what it raises all raise, as if the work had."""
        self.before = check

    def gathered(self, work: Callable[[], Result]) -> list[Result]:
        """Does `work`, the share of this process, and returns what all of them returned, by rank.

        Raises what `work` raised in one of them, the lowest rank first, and `ProcessLost` where one does not come.
        """
        own = _outcome(lambda: self._begun(work), self.rank, self.count)
        outcomes = cast(list[Outcome[Result]], self._exchanged(own, f"gathered {mark(work)}", self._gather))
        if own.error is not None:
            raise own.error
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        return [cast(Result, outcome.result) for outcome in outcomes]

    def together(self, work: Callable[[], Result]) -> list[Result]:
        """As `gathered`, for work in the midst of which the processes exchange tensors.

        An error there ends this process, and so the exchanges that the others are in: they raise `ProcessLost`, or the
        `UserError` that it was.
        """
        self.gathered(lambda: None)  # all are here, and none was asked to stop
        self._board.says(f"in the midst of {mark(work)}")
        try:
            own = self.named_failure(work)
        except BaseException as error:
            self.end_by(error)
            raise
        return self.gathered(lambda: own)

    def first(self, work: Callable[[], Result]) -> Result:
        """Does `work` in process 0 only, and returns its result in all of them. Raises as `gathered`."""
        own = _outcome(lambda: self._begun(work), 0, self.count) if self.rank == 0 else Outcome()
        found = cast(Outcome[Result], self._exchanged(own, f"first {mark(work)}", self._sent))
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
        self.named_failure(lambda: self._add([weight.grad for weight in sums if weight.grad is not None]))

    def named_failure(self, work: Callable[[], Result]) -> Result:
        """Does `work`, in which the processes exchange tensors, and returns what it returned in this one.

        Raises `ProcessLost`, with the names of processes that are gone or late, where an exchange fails.
        """
        began = time.monotonic()
        try:
            return work()
        except RuntimeError as error:
            if not is_of_exchange(error):
                raise
            waited = timedelta(seconds=time.monotonic() - began)
            raise self._board.lost(error, waited, self.patience) from error

    def close(self) -> None:
        """Waits for the others, and leaves."""
        import torch.distributed as dist

        self.gathered(lambda: None)
        dist.destroy_process_group()

    def end_by(self, error: BaseException) -> None:
        """Leaves word for the others of what ends this process, whom it will not meet again."""
        self._board.ends(error)

    def _begun(self, work: Callable[[], Result]) -> Result:
        self.before()
        return work()

    def _exchanged(self, own: Outcome[Any], what: str, exchange: Callable[[Outcome[Any]], Any]) -> Any:
        """What `exchange` returns once all have come. An error of this process is raised where the others are gone."""
        code = self._board.arrives(what)
        try:
            if len(set(self.named_failure(lambda: self._codes(code)))) > 1:
                raise RuntimeError(self._board.apart())
            return self.named_failure(lambda: exchange(own))
        except (ProcessLost, UserError) as lost:
            if own.error is not None:
                raise own.error from lost
            raise

    def _codes(self, code: int) -> list[int]:
        """The codes of all processes for the exchange that they have come to."""
        import torch.distributed as dist

        found = [torch.zeros((), dtype=torch.long) for _ in range(self.count)]
        dist.all_gather(found, torch.tensor(code), group=self._control)
        return [int(one) for one in found]

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


SIGNS = ("gloo", "nccl", "connection closed", "connection reset", "timed out", "timeout", "socket")
"""What errors of torch.distributed speak of."""


def is_of_exchange(error: BaseException) -> bool:
    """Whether an error is of an exchange between processes that did not take place.

    >>> is_of_exchange(RuntimeError("[gloo/transport/tcp/pair.cc] Connection closed by peer"))
    True
    """
    return any(sign in str(error).lower() for sign in SIGNS)
