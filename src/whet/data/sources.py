"""The kinds of sources: a row for each name, with what it loads and which parameters it takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.config.data import SourceConfig
from whet.data.arithmetic import Arithmetic
from whet.data.bespoke_stratos import HUB_NAME as BESPOKE_STRATOS
from whet.data.bespoke_stratos import WORKED, load_bespoke_stratos
from whet.data.columns import held_apart, problems_from
from whet.data.gsm8k import HUB_NAME as GSM8K
from whet.data.gsm8k import load_gsm8k
from whet.data.hendrycks_math import MATH500_HUB_NAME, MATH_HUB_NAME, SUBJECTS, load_math, load_math500
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


def _find_copy(config: SourceConfig, split: str) -> None:
    if config.path is not None:
        locate(config.path, split)


def _find_file(config: SourceConfig, split: str) -> None:
    locate(config.path or config.name, split)


def _find_task(config: SourceConfig, split: str) -> None:
    _reasoning_gym(config, split, SHARED_SEED)


@dataclass(frozen=True)
class Kind:
    """How a source loads, and what a recipe may say about it."""

    load: Callable[[SourceConfig, str, int], Sequence[Problem]]
    params: tuple[str, ...] | None
    """Which parameters it takes; None where that is known only on loading."""
    check: Callable[[SourceConfig], object]
    """Raises `UserError` for parameters out of range; opens no file."""
    fields: tuple[str, ...] = ()
    """Which of `path` and `columns` mean something to it."""
    find: Callable[[SourceConfig, str], object] = _find_copy
    """Raises `UserError` where what it names on this machine is not there; reads no rows."""
    one_split: bool = False
    """Whether the hub has it in one piece, with nothing held out."""


def _arithmetic(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return Arithmetic(split, seed=seed if split == "train" else SHARED_SEED, **config.params)


def _gsm8k(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_gsm8k(split, config.path, max_broken(config))


def _numina_math(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_numina_math(split, config.path, max_broken(config), _code(config))


def _bespoke_stratos(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    read = "train" if hold_out(config) else split
    problems = load_bespoke_stratos(read, config.path, max_broken(config), _worked(config))
    return _apart(problems, config, split)


def _math(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_math(split, config.path, max_broken(config), _subjects(config))


def _math500(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_math500(split, config.path, max_broken(config))


def _reasoning_gym(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    own = seed if split == "train" else SHARED_SEED
    return ReasoningGym(config.name.removeprefix(PREFIX), split, own, config.params)


def _table(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    file = locate(config.path or config.name, "train" if hold_out(config) else split)
    problems = problems_from(read_rows(file), file.stem, str(file), config.columns, max_broken(config))
    return _apart(problems, config, split)


def _hub(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    read = "train" if hold_out(config) else split
    rows = hub_rows(config.name, config.params.get("config"), read)
    problems = problems_from(rows, config.name, f"{config.name} {read}", config.columns, max_broken(config))
    return _apart(problems, config, split)


def _apart(problems: list[Problem], config: SourceConfig, split: str) -> list[Problem]:
    return held_apart(problems, hold_out(config), split) if hold_out(config) else problems


def max_broken(config: SourceConfig) -> float:
    """The share of a source's rows that may be broken."""
    return _share(config.params, "max_broken", MAX_BROKEN)


def hold_out(config: SourceConfig) -> float:
    """The share of a source that is set aside as its test split."""
    return _share(config.params, "hold_out", 0.0)


def _share(params: Mapping[str, Any], name: str, default: float) -> float:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise UserError(f"params.{name}: is {value!r}; it must be a share: at least 0 and under 1")
    return value


def _shares(config: SourceConfig) -> tuple[float, float]:
    return max_broken(config), hold_out(config)


def _code(config: SourceConfig) -> bool:
    code = config.params.get("code", False)
    if not isinstance(code, bool):
        raise UserError(f"params.code: is {code!r}; it must be true or false")
    return code


def _worked(config: SourceConfig) -> str:
    worked = config.params.get("worked", "thought")
    if worked not in WORKED:
        raise UserError(f"params.worked: is {worked!r}; it must be one of {', '.join(WORKED)}")
    return str(worked)


def _subjects(config: SourceConfig) -> Sequence[str]:
    subjects = config.params.get("subjects", SUBJECTS)
    if not isinstance(subjects, list | tuple) or not subjects or not set(subjects) <= set(SUBJECTS):
        raise UserError(f"params.subjects: is {subjects!r}; it must be a list of some of {', '.join(SUBJECTS)}")
    return subjects


def _task(config: SourceConfig) -> str:
    """The task that stands behind the colon."""
    task = config.name.removeprefix(PREFIX)
    if not task.isidentifier():
        raise UserError(f"name: is {config.name!r}; name a task, such as {PREFIX}countdown")
    for name in ("seed", "size"):
        if name in config.params:
            raise UserError(f"params.{name}: follows from the recipe's own seed and steps; leave it out")
    return task


_GSM8K = Kind(_gsm8k, ("max_broken",), max_broken, ("path",))
_NUMINA_MATH = Kind(_numina_math, ("code", "max_broken"), lambda config: (_code(config), max_broken(config)), ("path",))
_BESPOKE_STRATOS = Kind(
    _bespoke_stratos,
    ("worked", "hold_out", "max_broken"),
    lambda config: (_worked(config), _shares(config)),
    ("path",),
    one_split=True,
)
_MATH = Kind(_math, ("subjects", "max_broken"), lambda config: (_subjects(config), max_broken(config)), ("path",))
_MATH500 = Kind(_math500, ("max_broken",), max_broken, ("path",))
_REASONING_GYM = Kind(_reasoning_gym, None, _task, find=_find_task)
_TABLE = Kind(_table, ("hold_out", "max_broken"), _shares, ("path", "columns"), _find_file)
_HUB = Kind(_hub, ("config", "hold_out", "max_broken"), _shares, ("path", "columns"))

SOURCES: Mapping[str, Kind] = {
    "arithmetic": Kind(
        _arithmetic,
        ("level", "negative", "working"),
        lambda config: Arithmetic(config.split or "train", **config.params),
    ),
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


def kind_of(config: SourceConfig) -> Kind:
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
