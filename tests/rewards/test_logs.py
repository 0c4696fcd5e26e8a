"""What reward functions may log."""

from whet.rewards.logs import Logs, TrainerState


def test_every_value_and_the_extra_columns_are_kept() -> None:
    logs = Logs()
    told = logs.keywords(step=3)
    assert told["trainer_state"] == TrainerState(global_step=3)
    told["log_metric"]("length", 1)
    told["log_metric"]("length", 2)
    told["log_metric"]("depth", 7)
    told["log_extra"]("seen", ("a", "b"))
    assert logs.values == {"length": [1.0, 2.0], "depth": [7.0]}
    assert logs.extra == {"seen": ["a", "b"]}
    assert logs.extra_of(2) == [{"seen": "a"}, {"seen": "b"}]
    assert logs.extra_of(3) == [{}, {}, {}], "a column of another length belongs to no rollout"
    assert Logs().values == {}
