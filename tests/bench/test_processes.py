"""Steps shared by processes of this machine: the figures by hand, and a whole round of tiny steps."""

from pathlib import Path

import pytest

from benchmarks.processes import WAYS, exchange, exchanges, groups, run, simulation, steps, tables
from whet.compute.limit import Lengths, Limit, Machine, Shape
from wiring import shrunk

SHAPE = Shape(900_000, 100_000, 2, 4, 2, 8, 4)


def test_the_tables_by_hand() -> None:
    """Medians of 4, 6, 5 and 2, 3, 4; two processes are 5/3 times as fast, and simulated 4/2."""
    taken = {
        "1 x 1": [[{"step_time": 4.0, "seconds/rollout": 1.0}, {"step_time": 6.0, "seconds/rollout": 3.0}]] * 2,
        "2 x 1": [[{"step_time": float(n), "seconds/rollout": 1.0} for n in (2, 3, 4)]],
    }
    found = tables("four", taken, {"1 x 1": 4.0, "2 x 1": 2.0})
    assert found[0].rows == [
        ["1 x 1", "5.00 [4.00, 6.00]", "5.0, 5.0", "2.00"],
        ["2 x 1", "3.00 [2.00, 4.00]", "3.0", "1.00"],
    ]
    assert found[1].rows == [
        ["1 x 1", "5.00", "4.00", "0.80", "1.00", "1.00"],
        ["2 x 1", "3.00", "2.00", "0.67", "1.67", "2.00"],
    ]


def test_the_simulation_takes_the_exchange_as_it_was_measured() -> None:
    """Where a machine is endlessly fast, a step is the sum of gradients alone."""
    endless = {"flops": 1e30, "bandwidth": 1e30, "summed": 2.5}
    group = Lengths(4, (3, 3))
    assert simulation(SHAPE, endless, 2, [[(group, True)] * 2] * 3) == pytest.approx(2.5)
    assert simulation(SHAPE, endless, 1, [[(group, True)] * 2]) == pytest.approx(0)


def test_only_groups_with_a_signal_are_learned_from() -> None:
    group, found = Lengths(4, (3, 3)), {"flops": 1e9, "bandwidth": 1e30}
    both, one = (simulation(SHAPE, found, 1, [[(group, True), (group, taught)]]) for taught in (True, False))
    assert both - one == pytest.approx(Limit(SHAPE, Machine(1e9, 1e30)).learn([group]))


@pytest.mark.parametrize("name", ["1 x 1", pytest.param("2 x 1", marks=pytest.mark.slow)])
def test_a_way_on_a_tiny_model(name: str, tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"grpo.steps": 4})
    reader = run(config, WAYS[name], tmp_path / "runs" / "a")
    assert [step["step"] for step in steps(reader)] == [1, 2]
    assert [len(group.responses) for group, _ in groups(reader, 1)] == [4, 4]
    again = run(config, WAYS[name], tmp_path / "runs" / "a")
    assert again.timings() == reader.timings()


@pytest.mark.slow
def test_what_is_measured_of_two_processes() -> None:
    found = exchange(WAYS["2 x 1"], weights=1000)
    assert min(found.values()) > 0
    assert exchanges({"1 x 1": WAYS["1 x 1"]}, weights=1000, rounds=2)["1 x 1"]["summed"] == 0
