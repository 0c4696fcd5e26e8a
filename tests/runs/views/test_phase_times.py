"""How long each phase took."""

from whet.runs.views.phase_times import PhaseTimes


def test_phases_are_kept_in_order_and_again_when_they_come_again() -> None:
    now = [0.0]
    times = PhaseTimes(lambda: now[0])
    assert times.spent() == []
    for name, seconds in (("Check", 2.0), ("GRPO", 5.0), ("Evaluate", 1.0), ("GRPO", 3.0)):
        times.phase(name, None)
        times.advance(1, reward=1.0)
        times.note("a line")
        now[0] += seconds
    assert times.spent() == [("Check", 2.0), ("GRPO", 5.0), ("Evaluate", 1.0), ("GRPO", 3.0)]
    times.close()
    now[0] += 100.0
    assert times.spent()[-1] == ("GRPO", 3.0)
