"""What a data set holds, as far as a recipe has to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from whet.config import SourceConfig
from whet.config.data import DataConfig
from whet.data.as_read import as_read
from whet.data.endless import is_endless
from whet.data.load_data import find_source, held_out_source, load_source
from whet.errors import UserError
from whet.types import Problem

FEW = 20
"""Problems under which a tenth held out measures nothing."""

SEEN = 1000
"""Problems that are looked at."""


@dataclass(frozen=True, slots=True)
class Look:
    """A source of problems that could be read."""

    source: SourceConfig
    count: int | None
    """Problems; None for an endless source."""
    problems: Sequence[Problem]
    """The first `SEEN`."""
    has_test: bool
    """Whether the source has held-out problems of its own."""

    @property
    def worked(self) -> int:
        """How many of `problems` have a worked solution."""
        return sum(bool(problem.solution) for problem in self.problems)

    def lines(self) -> list[str]:
        """What was found, for people: columns, the first rows, how many there are."""
        many = "problems without end" if self.count is None else f"{self.count:,} problems"
        solved = f"{self.worked} of the first {len(self.problems)} with a worked solution"
        held = "with a test split" if self.has_test else "without a test split"
        return [*as_read(self.problems), f"{many}, {held}; {solved}"]


def look(name: str, seed: int = 0) -> Look:
    """Reads the problems of a file, a named source or a hub data set. Raises `UserError` where that fails."""
    source = SourceConfig(name=name)
    find_source(source, "train", "data.train")
    problems = load_source(source, "train", seed)
    endless = is_endless(problems)
    some = list(islice((problems[place] for place in range(min(SEEN, len(problems)))), SEEN))
    if not some:
        raise UserError(f"data.train: {name} has no problems; name another")
    return Look(source, None if endless else len(problems), some, _has_test(source))


def _has_test(source: SourceConfig) -> bool:
    try:
        held_out_source(DataConfig(train=source))
    except UserError:
        return False
    return True
