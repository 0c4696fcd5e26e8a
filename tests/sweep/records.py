"""Records of evaluations for tests of sweeps."""

from whet.eval.record import Record


def records(rights: str) -> tuple[Record, ...]:
    """A record for each letter: right where it is `1`."""
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
        for place, letter in enumerate(rights)
    )
