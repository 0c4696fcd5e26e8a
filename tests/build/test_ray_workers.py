"""`rollout.engine: ray`: what is refused by name, and a whole run by a stand-in for the cluster."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from crashes import contents
from stand_in_ray import StandInCluster
from whet.api import resume, train
from whet.build import ray_workers
from whet.build.roles import build_sampler
from whet.errors import UserError
from whet.rollout import kept_cluster
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from whet.stages.evaluate import evaluation_config
from whet.stages.model_recipe import model_recipe
from wiring import listening, shrunk, write_rewards

ENGINE = {"rollout.engine": "ray", "rollout.ray": {"workers": 3}}


def test_without_the_package_one_line_says_what_to_do(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_workers, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"rollout\.engine: is ray, but .* pip install 'whet\[ray\]'") as wrong:
        build_sampler(shrunk(tiny_folder, tmp_path, ENGINE))
    assert "\n" not in str(wrong.value)
    assert importlib.util.find_spec("whet"), "the finder itself works"


def installed(monkeypatch: pytest.MonkeyPatch, ends: tuple[int, ...] = ()) -> list[StandInCluster]:
    """Puts the stand-in in Ray's place; the clusters that were joined."""
    made: list[StandInCluster] = []

    def joined(config: Any, weight_bytes: int, make: Any) -> StandInCluster:
        assert weight_bytes > 0
        assert make().describe
        made.append(StandInCluster(config.workers, ends))
        return made[-1]

    monkeypatch.setattr(ray_workers, "find_spec", lambda name: object())
    monkeypatch.setattr(kept_cluster, "KeptCluster", joined)
    return made


def test_a_whole_run_samples_through_one_cluster_and_ends_like_the_native_one(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stage: the same responses as with the native engine, also where workers end on the way."""
    found: list[Any] = []
    for name, changes, ends in (("native", {}, ()), ("ray", ENGINE, ()), ("killed", ENGINE, (2, 5, 9))):
        made = installed(monkeypatch, ends)
        wanted = {"rewards": [f"{write_rewards(tmp_path)}:digits"], "sft.when": "always", "grpo.steps": 3, **changes}
        lines, view = listening()
        run = train(shrunk(tiny_folder, tmp_path / name, wanted), view=view)
        assert any("fused decoder in 3 Ray workers" in line for line in lines) == bool(changes)
        assert len(made) == bool(changes)
        assert all(len({worker for worker, _, _ in cluster.calls}) == 3 for cluster in made)
        files = sorted((run.path / "rollouts").glob("*.jsonl"))
        rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
        found.append([(row["step"], row["problem"], row["tokens"]) for row in rows])
        assert max(line["sampler/logprob_difference_max"] for line in RunReader(run.path).metrics()) < 1e-4
    assert len(found[0]) == 3 * 8
    assert found[0] == found[1] == found[2]


def test_a_finished_model_is_sampled_natively_whatever_trained_it(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    wanted: dict[str, Any] = {**ENGINE, "sft.when": "never", "check.on_no_signal": "train", "grpo.steps": 1}
    wanted |= {"rollout.ahead": 1, "grpo.objective.importance": "token"}
    result = train(shrunk(tiny_folder, tmp_path, wanted), view=listening()[1])
    recipe = model_recipe(str(result.path))
    assert recipe.base
    for config in (recipe.config, recipe.base, evaluation_config(str(result.path))):
        assert (config.rollout.engine, config.rollout.ahead, config.rollout.ray) == ("native", 0, None)


class Ending(PlainView):
    """Ctrl-C after the fourth step, which no checkpoint holds."""

    def advance(self, done: int, **metrics: Any) -> None:
        if done == 4:
            raise KeyboardInterrupt


AHEAD = {**ENGINE, "rollout.ahead": 1, "grpo.objective.importance": "token", "grpo.steps": 5, "eval.every": 2}


@pytest.mark.parametrize("by", [None, "pass_rate", "signal"])
def test_one_step_ahead_a_run_that_was_interrupted_ends_in_the_same_bytes(
    by: str | None, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sampled ahead was drawn with weights that are gone: it is in the checkpoint. Problems that are chosen by
    earlier rewards are chosen again."""
    runs = []
    for name in ("whole", "stopped"):
        installed(monkeypatch, ends=(7, 15))
        rewards = [f"{write_rewards(tmp_path)}:digits"]
        wanted: dict[str, Any] = {**AHEAD, "rewards": rewards, "run.save_every": 3, "run.name": name}
        wanted |= {"sft.when": "never", "check.on_no_signal": "train", "grpo.curriculum": by and {"by": by}}
        config = shrunk(tiny_folder, tmp_path / "runs", wanted)
        if name == "stopped":
            with pytest.raises(KeyboardInterrupt):
                train(config, view=Ending(lambda line: None))
            resume(tmp_path / "runs" / name, view=listening()[1])
        else:
            train(config, view=listening()[1])
        runs.append(tmp_path / "runs" / name)
    whole, stopped = (contents(run) for run in runs)
    assert stopped == whole
    lines = RunReader(runs[0]).metrics()
    assert [line["sampler/staleness"] for line in lines] == [0.0, 1.0, 1.0, 1.0, 1.0]
    drifts = [line["sampler/logprob_difference_mean"] for line in lines]
    assert drifts[0] < 1e-4 < drifts[1], "the second step was sampled before the first update"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"grpo.objective.importance": "none"}, r"^grpo\.objective\.importance: is none, but .* set it to token, or"),
        ({"grpo.draws": 2}, r"^grpo\.draws: is 2, but .*; set it to 1, or rollout.ahead to 0"),
        ({"grpo.first": 2}, r"^grpo\.first: is 2, but"),
        ({"grpo.sizes": "pass_rate"}, r"^grpo\.sizes: is pass_rate, but"),
    ],
)  # fmt: skip
def test_what_cannot_be_sampled_ahead_is_refused_by_its_key(
    changes: dict[str, Any], said: str, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    with pytest.raises(UserError, match=said):
        build_sampler(shrunk(tiny_folder, tmp_path, {**AHEAD, **changes}))
