"""Records of evaluations for tests of sweeps."""

from whet.eval.record import Record


def records(rights: str, first: int = 0) -> tuple[Record, ...]:
    """A record for each letter, of problems that are numbered from `first`: right where it is `1`."""
    return tuple(
        Record(
            id=f"problem-{place}",
            question="?",
            gold="1",
            response=letter,
            answer=letter,
            correct=letter == "1",
            lenient=letter == "1",
            formatted=True,
            tokens=1,
            finish="stop",
        )
        for place, letter in enumerate(rights, first)
    )
