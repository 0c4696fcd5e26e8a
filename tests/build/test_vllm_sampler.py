"""`rollout.engine: vllm`: what is refused by name, and a whole run by the stand-in."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from stand_in_vllm import installed
from whet.api import train
from whet.build import vllm_sampler
from whet.build.roles import build_sampler
from whet.errors import UserError
from whet.runs.reader import RunReader
from whet.stages.evaluate import evaluation_config
from whet.stages.model_recipe import model_recipe
from wiring import listening, shrunk, write_rewards

ENGINE = {"rollout.engine": "vllm"}


def test_without_the_package_one_line_says_what_to_do(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm_sampler, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"rollout\.engine: is vllm, but .* pip install 'whet\[vllm\]'") as wrong:
        build_sampler(shrunk(tiny_folder, tmp_path, ENGINE))
    assert "\n" not in str(wrong.value)
    assert importlib.util.find_spec("whet"), "the finder itself works"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("grpo.sampling.top_p", 0.9),
        ("grpo.sampling.temperature", 0.005),
        ("sft.own.temperature", 0.001),
        ("eval.temperature", 0.0001),
    ],
)
def test_what_it_does_not_sample_is_refused_by_its_key(
    key: str, value: float, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    with pytest.raises(UserError) as wrong:
        build_sampler(shrunk(tiny_folder, tmp_path, {**ENGINE, key: value}))
    assert str(wrong.value).startswith(f"{key}: is {value:g}, but vLLM ")


def test_a_mixture_of_experts_is_refused() -> None:
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = Qwen3MoeConfig(vocab_size=100, num_key_value_heads=2, num_experts=4, moe_intermediate_size=16, **size)
    vllm_sampler.refuse_experts(LlamaForCausalLM(LlamaConfig(vocab_size=100, **size)))
    with pytest.raises(UserError, match=r"rollout\.engine: is vllm, but mixtures of experts"):
        vllm_sampler.refuse_experts(Qwen3MoeForCausalLM(config))


def test_a_whole_run_samples_through_one_engine(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parity, check, warm start, training and evaluation; said once; and the gate watches every step."""
    here = installed(monkeypatch)
    wanted = {**ENGINE, "rewards": [f"{write_rewards(tmp_path)}:digits"], "sft.when": "always", "grpo.steps": 3}
    lines, view = listening()
    result = train(shrunk(tiny_folder, tmp_path / "runs", wanted), view=view)
    (made,) = here.made
    assert made.calls.count("reload_weights") >= 6
    assert made.arguments["max_num_seqs"] == 128
    told = [line for line in lines if "vLLM" in line]
    assert len(told) == 1
    assert told[0].startswith("engine: vLLM 0.32.0, prompts shared by their responses; sampler and learner agree to ")
    drifts = [line["sampler/logprob_difference_max"] for line in RunReader(result.path).metrics()]
    assert len(drifts) == 3
    assert max(drifts) < 1e-4


def test_two_runs_of_a_recipe_agree_digit_by_digit(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        wanted = {**ENGINE, "rewards": [f"{write_rewards(tmp_path / name)}:digits"], "sft.when": "never"}
        wanted |= {"check.on_no_signal": "train", "rollout.vllm": {"rows": 2}}
        result = train(shrunk(tiny_folder, tmp_path / name / "runs", wanted), view=listening()[1])
        found.append(json.dumps(RunReader(result.path).metrics()))
    assert found[0] == found[1]


def test_weights_that_do_not_arrive_end_the_run_before_it_begins(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that keeps its old head: the parity gate sees it, whatever the engine reports."""
    here = installed(monkeypatch)
    real = here._reload
    monkeypatch.setattr(
        here, "_reload", lambda self, weights: real(self, ((n, w * 1.2 if "norm" in n else w) for n, w in weights))
    )
    with pytest.raises(UserError, match=r"sampler and learner disagree by .* or rollout\.engine native"):
        train(shrunk(tiny_folder, tmp_path, ENGINE), view=listening()[1])


def test_a_finished_model_is_sampled_natively_whatever_trained_it(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine that chats, evaluates or serves need not have vLLM."""
    installed(monkeypatch)
    wanted: dict[str, Any] = {**ENGINE, "sft.when": "never", "check.on_no_signal": "train", "grpo.steps": 1}
    result = train(shrunk(tiny_folder, tmp_path, {**wanted, "rollout.vllm.rows": 8}), view=listening()[1])
    recipe = model_recipe(str(result.path))
    assert recipe.base
    for config in (recipe.config, recipe.base, evaluation_config(str(result.path))):
        assert (config.rollout.engine, config.rollout.vllm) == ("native", None)
