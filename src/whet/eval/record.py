"""The record of each problem of an evaluation, stored as one JSON line."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from whet.errors import UserError
from whet.types import Finish, Problem, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One completion and its verdict."""

    response: str
    answer: str | None
    """The extracted answer; None where there is none."""
    correct: bool
    """Whether the answer where the format expects it is right."""
    lenient: bool
    """Whether an answer anywhere in the completion is right."""
    formatted: bool
    """Whether the completion keeps the layout."""
    tokens: int
    """Length of the completion, its end token included."""
    finish: Finish

    @classmethod
    def of(cls, rollout: Rollout, verdict: Verdict) -> Self:
        """Combines a rollout and its verdict."""
        return cls(
            response=rollout.text,
            answer=verdict.answer,
            correct=verdict.correct,
            lenient=verdict.lenient,
            formatted=verdict.formatted,
            tokens=len(rollout.tokens),
            finish=rollout.finish,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A problem, its greedy completion, and the sampled ones, if any."""

    id: str
    question: str
    gold: str
    response: str
    answer: str | None
    correct: bool
    lenient: bool
    formatted: bool
    tokens: int
    finish: Finish
    samples: tuple[Outcome, ...] = ()
    majority: float | None = None
    """maj@K of the samples: 1 or 0, or a share where answers tie; None without samples."""

    @classmethod
    def of(
        cls,
        problem: Problem,
        greedy: Outcome,
        samples: tuple[Outcome, ...] = (),
        majority: float | None = None,
    ) -> Self:
        """Builds the record of a problem from its outcomes."""
        return cls(
            id=problem.id,
            question=problem.question,
            gold=problem.answer,
            samples=samples,
            majority=majority,
            **asdict(greedy),
        )

    def as_dict(self) -> dict[str, Any]:
        """The record as a JSON-serialisable dict, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Builds a record from a parsed JSON line; unknown keys are ignored.

        Raises:
            TypeError: a field is missing or of another type.
        """
        samples = tuple(Outcome(**_known(Outcome, sample)) for sample in row.get("samples", ()))
        record = cls(**{**_known(cls, row), "samples": samples})
        for name, kind in _TYPES.items():
            if not isinstance(value := getattr(record, name), kind):
                raise TypeError(f"`{name}` is {value!r}, but must be of type {kind.__name__}")
        return record


_TYPES = {"id": str, "question": str, "gold": str, "correct": bool, "lenient": bool, "formatted": bool, "tokens": int}


def parse_records(text: str, place: str) -> dict[str, Record]:
    """Parses the JSON lines of an evaluation into records by problem id, in order; `place` is the file's name.

    Raises:
        UserError: a line is not a record, an id comes twice, or there is none.
    """
    records: dict[str, Record] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{place}, line {number}"
        try:
            record = Record.from_dict(json.loads(line))
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(f"{where} is no evaluation record ({error}): give a file that `whet eval` wrote") from None
        if record.id in records:
            raise UserError(f"{where}: problem {record.id} comes twice: keep one of them")
        records[record.id] = record
    if not records:
        raise UserError(f"{place} holds no records: evaluate again with `whet eval`")
    return records


def _known(kind: type[Outcome] | type[Record], row: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: row[field.name] for field in fields(kind) if field.name in row}
