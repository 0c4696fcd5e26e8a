"""A warm start that costs reasoning."""

from whet.diagnose.unlearned import reasoning_lost


def test_a_certain_fall_is_a_finding_with_its_fix() -> None:
    found = reasoning_lost(0.162, 0.1, -0.12, -0.01, own=False, steps=30)
    assert found is not None
    assert (found.step, found.detector) == (30, "warm_start_cost")
    assert "right anywhere fell from 16 % to 10 %" in found.sentence
    assert "-12.0 to -1.0 points" in found.sentence
    assert found.fix.startswith("set sft.from to own")


def test_own_answers_have_another_fix() -> None:
    found = reasoning_lost(0.5, 0.3, -0.3, -0.1, own=True, steps=30)
    assert found is not None
    assert "sft.from" not in found.fix
    assert "sft.optimizer.learning_rate" in found.fix


def test_what_may_be_chance_and_what_rose_is_none() -> None:
    assert reasoning_lost(0.2, 0.1, -0.2, 0.01, own=False, steps=30) is None
    assert reasoning_lost(0.2, 0.3, 0.02, 0.2, own=False, steps=30) is None
