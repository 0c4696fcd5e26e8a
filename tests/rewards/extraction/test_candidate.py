"""The evidence of an answer."""

from whet.rewards.extraction.candidate import Candidate


def test_the_shortest_form_is_the_answer() -> None:
    found = Candidate("####", "7 pens in all", ("7 pens in all", "7 pens", "7"))
    assert (found.answer, found.given) == ("7", "7")


def test_a_verifier_gets_what_stands_in_the_format() -> None:
    assert Candidate("format think_answer", "7 pens", ("7 pens", "7"), strict=True).given == "7 pens"
    assert Candidate("####", "7").answer == "7"
