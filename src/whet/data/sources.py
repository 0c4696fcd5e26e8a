"""The data sources: a row for each name, with what it loads and which parameters it takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import ConfigDict, Field

from whet.config import Section, SourceConfig
from whet.config.parameters import read_parameters
from whet.data.arithmetic import Arithmetic, ArithmeticParams
from whet.data.bespoke_stratos import HUB_NAME as BESPOKE_STRATOS
from whet.data.bespoke_stratos import Worked, load_bespoke_stratos
from whet.data.columns import held_apart, problems_from
from whet.data.gsm8k import HUB_NAME as GSM8K
from whet.data.gsm8k import load_gsm8k
from whet.data.hendrycks_math import MATH500_HUB_NAME, MATH_HUB_NAME, Subject, load_math, load_math500
from whet.data.hub_dataset import hub_rows
from whet.data.intake import MAX_BROKEN
from whet.data.numina_math import HUB_NAME as NUMINA_MATH
from whet.data.numina_math import load_numina_math
from whet.data.reasoning_gym import PREFIX, ReasoningGym
from whet.data.rows import READERS, locate, read_rows
from whet.errors import UserError, did_you_mean
from whet.types import Problem

SHARED_SEED = 0
"""Held-out problems of a generator do not depend on the run's seed, so that runs can be compared in pairs."""


Share = Annotated[float, Field(ge=0, lt=1)]
"""At least 0 and under 1."""


class RowsParams(Section):
    """What every source that reads rows takes."""

    max_broken: Share = MAX_BROKEN
    """The share of the rows that may be broken; they are left out and counted."""


class OneSplitParams(RowsParams):
    """What a source takes that may come without a test split."""

    hold_out: Share = 0.0
    """The share of the problems that is set aside as the test split."""


class NuminaMathParams(RowsParams):
    """What `numina_math` takes."""

    code: bool = False
    """Whether the solutions keep their Python programs and what these print."""


class BespokeStratosParams(OneSplitParams):
    """What `bespoke_stratos` takes."""

    worked: Worked = "thought"
    """What the warm start imitates: the long thought, the short solution, or one after the other."""


class MathParams(RowsParams):
    """What `math` takes."""

    subjects: list[Subject] = Field(default=list(get_args(Subject)), min_length=1)
    """The subjects whose problems are read."""


class HubParams(OneSplitParams):
    """What a data set of the hub takes."""

    config: str | None = None
    """The data set's configuration, where it has several."""


class TaskParams(Section):
    """What `reasoning_gym:TASK` takes: the task's own settings, which it checks itself on loading."""

    model_config = ConfigDict(extra="allow")


def _copy(config: SourceConfig, split: str) -> None:
    if config.path is not None:
        locate(config.path, split)


def _file(config: SourceConfig, split: str) -> None:
    locate(config.path or config.name, split)


def _task(config: SourceConfig, split: str) -> None:
    _reasoning_gym(config, TaskParams(**config.params), split, SHARED_SEED)


@dataclass(frozen=True)
class Source:
    """How a source loads, and what a recipe may say about it."""

    load: Callable[[SourceConfig, Any, str, int], Sequence[Problem]]
    """The problems of a split by the recipe's settings, the parameters and the seed."""
    params: type[Section]
    """The parameters it takes."""
    fields: tuple[str, ...] = ()
    """Which of `path` and `columns` mean something to it."""
    find: Callable[[SourceConfig, str], object] = _copy
    """Raises `UserError` where what it names on this machine is not there; reads no rows."""
    one_split: bool = False
    """Whether the hub has it in one piece, with nothing held out."""
    endless: bool = False
    """Whether problems are made as they are asked for, in the splits train and test."""


def _arithmetic(config: SourceConfig, params: ArithmeticParams, split: str, seed: int) -> Sequence[Problem]:
    return Arithmetic(split, seed=seed if split == "train" else SHARED_SEED, **dict(params))


def _bespoke_stratos(config: SourceConfig, params: BespokeStratosParams, split: str, seed: int) -> Sequence[Problem]:
    read = "train" if params.hold_out else split
    return _part(load_bespoke_stratos(read, config.path, params.max_broken, params.worked), params, split)


def _reasoning_gym(config: SourceConfig, params: TaskParams, split: str, seed: int) -> Sequence[Problem]:
    own = seed if split == "train" else SHARED_SEED
    return ReasoningGym(config.name.removeprefix(PREFIX), split, own, params.model_extra or {})


def _table(config: SourceConfig, params: OneSplitParams, split: str, seed: int) -> Sequence[Problem]:
    file = locate(config.path or config.name, "train" if params.hold_out else split)
    problems = problems_from(read_rows(file), file.stem, str(file), config.columns, params.max_broken)
    return _part(problems, params, split)


def _hub(config: SourceConfig, params: HubParams, split: str, seed: int) -> Sequence[Problem]:
    read = "train" if params.hold_out else split
    rows = hub_rows(config.name, params.config, read)
    problems = problems_from(rows, config.name, f"{config.name} {read}", config.columns, params.max_broken)
    return _part(problems, params, split)


def _part(problems: list[Problem], params: OneSplitParams, split: str) -> list[Problem]:
    """Those of a split, where a share of one split is set aside as the other."""
    return held_apart(problems, params.hold_out, split) if params.hold_out else problems


_GSM8K = Source(lambda config, own, split, _: load_gsm8k(split, config.path, own.max_broken), RowsParams, ("path",))
_NUMINA_MATH = Source(
    lambda config, own, split, _: load_numina_math(split, config.path, own.max_broken, own.code),
    NuminaMathParams,
    ("path",),
)
_BESPOKE_STRATOS = Source(_bespoke_stratos, BespokeStratosParams, ("path",), one_split=True)
_MATH = Source(
    lambda config, own, split, _: load_math(split, config.path, own.max_broken, own.subjects),
    MathParams,
    ("path",),
)
_MATH500 = Source(lambda config, own, split, _: load_math500(split, config.path, own.max_broken), RowsParams, ("path",))
_REASONING_GYM = Source(_reasoning_gym, TaskParams, find=_task, endless=True)
_TABLE = Source(_table, OneSplitParams, ("path", "columns"), _file)
_HUB = Source(_hub, HubParams, ("path", "columns"))

SOURCES: Mapping[str, Source] = {
    "arithmetic": Source(_arithmetic, ArithmeticParams, endless=True),
    "gsm8k": _GSM8K,
    "numina_math": _NUMINA_MATH,
    "bespoke_stratos": _BESPOKE_STRATOS,
    "math": _MATH,
    "math500": _MATH500,
    GSM8K: _GSM8K,
    NUMINA_MATH: _NUMINA_MATH,
    BESPOKE_STRATOS: _BESPOKE_STRATOS,
    MATH_HUB_NAME: _MATH,
    MATH500_HUB_NAME: _MATH500,
}
"""The sources that have a name of their own."""

DESCRIBED: Mapping[str, Source] = {
    **{name: source for name, source in SOURCES.items() if "/" not in name},
    "a file": _TABLE,
    "owner/name": _HUB,
}
"""Every source whose parameters are known, once, under the name that people write."""


def params_of(config: SourceConfig) -> Any:
    """The parameters of a source; raises `UserError` for one that it does not take or that is wrong."""
    source, task = source_of(config), config.name.removeprefix(PREFIX)
    if source is _REASONING_GYM:
        if not task.isidentifier():
            raise UserError(f"name: is {config.name!r}; name a task, such as {PREFIX}countdown")
        for name in ("seed", "size"):
            if name in config.params:
                raise UserError(f"params.{name}: follows from the recipe's own seed and steps; leave it out")
    return read_parameters(source.params, config.params, "params", config.name)


def max_broken(config: SourceConfig) -> float:
    """The share of a source's rows that may be broken."""
    return getattr(params_of(config), "max_broken", MAX_BROKEN)


def hold_out(config: SourceConfig) -> float:
    """The share of a source that is set aside as its test split."""
    return getattr(params_of(config), "hold_out", 0.0)


def source_of(config: SourceConfig) -> Source:
    """What a source is, by its name; raises `UserError` where no source has that name."""
    name = config.name
    if name in SOURCES:
        return SOURCES[name]
    if name.startswith(PREFIX):
        return _REASONING_GYM
    if config.path or Path(name).suffix.lower() in READERS or Path(name).expanduser().exists():
        return _TABLE
    if "/" in name:
        return _HUB
    plain = [known for known in SOURCES if "/" not in known]
    kinds = f"{', '.join(plain)}, {PREFIX}TASK, a file ({' '.join(READERS)}) or a hub name (owner/name)"
    raise UserError(f"name: is {name!r}; it must be one of {kinds}{did_you_mean(name, SOURCES)}")
