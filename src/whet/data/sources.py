"""The names a recipe may give under `data`, and what each of them loads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.config import DataConfig, SourceConfig
from whet.data.arithmetic import Arithmetic
from whet.data.gsm8k import HUB_NAME, load_gsm8k
from whet.data.hub import hub_rows
from whet.data.intake import MAX_BROKEN
from whet.data.overlap import refuse_overlap
from whet.data.rows import READERS, locate, read_rows
from whet.data.table import NAMES, held_apart, problems_from
from whet.errors import UserError, did_you_mean
from whet.types import Problem

SHARED_SEED = 0
"""Held-out problems of a generator do not depend on the run's seed, so that runs can be compared in pairs."""


@dataclass(frozen=True)
class Kind:
    """How a source loads, and what a recipe may say about it."""

    load: Callable[[SourceConfig, str, int], Sequence[Problem]]
    params: tuple[str, ...]
    check: Callable[[SourceConfig], object]
    """Raises `UserError` for parameters out of range; opens no file."""
    fields: tuple[str, ...] = ()
    """Which of `path` and `columns` mean something to it."""


def _arithmetic(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return Arithmetic(split, seed=seed if split == "train" else SHARED_SEED, **config.params)


def _gsm8k(config: SourceConfig, split: str, seed: int) -> Sequence[Problem]:
    return load_gsm8k(split, config.path, _max_broken(config))


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


_GSM8K = Kind(_gsm8k, ("max_broken",), _max_broken, ("path",))
_TABLE = Kind(_table, ("hold_out", "max_broken"), _shares, ("path", "columns"))
_HUB = Kind(_hub, ("config", "hold_out", "max_broken"), _shares, ("path", "columns"))

SOURCES: Mapping[str, Kind] = {
    "arithmetic": Kind(
        _arithmetic,
        ("level", "negative", "working"),
        lambda config: Arithmetic(config.split or "train", **config.params),
    ),
    "gsm8k": _GSM8K,
    HUB_NAME: _GSM8K,
}
"""The sources that have a name of their own."""


def _kind(config: SourceConfig) -> Kind:
    name = config.name
    if name in SOURCES:
        return SOURCES[name]
    if config.path or Path(name).suffix.lower() in READERS or Path(name).expanduser().exists():
        return _TABLE
    if "/" in name:
        return _HUB
    kinds = f"{', '.join(SOURCES)}, a file ({' '.join(READERS)}) or a hub name (owner/name)"
    raise UserError(f"name: is {name!r}; it must be one of {kinds}{did_you_mean(name, SOURCES)}")


def check_source(config: SourceConfig, field: str) -> None:
    """Raises `UserError` for a source, parameter or column map that cannot be; opens no file.

    `field` is where the recipe says it, such as `data.train`.
    """
    try:
        kind = _kind(config)
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
    except UserError as error:
        key = str(error).startswith(("name:", "params.", "columns."))
        raise UserError(f"{field}.{error}" if key else f"{field}: {error}") from error
    return problems[: config.limit] if config.limit else problems


def load_data(data: DataConfig, seed: int) -> tuple[Sequence[Problem], Sequence[Problem]]:
    """Problems to train on and held-out ones that share no question with them.

    Where the recipe names no held-out source, it is the training source's own test split.
    """
    if data.test is None and _is_one_file(data.train):
        raise UserError(
            "data.test: is missing, and one file has no test split; name a held-out file with "
            "data.test.name, or set a tenth of this one aside with data.train.params.hold_out 0.1"
        )
    held_out = data.test or data.train.model_copy(update={"split": None, "limit": None})
    train, test = load_source(data.train, "train", seed), load_source(held_out, "test", seed)
    refuse_overlap(train, test)
    return train, test


def _is_one_file(config: SourceConfig) -> bool:
    """Whether the source is a file that is not told to keep a part for testing."""
    reads = "path" in _kind(config).fields
    return reads and Path(config.path or config.name).expanduser().is_file() and not _hold_out(config)
