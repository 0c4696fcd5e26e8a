"""The names a recipe may give under `data`, and what each of them loads."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.data.arithmetic import Arithmetic
from whet.data.bespoke_stratos import HUB_NAME as BESPOKE_STRATOS
from whet.data.bespoke_stratos import WORKED, load_bespoke_stratos
from whet.data.gsm8k import HUB_NAME as GSM8K
from whet.data.gsm8k import load_gsm8k
from whet.data.hendrycks_math import MATH500_HUB_NAME, MATH_HUB_NAME, SUBJECTS, load_math, load_math500
from whet.data.hub import hub_rows
from whet.data.intake import MAX_BROKEN
from whet.data.keep import kept
from whet.data.mixture import Mixture
from whet.data.numina_math import HUB_NAME as NUMINA_MATH
from whet.data.numina_math import load_numina_math
from whet.data.overlap import ENDLESS, refuse_overlap
from whet.data.reasoning_gym import PREFIX, ReasoningGym
from whet.data.rows import READERS, locate, read_rows
from whet.data.table import NAMES, held_apart, problems_from
from whet.errors import UserError, did_you_mean
from whet.problem_sources import DataConfig, KeepConfig, SourceConfig
from whet.types import Problem

_LOG = logging.getLogger("whet.data")

SHARED_SEED = 0
"""Held-out problems of a generator do not depend on the run's seed, so that runs can be compared in pairs."""


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
    one_split: bool = False
    """Whether the hub has it in one piece, with nothing held out."""


def _arithmetic(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return Arithmetic(split, seed=seed if split == "train" else SHARED_SEED, **config.params)


def _gsm8k(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_gsm8k(split, config.path, _max_broken(config))


def _numina_math(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_numina_math(split, config.path, _max_broken(config), _code(config))


def _bespoke_stratos(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    read = "train" if _hold_out(config) else split
    problems = load_bespoke_stratos(read, config.path, _max_broken(config), _worked(config))
    return _apart(problems, config, split)


def _math(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_math(split, config.path, _max_broken(config), _subjects(config))


def _math500(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_math500(split, config.path, _max_broken(config))


def _reasoning_gym(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    own = seed if split == "train" else SHARED_SEED
    return ReasoningGym(config.name.removeprefix(PREFIX), split, own, config.params)


def _table(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    file = locate(config.path or config.name, "train" if _hold_out(config) else split)
    problems = problems_from(read_rows(file), file.stem, str(file), config.columns, _max_broken(config))
    return _apart(problems, config, split)


def _hub(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    read = "train" if _hold_out(config) else split
    rows = hub_rows(config.name, config.params.get("config"), read)
    problems = problems_from(rows, config.name, f"{config.name} {read}", config.columns, _max_broken(config))
    return _apart(problems, config, split)


def _apart(problems: list[Problem], config: SourceConfig, split: str) -> list[Problem]:
    return held_apart(problems, _hold_out(config), split) if _hold_out(config) else problems


def _max_broken(config: SourceConfig) -> float:
    return _share(config.params, "max_broken", MAX_BROKEN)


def _hold_out(config: SourceConfig) -> float:
    return _share(config.params, "hold_out", 0.0)


def _share(params: Mapping[str, Any], name: str, default: float) -> float:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise UserError(f"params.{name}: is {value!r}; it must be a share: at least 0 and under 1")
    return value


def _shares(config: SourceConfig) -> tuple[float, float]:
    return _max_broken(config), _hold_out(config)


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


_GSM8K = Kind(_gsm8k, ("max_broken",), _max_broken, ("path",))
_NUMINA_MATH = Kind(
    _numina_math, ("code", "max_broken"), lambda config: (_code(config), _max_broken(config)), ("path",)
)
_BESPOKE_STRATOS = Kind(
    _bespoke_stratos,
    ("worked", "hold_out", "max_broken"),
    lambda config: (_worked(config), _shares(config)),
    ("path",),
    one_split=True,
)
_MATH = Kind(_math, ("subjects", "max_broken"), lambda config: (_subjects(config), _max_broken(config)), ("path",))
_MATH500 = Kind(_math500, ("max_broken",), _max_broken, ("path",))
_REASONING_GYM = Kind(_reasoning_gym, None, _task)
_TABLE = Kind(_table, ("hold_out", "max_broken"), _shares, ("path", "columns"))
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


def _kind(config: SourceConfig) -> Kind:
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


def check_source(config: SourceConfig, field: str) -> None:
    """Raises `UserError` for a source, parameter or column map that cannot be; opens no file.

    `field` is where the recipe says it, such as `data.train`.
    """
    try:
        kind = _kind(config)
        if kind.params is not None:
            _known(config.params, kind.params, "params", config.name)
        _known(config.columns, tuple(NAMES), "columns", config.name)
        for name in ("path", "columns"):
            if getattr(config, name) and name not in kind.fields:
                raise UserError(f"{name}: {config.name} takes none; leave it out")
        kind.check(config)
    except UserError as error:
        raise UserError(f"{field}.{error}") from error


def _known(given: Mapping[str, Any], known: Sequence[str], field: str, source: str) -> None:
    for name in given:
        if name not in known:
            takes = f"{source} takes {', '.join(known) or 'none'}"
            raise UserError(f"{field}.{name}: unknown key; {takes}{did_you_mean(name, known)}")


def load_source(config: SourceConfig, split: str, seed: int, field: str | None = None) -> Sequence[Problem]:
    """The problems of a source; `split` is `train` or `test`, unless the recipe says which.

    `field` is where the recipe says it; the default is `data.<split>`. Raises `UserError` for whatever the
    user can mend: an unknown name or parameter, a missing file or column, broken rows, no network.
    """
    field = field or f"data.{split}"
    check_source(config, field)
    try:
        problems = _kind(config).load(config, config.split or split, seed)
        if config.keep is None:
            return problems[: config.limit] if config.limit else problems
        return _kept(problems, config, config.keep, field)
    except UserError as error:
        key = str(error).startswith(("name:", "split:", "params", "columns.", "keep"))
        raise UserError(f"{field}.{error}" if key else f"{field}: {error}") from error


def _kept(problems: Sequence[Problem], config: SourceConfig, keep: KeepConfig, field: str) -> Sequence[Problem]:
    found = kept(problems, keep, config.limit)
    of = "" if len(problems) >= ENDLESS else f" of {len(problems)}"
    _LOG.warning("%s.keep: %d%s problems are taken", field, len(found), of)
    return found


def load_data(data: DataConfig, seed: int) -> tuple[Sequence[Problem], Sequence[Problem]]:
    """Problems to train on, of one source or a mixture, and held-out ones that share no question with them.

    Where the recipe names no held-out source, it is the training source's own test split.
    """
    if data.test is None and _has_no_test(data.train):
        raise UserError(
            f"data.test: is missing, and {data.train.name} has no test split; name held-out problems with "
            "data.test.name, or set a tenth of these aside with data.train.params.hold_out 0.1"
        )
    held_out = data.test or data.train.model_copy(update={"split": None, "limit": None})
    parts = [load_source(data.train, "train", seed)]
    parts += [load_source(source, "train", seed, f"data.mix.{index}") for index, source in enumerate(data.mix)]
    test = load_source(held_out, "test", seed)
    for part in parts:
        refuse_overlap(part, test)
    weights = tuple(source.weight for source in (data.train, *data.mix))
    return (Mixture(tuple(parts), weights) if data.mix else parts[0]), test


def _has_no_test(config: SourceConfig) -> bool:
    """Whether the source is one file or one split and is not told to keep a part for testing."""
    kind = _kind(config)
    if _hold_out(config) or "path" not in kind.fields:
        return False
    in_one_piece = kind.one_split and config.path is None
    return in_one_piece or Path(config.path or config.name).expanduser().is_file()
