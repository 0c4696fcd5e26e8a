"""What reward functions may log."""

from whet.rewards.logs import Logs, TrainerState


def test_metrics_are_means_and_extra_columns_are_kept() -> None:
    logs = Logs()
    told = logs.keywords(step=3)
    assert told["trainer_state"] == TrainerState(global_step=3)
    told["log_metric"]("length", 1)
    told["log_metric"]("length", 2)
    told["log_metric"]("depth", 7)
    told["log_extra"]("seen", ("a", "b"))
    assert logs.metrics == {"length": 1.5, "depth": 7.0}
    assert logs.extra == {"seen": ["a", "b"]}
    assert Logs().metrics == {}
