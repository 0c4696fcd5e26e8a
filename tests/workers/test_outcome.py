"""An outcome survives its way."""

from whet.workers.outcome import Outcome


def test_head_and_answer_make_the_outcome() -> None:
    for outcome in (
        Outcome("answered", b"\x00\xff", printed="x"),
        Outcome("late", what="took longer", printed="\ud800\x1b"),
    ):
        assert Outcome.of(outcome.head(), outcome.answer) == outcome
