"""The made runs of docs/how-to/page.md: one is healthy, three are ill, each as its detector names it."""

import json
from pathlib import Path

import pytest

from benchmarks.made_examples import HEALTHS, STEPS, made
from whet.runs.reader import RunReader


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunReader]:
    """All of them."""
    folder = tmp_path_factory.mktemp("examples")
    return {name: RunReader(made(folder, name)) for name in HEALTHS}


def test_each_is_found_ill_as_it_was_made(runs: dict[str, RunReader]) -> None:
    found = {name: {finding["detector"] for finding in run.findings()} for name, run in runs.items()}
    assert found["healthy"] == set()
    assert found["truncated"] == {"truncated"}
    assert "no_signal" in found["cold-start"]
    assert "reward_hacking" in found["gamed"]


def test_the_gamed_reward_rises_while_held_out_accuracy_falls(runs: dict[str, RunReader]) -> None:
    rewards = [line["reward"] for line in runs["gamed"].metrics()]
    assert sum(rewards[-10:]) > sum(rewards[:10]) + 2
    before, after = (runs["gamed"].evaluations()[stage]["accuracy"] for stage in ("base", "final"))
    assert after < before - 0.1


def test_records_are_whole(runs: dict[str, RunReader]) -> None:
    for run in runs.values():
        assert run.rollout_steps() == list(range(STEPS))
        for record in run.rollouts(STEPS - 1):
            assert len(record["tokens"]) == len(record["logprobs"])
            paid = sum(value * (0.1 if name == "format_soft" else 1) for name, value in record["parts"].items())
            assert record["reward"] == pytest.approx(paid)
        assert set(run.records("base")) == set(run.records("final"))


def test_the_same_each_time(tmp_path: Path, runs: dict[str, RunReader]) -> None:
    again = made(tmp_path, "truncated")
    assert (again / "metrics.jsonl").read_bytes() == (runs["truncated"].path / "metrics.jsonl").read_bytes()
    assert (
        json.loads((again / "health.jsonl").read_text("utf-8").splitlines()[0])["fix"]
        == "raise grpo.sampling.max_tokens"
    )
