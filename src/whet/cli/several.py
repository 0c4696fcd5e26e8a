"""The command line of a run that several processes share: starts them, and keeps all but the first one quiet."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from whet.compute.launch import end_with_launcher, launch
from whet.compute.rank import is_one_of_several, rank


def start_others(arguments: Sequence[str], count: int) -> None:
    """Starts `count` processes with these arguments where more than one are wanted and torchrun has started none.

    Then it waits for them, and exits with their status.
    """
    if count > 1 and not is_one_of_several():
        sys.exit(launch(arguments, count, lambda text: print(f"whet: {text}", file=sys.stderr)))


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
