"""What reward functions may log."""

import json
import math

import torch

from whet.rewards.logs import Logs, TrainerState


def test_every_value_and_the_extra_columns_are_kept() -> None:
    logs = Logs()
    told = logs.keywords(step=3, function="mine")
    assert told["trainer_state"] == TrainerState(global_step=3)
    told["log_metric"]("length", 1)
    told["log_metric"]("length", 2)
    told["log_metric"]("depth", 7)
    told["log_extra"]("seen", ("a", "b"))
    assert logs.values == {"length": [1.0, 2.0], "depth": [7.0]}
    assert logs.extra == {("mine", "seen"): ["a", "b"]}
    assert logs.extra_of(2) == [{"seen": "a"}, {"seen": "b"}]
    assert logs.extra_of(3) == [{}, {}, {}], "a column of another length belongs to no rollout"
    assert Logs().values == {}


def test_columns_of_one_name_are_told_apart_by_their_function() -> None:
    logs = Logs()
    for function, values in (("b", [3, 4]), ("a", [1, 2]), ("short", [5])):
        logs.keywords(0, function)["log_extra"]("seen", values)
    logs.keywords(0, "a")["log_extra"]("own", [6, 7])
    assert logs.extra_of(2) == [{"own": 6, "a/seen": 1, "b/seen": 3}, {"own": 7, "a/seen": 2, "b/seen": 4}]
    assert logs.extra_of(1) == [{"seen": 5}], "one of another length shares no name"


def test_what_json_does_not_carry_is_kept_as_text() -> None:
    """That NaN and infinity are no JSON is what a checkpoint of kept rollouts would fail by."""
    logs = Logs()
    values = [torch.tensor([1.0, 2.0]), {3}, 1 << 80, None, True, 2.5, -4, "text", math.nan, math.inf, -math.inf]
    logs.keywords(0, "mine")["log_extra"](5, values)
    kept = ["tensor([1., 2.])", "{3}", str(1 << 80), None, True, 2.5, -4, "text", "nan", "inf", "-inf"]
    assert logs.extra_of(len(values)) == [{"5": value} for value in kept]
    assert json.loads(json.dumps(logs.extra_of(len(values)), allow_nan=False)) == logs.extra_of(len(values))
