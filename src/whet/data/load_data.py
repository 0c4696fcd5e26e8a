"""Loads the `data` section of a recipe: training sources, filtered and mixed, and held-out problems."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from whet.config.data import DataConfig, KeepConfig, SourceConfig
from whet.data.columns import NAMES
from whet.data.dataset_folder import SAVED
from whet.data.endless import is_endless
from whet.data.hold_out import held_apart
from whet.data.keep import kept
from whet.data.mixed import Mixture
from whet.data.overlap import refuse_overlap
from whet.data.prompt_length import PromptLengthFilter
from whet.data.question_template import PLACE, has_columns, places, reworded
from whet.data.sources import hold_out, max_broken, params_of, source_of
from whet.errors import UserError, did_you_mean
from whet.types import Problem

_LOG = logging.getLogger("whet.data")


def check_source(config: SourceConfig, field: str) -> None:
    """Validates a source, its parameters and column map, without opening a file; raises `UserError`.

    `field` is its place in the recipe, such as `data.train`.
    """
    try:
        source = source_of(config)
        for name in config.columns:
            if name not in NAMES:
                takes = f"{config.name} takes {', '.join(NAMES)}"
                raise UserError(f"columns.{name}: unknown key; {takes}{did_you_mean(name, NAMES)}")
        for name in ("path", "columns"):
            if getattr(config, name) and name not in source.fields:
                raise UserError(f"{name}: {config.name} takes none; leave it out")
        if source.endless and config.split not in (None, "train", "test"):
            raise UserError(f"split: is {config.split!r}; {config.name} has the splits train and test")
        params_of(config)
    except UserError as error:
        raise UserError(f"{field}.{error}") from error


def load_source(
    config: SourceConfig, split: str, seed: int, field: str | None = None, question: str = PLACE
) -> Sequence[Problem]:
    """Loads the problems of a source; `split` is `train` or `test`, unless the recipe names another.

    `field` is its place in the recipe; the default is `data.<split>`. `question` is the template `data.question`, which
    words the questions here where it has places for columns. Raises `UserError` for whatever the
    user can fix: an unknown name or parameter, a missing file or column, broken rows, no network.
    """
    field = field or f"data.{split}"
    return _part(_read(config, split, seed, field, question), config, split, field, question)


def _read(config: SourceConfig, split: str, seed: int, field: str, question: str) -> Sequence[Problem]:
    """The problems of a source, of both parts where `hold_out` divides it; worded by the template as they are read."""
    check_source(config, field)
    with _errors_name(field):
        source, split = source_of(config), config.split or split
        if not has_columns(question) or "columns" not in source.fields:
            return source.load(config, params_of(config), split, seed)
        own = config.columns.get("question", PLACE)
        template = question.replace(PLACE, own if places(own) else "{" + own + "}")
        config = config.model_copy(update={"columns": {**config.columns, "question": template}})
        try:
            return source.load(config, params_of(config), split, seed)
        except UserError as error:
            raise UserError(str(error).replace("columns.question: ", "data.question: ", 1)) from error


def _part(
    problems: Sequence[Problem], config: SourceConfig, split: str, field: str, question: str
) -> Sequence[Problem]:
    """Of what was read the problems of `split`, worded by the template where reading did not, that `keep` leaves."""
    with _errors_name(field):
        if share := hold_out(config):
            problems = held_apart(problems, share, config.split or split)
        if has_columns(question) and "columns" not in source_of(config).fields:
            problems = reworded(problems, question, config.name)
        if config.keep is None:
            return problems[: config.limit] if config.limit else problems
        return _kept(problems, config, config.keep, field)


def find_source(config: SourceConfig, split: str, field: str) -> None:
    """Raises `UserError` where a source's file, or its task and settings, do not exist; reads no rows."""
    check_source(config, field)
    with _errors_name(field):
        source_of(config).find(config, "train" if hold_out(config) else config.split or split)


@contextmanager
def _errors_name(field: str) -> Iterator[None]:
    """Prefixes `UserError`s of the block with a place in the recipe."""
    try:
        yield
    except UserError as error:
        if str(error).startswith("data.question:"):
            raise
        key = str(error).startswith(("name:", "split:", "params", "columns.", "keep"))
        raise UserError(f"{field}.{error}" if key else f"{field}: {error}") from error


def _kept(problems: Sequence[Problem], config: SourceConfig, keep: KeepConfig, field: str) -> Sequence[Problem]:
    found = kept(problems, keep, config.limit)
    of = "" if is_endless(problems) else f" of {len(problems)}"
    _LOG.warning("%s.keep: %d%s problems are taken", field, len(found), of)
    return found


def find_data(data: DataConfig) -> None:
    """Applies `find_source` to all training and held-out sources of a recipe."""
    for config, field in _training_sources(data):
        find_source(config, "train", field)
    find_source(held_out_source(data), "test", "data.test")


def load_data(
    data: DataConfig, seed: int, rooms: Mapping[str, PromptLengthFilter] = MappingProxyType({})
) -> tuple[Sequence[Problem], Sequence[Problem]]:
    """Loads training problems, of one source or a mixture, and held-out problems that share no question with them.

    The held-out source defaults to the test split of the training source; where `hold_out` makes both of one split,
    that is read once. `rooms` has filters for `train` and `test` that leave out prompts too long for the model.
    """
    sources, held_out, question = _training_sources(data), held_out_source(data), data.question
    read = [_read(config, "train", seed, field, question) for config, field in sources]
    parts = [
        _fitting(config, _part(problems, config, "train", field, question), rooms.get("train"), field)
        for problems, (config, field) in zip(read, sources, strict=True)
    ]
    is_read = data.test is None and hold_out(held_out) > 0
    problems = read[0] if is_read else _read(held_out, "test", seed, "data.test", question)
    test = _part(problems, held_out, "test", "data.test", question)
    test = _fitting(held_out, test, rooms.get("test"), "data.test")
    for part in parts:
        refuse_overlap(part, test)
    weights = tuple(source.weight for source in (data.train, *data.mix))
    return (Mixture(tuple(parts), weights) if data.mix else parts[0]), test


def _training_sources(data: DataConfig) -> list[tuple[SourceConfig, str]]:
    """The training sources, each with its place in the recipe."""
    return [(data.train, "data.train"), *((source, f"data.mix.{index}") for index, source in enumerate(data.mix))]


def held_out_source(data: DataConfig) -> SourceConfig:
    """The source of held-out problems; `UserError` where the recipe names none and training has no test split."""
    if data.test is None and _has_no_test(data.train):
        raise UserError(
            f"data.test: is missing, and {data.train.name} has no test split; name held-out problems with "
            "data.test.name, or set a tenth of these aside with data.train.params.hold_out 0.1"
        )
    return data.test or data.train.model_copy(update={"split": None, "limit": None})


def _fitting(
    config: SourceConfig, problems: Sequence[Problem], room: PromptLengthFilter | None, field: str
) -> Sequence[Problem]:
    return problems if room is None else room.fitting(problems, field, max_broken(config))


def _has_no_test(config: SourceConfig) -> bool:
    """Whether the source is one file or one split, and `hold_out` sets no part of it aside for testing."""
    source = source_of(config)
    if hold_out(config) or "path" not in source.fields:
        return False
    in_one_piece = source.one_split and config.path is None
    path = Path(config.path or config.name).expanduser()
    return in_one_piece or path.is_file() or (path / SAVED).is_file()
