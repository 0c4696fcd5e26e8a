"""The table of data sources: for each name its loader and parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import ConfigDict, Field

from whet.config import Section, SourceConfig
from whet.config.parameters import read_parameters
from whet.data.answers import Unmarked
from whet.data.arithmetic import Arithmetic, ArithmeticParams
from whet.data.bespoke_stratos import HUB_NAME as BESPOKE_STRATOS
from whet.data.bespoke_stratos import Worked, load_bespoke_stratos
from whet.data.fault import Rows
from whet.data.file_bytes import row_suffix
from whet.data.gsm8k import HUB_NAME as GSM8K
from whet.data.gsm8k import load_gsm8k
from whet.data.hendrycks_math import MATH500_HUB_NAME, MATH_HUB_NAME, Subject, load_math, load_math500
from whet.data.hub_dataset import hub_rows
from whet.data.intake import MAX_BROKEN
from whet.data.numina_math import HUB_NAME as NUMINA_MATH
from whet.data.numina_math import load_numina_math
from whet.data.reasoning_gym import PREFIX, ReasoningGym
from whet.data.rows import READERS, locate, read_rows
from whet.data.table import problems_from
from whet.data.web_address import refuse_address
from whet.errors import UserError, did_you_mean
from whet.types import Problem

SHARED_SEED = 0
"""Held-out problems of a generator do not depend on the run's seed, so that runs can be compared in pairs."""


Share = Annotated[float, Field(ge=0, lt=1)]
"""At least 0 and under 1."""


class RowsParams(Section):
    """Parameters of every source that reads rows."""

    max_broken: Share = MAX_BROKEN
    """The share of rows that may be broken; they are left out and counted."""


class OneSplitParams(RowsParams):
    """Parameters of sources that may lack a test split."""

    hold_out: Share = 0.0
    """The share of problems set aside as the test split."""


class NuminaMathParams(RowsParams):
    """Parameters of `numina_math`."""

    code: bool = False
    """Whether solutions keep their Python programs and outputs."""


class BespokeStratosParams(OneSplitParams):
    """Parameters of `bespoke_stratos`."""

    worked: Worked = "thought"
    """What the warm start imitates: the long thought, the short solution, or one after the other."""


class MathParams(RowsParams):
    """Parameters of `math`."""

    subjects: list[Subject] = Field(default=list(get_args(Subject)), min_length=1)
    """The subjects whose problems are read."""


class TableParams(OneSplitParams):
    """Parameters of files, folders and data sets on the hub."""

    config: str | None = None
    """The data set's configuration, where it has several."""
    unmarked: Unmarked = "refuse"
    """What a text longer than an answer, in which none is marked, means as a gold answer: the row is broken
    (`refuse`), its last `number` is the answer, or the `whole` text is, as for a judge."""
    instructions: bool = False
    """Whether questions keep the words on the layout that all of them begin or end with."""


class TaskParams(Section):
    """Parameters of `reasoning_gym:TASK`: the task's own settings, which it validates on loading."""

    model_config = ConfigDict(extra="allow")


def _copy(config: SourceConfig, split: str) -> None:
    if config.path is not None:
        locate(config.path, split)


def _file(config: SourceConfig, split: str) -> None:
    locate(config.path or config.name, split, config.params.get("config"))


def _task(config: SourceConfig, split: str) -> None:
    _reasoning_gym(config, TaskParams(**config.params), split, SHARED_SEED)


@dataclass(frozen=True)
class Source:
    """The loader of a source, and the recipe keys that apply to it."""

    load: Callable[[SourceConfig, Any, str, int], Sequence[Problem]]
    """(config, parameters, split, seed) → the problems of the split; with `hold_out`, of both parts."""
    params: type[Section]
    """The schema of its parameters."""
    fields: tuple[str, ...] = ()
    """Which of `path` and `columns` apply to it."""
    find: Callable[[SourceConfig, str], object] = _copy
    """Raises `UserError` where a local file or task that it names does not exist; reads no rows."""
    one_split: bool = False
    """Whether the hub has only one split, without a test split."""
    endless: bool = False
    """Whether problems are generated on access, in the splits train and test."""


def _arithmetic(config: SourceConfig, params: ArithmeticParams, split: str, seed: int) -> Sequence[Problem]:
    return Arithmetic(split, seed=seed if split == "train" else SHARED_SEED, **dict(params))


def _bespoke_stratos(config: SourceConfig, params: BespokeStratosParams, split: str, seed: int) -> Sequence[Problem]:
    return load_bespoke_stratos(_split_to_read(params, split), config.path, params.max_broken, params.worked)


def _reasoning_gym(config: SourceConfig, params: TaskParams, split: str, seed: int) -> Sequence[Problem]:
    own = seed if split == "train" else SHARED_SEED
    return ReasoningGym(config.name.removeprefix(PREFIX), split, own, params.model_extra or {})


def _table(config: SourceConfig, params: TableParams, split: str, seed: int) -> Sequence[Problem]:
    read = _split_to_read(params, split)
    file = locate(config.path or config.name, read, params.config)
    name = file.name.partition(".")[0] or file.stem
    return _problems(read_rows(file, read, params.config), name, str(file), config, params)


def _hub(config: SourceConfig, params: TableParams, split: str, seed: int) -> Sequence[Problem]:
    read = _split_to_read(params, split)
    rows = hub_rows(config.name, params.config, read)
    return _problems(rows, config.name, f"{config.name} {read}", config, params)


def _problems(rows: Rows, source: str, where: str, config: SourceConfig, params: TableParams) -> list[Problem]:
    own = params.max_broken, params.unmarked, params.instructions
    return problems_from(rows, source, where, config.columns, *own)


def _split_to_read(params: OneSplitParams, split: str) -> str:
    """The split to read for `split`: where `hold_out` sets a share aside, both are parts of the training split."""
    return "train" if params.hold_out else split


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
_TABLE = Source(_table, TableParams, ("path", "columns"), _file)
_HUB = Source(_hub, TableParams, ("path", "columns"))

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
"""Named sources."""

DESCRIBED: Mapping[str, Source] = {
    **{name: source for name, source in SOURCES.items() if "/" not in name},
    "a file": _TABLE,
    "owner/name": _HUB,
}
"""Every source with a fixed set of parameters, once, under the name for documentation."""


def params_of(config: SourceConfig) -> Any:
    """Validates the parameters of a source; raises `UserError` for an unknown or wrong one."""
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
    """The `Source` of a config, by its name; raises `UserError` for an unknown name."""
    name = config.name
    for field, value in (("name", name), ("path", str(config.path or ""))):
        refuse_address(field, value)
    if name in SOURCES:
        return SOURCES[name]
    if name.startswith(PREFIX):
        return _REASONING_GYM
    if config.path or row_suffix(Path(name)) in READERS or Path(name).expanduser().exists():
        return _TABLE
    if "/" in name:
        return _HUB
    plain = [known for known in SOURCES if "/" not in known]
    kinds = f"{', '.join(plain)}, {PREFIX}TASK, a file ({' '.join(READERS)}) or a hub name (owner/name)"
    raise UserError(f"name: is {name!r}; it must be one of {kinds}{did_you_mean(name, SOURCES)}")
