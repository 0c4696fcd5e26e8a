"""Experiment trackers for a run's metrics: W&B, trackio, TensorBoard."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from netrc import NetrcParseError, netrc
from os import environ
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from whet.config import TrackerConfig
from whet.errors import UserError, did_you_mean
from whet.runs import layout
from whet.text import Log

PROJECT = "whet"
"""The default project name."""

PHASES = ("sft", "grpo", "eval")


class Tracker(Protocol):
    """Receives the metrics of a run. Any method may raise, block or fail: see `TrackerThread`."""

    def begin(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Starts or resumes tracking the run in `folder`; `settings` is its recipe."""

    def metrics(self, phase: str, step: int, figures: Mapping[str, float]) -> None:
        """Receives the metrics of one step of a phase."""

    def end(self) -> None:
        """Finishes tracking, after the last metrics."""


class Wandb:
    """Weights & Biases. Each phase has its own step axis. Code, command line and terminal output are not sent."""

    def __init__(self, library: Any, params: Mapping[str, Any]) -> None:
        self.library, self.params = library, params

    def begin(self, folder: Path, settings: Mapping[str, Any]) -> None:
        own = {
            "project": PROJECT,
            "name": folder.name,
            "id": identity(folder),
            "resume": "allow",
            "config": dict(settings),
            "settings": self._private_settings(),
        }
        self._run = self.library.init(**{**own, **self.params})
        for phase in PHASES:
            self._run.define_metric(f"{phase}/step")
            self._run.define_metric(f"{phase}/*", step_metric=f"{phase}/step")

    def metrics(self, phase: str, step: int, figures: Mapping[str, float]) -> None:
        self._run.log({f"{phase}/step": step, **named(phase, figures)})

    def end(self) -> None:
        self._run.finish()

    def _private_settings(self) -> Any:
        """Settings that send less, as far as this version of the library has them."""
        wanted = {"console": "off", "silent": True, "disable_code": True, "disable_git": True, "x_disable_meta": True}
        known = getattr(self.library.Settings, "model_fields", wanted)
        return self.library.Settings(**{name: value for name, value in wanted.items() if name in known})


class Trackio:
    """trackio: local files, or a Space on the Hugging Face hub if `space_id` names one."""

    def __init__(self, library: Any, params: Mapping[str, Any]) -> None:
        self.library, self.params = library, params

    def begin(self, folder: Path, settings: Mapping[str, Any]) -> None:
        own = {"project": PROJECT, "name": folder.name, "resume": "allow", "config": dict(settings)}
        self._run = self.library.init(**{**own, **self.params})

    def metrics(self, phase: str, step: int, figures: Mapping[str, float]) -> None:
        self._run.log(named(phase, figures), step=step)

    def end(self) -> None:
        self._run.finish()


class TensorBoard:
    """Event files in the run folder, for `tensorboard --logdir runs`."""

    def __init__(self, library: Any, params: Mapping[str, Any]) -> None:
        self.library, self.params = library, params

    def begin(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._writer = self.library.SummaryWriter(**{"log_dir": str(folder / "tensorboard"), **self.params})
        self._writer.add_text("recipe", "".join(f"    {name}: {value}\n" for name, value in settings.items()))

    def metrics(self, phase: str, step: int, figures: Mapping[str, float]) -> None:
        for name, value in named(phase, figures).items():
            self._writer.add_scalar(name, value, step)

    def end(self) -> None:
        self._writer.close()


@dataclass(frozen=True)
class Library:
    """The library of a tracker: what to import, install and call."""

    module: str
    package: str
    """Its name for pip."""
    start: str
    """The callable in it that starts a run; the recipe's `params` are its keyword arguments."""
    make: Callable[[Any, Mapping[str, Any]], Tracker]
    defaults: Callable[[Log], Mapping[str, Any]] = lambda log_line: {}
    """Keyword arguments that depend on this machine."""


def offline_without_key(log_line: Log) -> dict[str, Any]:
    """Returns `mode: offline` where there is no key, and logs it: W&B would wait for one to be typed."""
    if environ.get("WANDB_MODE") or has_key():
        return {}
    log_line(
        "wandb: no key in WANDB_API_KEY nor from `wandb login`: the run is kept in ./wandb, for `wandb sync` to send"
    )
    return {"mode": "offline"}


def has_key() -> bool:
    """Whether W&B has an API key, in the environment or from `wandb login` in the netrc file."""
    host = urlsplit(environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    try:
        return bool(environ.get("WANDB_API_KEY")) or netrc(environ.get("NETRC")).authenticators(host) is not None
    except (OSError, NetrcParseError):
        return False


TRACKERS: Mapping[str, Library] = {
    "wandb": Library("wandb", "wandb", "init", Wandb, offline_without_key),
    "trackio": Library("trackio", "trackio", "init", Trackio),
    "tensorboard": Library("torch.utils.tensorboard", "tensorboard", "SummaryWriter", TensorBoard),
}
"""By their names in `run.trackers`."""


def open_tracker(config: TrackerConfig, log_line: Log) -> Tracker | None:
    """Imports a tracker's library and returns the tracker; sends nothing yet.

    Where the library is missing and the recipe calls it optional, logs a line and returns None. Raises `UserError`
    where it is missing otherwise, and for a parameter that it does not take.
    """
    library = TRACKERS[config.name]
    try:
        module = importlib.import_module(library.module)
    except Exception as error:  # a broken installation raises anything
        why = f"{config.name} is not installed" if isinstance(error, ImportError) else f"{config.name}: {error}"
        fix = f"`pip install {library.package}` or take it out of run.trackers"
        if not config.optional:
            raise UserError(f"run.trackers: {why}; {fix}") from error
        log_line(f"run.trackers: {why}, so the run goes on without it ({fix}); metrics.jsonl has everything")
        return None
    refuse_unknown(config, getattr(module, library.start))
    return library.make(module, {**library.defaults(log_line), **config.params})


def refuse_unknown(config: TrackerConfig, start: Callable[..., Any]) -> None:
    """Raises `UserError` for a name in `config.params` that is no parameter of `start`."""
    takes = inspect.signature(start).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values()):
        return
    for name in config.params:
        if name not in takes:
            raise UserError(f"run.trackers: {config.name} takes no parameter {name!r}{did_you_mean(name, takes)}")


def named(phase: str, figures: Mapping[str, float]) -> dict[str, float]:
    """Prefixes each metric's name with its phase.

    >>> named("grpo", {"reward": 0.5, "rewards/accuracy/mean": 0.25})
    {'grpo/reward': 0.5, 'grpo/rewards/accuracy/mean': 0.25}
    """
    return {f"{phase}/{name}": value for name, value in figures.items()}


def identity(folder: Path) -> str:
    """Returns a run id for the tracker: the same for a resumed run, different for every other run."""
    return f"{folder.name[:80]}-{sha256((folder / layout.MANIFEST).read_bytes()).hexdigest()[:8]}"
