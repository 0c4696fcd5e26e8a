"""Opens the run folder: process 0 of a run writes to it, the others follow."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.build.shared import joined
from whet.config import Config
from whet.errors import UserError
from whet.runs.follower import RunFollower
from whet.runs.writer import RunWriter

if TYPE_CHECKING:
    from whet.train_loop.background import Jobs
    from whet.train_loop.signals import Stop


def created(config: Config, recipe: str, manifest: Mapping[str, Any], stem: str) -> RunWriter:
    """Creates the run folder that a recipe asks for. Raises as `RunWriter.create`, in every process."""
    folder, name = Path(config.run.folder), config.run.name
    return _opened(lambda: RunWriter.create(folder, recipe, manifest, stem, name))


def reopened(path: Path) -> RunWriter:
    """Opens the run folder of a run that goes on. Raises as `RunWriter.reopen`, in every process."""
    return _opened(lambda: RunWriter.reopen(path))


def _opened(opens: Callable[[], RunWriter]) -> RunWriter:
    own: list[RunWriter] = []

    def open_it() -> Path:
        own.append(opens())
        return own[0].path

    path = joined().first(open_it)
    return own[0] if own else RunFollower(path)


def shared_jobs(jobs: "Jobs") -> "Jobs":
    """Returns jobs for which all processes wait until those of process 0 are done."""
    from whet.train_loop.shared_jobs import SharedJobs

    return SharedJobs(jobs, joined()) if joined().count > 1 else jobs


def share_stop(stop: "Stop") -> None:
    """Has a stop that one process is asked for agreed on by all, and taken up where all of them are."""
    stop.agree, stop.is_shared = joined().any, joined().count > 1
    joined().before_each(stop.take_up)


def refuse_alone(config: Config) -> None:
    """Raises `UserError` where a recipe asks for several processes and this is the only one."""
    if (wanted := config.compute.processes) > 1 and joined().count == 1:
        how = f"start the program by `torchrun --nproc-per-node {wanted}`, or use `whet train`, which starts them"
        raise UserError(f"compute.processes: is {wanted}, and this program runs in one process; {how}")


def together(config: Config) -> Config:
    """Joins the processes of the run, as patient as the recipe says; returns the recipe with how many they are."""
    from whet.compute.processes import be_patient

    be_patient(timedelta(minutes=config.compute.timeout_minutes))
    count = joined().count
    if config.compute.processes == count:
        return config
    return config.model_copy(update={"compute": config.compute.model_copy(update={"processes": count})})


def of_this_process(config: Config) -> Config:
    """Returns the recipe as this process follows it: trackers and the hub are for process 0 alone."""
    if joined().rank == 0:
        return config
    return config.model_copy(update={"run": config.run.model_copy(update={"trackers": [], "push": None})})
