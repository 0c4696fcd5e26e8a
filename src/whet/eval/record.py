"""What an evaluation keeps of every problem: one JSON line each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from whet.types import Finish, Problem, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One response and what the judge said of it."""

    response: str
    answer: str | None
    """The answer as it stands in the response; None where there is none to be found."""
    correct: bool
    """The answer in the format's own place is right."""
    lenient: bool
    """An answer found anywhere in the response is right."""
    formatted: bool
    """The response keeps the layout."""
    tokens: int
    """Length of the response, its end token included."""
    finish: Finish

    @classmethod
    def of(cls, rollout: Rollout, verdict: Verdict) -> Self:
        """The outcome of a rollout that the judge has read."""
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
    """A problem, the greedy answer to it, and the sampled ones where there are any."""

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
        """The record of a problem from its outcomes."""
        return cls(
            id=problem.id,
            question=problem.question,
            gold=problem.answer,
            samples=samples,
            majority=majority,
            **asdict(greedy),
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """The record of a parsed JSON line; keys it does not know are passed over.

        Raises:
            TypeError: a field is missing.
        """
        samples = tuple(Outcome(**_known(Outcome, sample)) for sample in row.get("samples", ()))
        return cls(**{**_known(cls, row), "samples": samples})


def _known(kind: type[Outcome] | type[Record], row: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: row[field.name] for field in fields(kind) if field.name in row}
