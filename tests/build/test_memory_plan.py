"""What a training takes, by hand and by counting; and micro-batches that fit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
from batches import ragged_batch
from live_tensors import LiveTensors
from plainly import with_lora
from whet.build import memory_plan
from whet.build.memory_plan import MemoryPlan, memory_line, plan_memory, with_micro_batches
from whet.compute.master_gradients import MasterGradients
from whet.policy import attention, free_memory, recompute
from whet.policy.activations import bytes_per_token
from whet.policy.attention import ATTENTIONS
from whet.policy.language_model import LanguageModel
from wiring import shrunk

PLAN = MemoryPlan(
    kind="full training",
    weights=2e9,
    optimizer=4e9,
    gradients=2e9,
    reference=0.0,
    sampler=3e9,
    head=1e9,
    attention=0.5e9,
    per_token=1e6,
    tokens=1000,
)


def policy(model: Any) -> LanguageModel:
    return LanguageModel(model, tiny.tiny_tokenizer())


def test_the_peak_is_the_larger_of_learner_and_sampler() -> None:
    """2 + 4 + 2 + 1 + 0.5 + 1 GB against 2 + 4 + 3."""
    assert PLAN.peak == pytest.approx(10.5e9)
    assert replace(PLAN, sampler=5e9).peak == pytest.approx(11e9)


@pytest.mark.parametrize(
    ("free", "tokens"),
    [(100e9, 2432), (8.5e9, 768), (9e9, 1152), (7.5e9, 256), (1e9, 256)],
)
def test_micro_batches_by_hand(free: float, tokens: int) -> None:
    """Beside the weights 7.5 GB are needed without activations; of what is left 80 % are used, of 2.5 GB all that is
    worth having, in multiples of 128 tokens of 1 MB and not less than 256."""
    assert PLAN.sized(free, enough=2.5e9).tokens == tokens


@pytest.mark.parametrize("free", [15_000_000, 25_000_000])
def test_layers_of_micro_batches_that_were_sized_keep_their_activations(
    free: int, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is free when the learner works is at least what the plan leaves beside weights, moments and gradients."""
    model = policy(tiny.tiny_model())
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: free)
    config = shrunk(tiny_folder, tmp_path)
    tokens = with_micro_batches(config, model, lambda line: None).grpo.micro_batch_tokens or 0
    assert memory_plan.LEAST < tokens < 4096, tokens
    plan = plan_memory(config, model, tokens)
    monkeypatch.setattr(recompute, "free_bytes", lambda device: free - plan.optimizer - plan.gradients)
    monkeypatch.setattr(recompute, "checkpoint", lambda *given, **named: pytest.fail("computed again"))
    group = config.grpo.group_size
    prompts, length = tokens // (memory_plan.PROMPT + group * 40), 40
    model.logprobs(ragged_batch([memory_plan.PROMPT] * prompts, [[length] * group] * prompts)).sum().backward()


def test_vllm_on_a_cpu_keeps_its_memory_while_the_learner_works(tiny_folder: Path, tmp_path: Path) -> None:
    """Its weights and its cache: 4 rows of 24 + 4096 tokens, by the model's context 512, of 256 bytes each."""
    engine = {"rollout.engine": "vllm", "rollout.vllm": {"rows": 4}}
    model = policy(tiny.tiny_model())
    weights = sum(weight.nbytes for weight in model.model.parameters())
    plan = plan_memory(shrunk(tiny_folder, tmp_path, engine), model, 256)
    assert (plan.sampler, plan.held) == (0.0, weights + 4 * 512 * 256)
    plain = plan_memory(shrunk(tiny_folder, tmp_path), model, 256)
    assert plan.learner == plain.learner + plan.held
    assert plain.held == 0.0


def test_rays_workers_keep_their_memory_on_this_machine(tiny_folder: Path, tmp_path: Path) -> None:
    """One array of weights for all, and a copy and a cache each; elsewhere the array alone, to be sent from here."""
    model = policy(tiny.tiny_model())
    weights = sum(weight.nbytes for weight in model.model.parameters())
    plain = plan_memory(shrunk(tiny_folder, tmp_path), model, 256)
    for address, workers in (("local", 3), ("gpu-7:6379", 0)):
        engine = {"rollout.engine": "ray", "rollout.ray": {"address": address, "workers": 3}}
        plan = plan_memory(shrunk(tiny_folder, tmp_path, engine), model, 256)
        assert (plan.sampler, plan.held) == (0.0, weights + workers * plain.sampler)
    assert plain.sampler > weights


def test_no_micro_batch_is_larger_than_the_largest() -> None:
    assert replace(PLAN, per_token=1.0).sized(100e9, enough=2.5e9).tokens == 4096


@pytest.mark.parametrize(("dtype", "per_weight"), [(torch.float32, 4 + 8 + 4), (torch.bfloat16, 2 + 4 + 8 + 4)])
def test_the_state_of_full_training(tiny_folder: Path, tmp_path: Path, dtype: torch.dtype, per_weight: int) -> None:
    """Weight, master where the weight is narrower, two means and a gradient, for each of the model's numbers."""
    model = tiny.tiny_model(dtype=dtype)
    count = sum(weight.numel() for weight in model.parameters())
    plan = plan_memory(shrunk(tiny_folder, tmp_path), policy(model), 1000)
    assert plan.kind == "full training"
    assert plan.state + plan.gradients == per_weight * count


def test_adapters_alone_have_means_and_gradients(tiny_folder: Path, tmp_path: Path) -> None:
    model = with_lora()
    learned = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    plan = plan_memory(shrunk(tiny_folder, tmp_path, {"model.lora": {"rank": 3}}), policy(model), 1000)
    assert (plan.kind, plan.optimizer, plan.gradients) == ("LoRA", 8 * learned, 4 * learned)
    assert plan.head == pytest.approx(plan_memory(shrunk(tiny_folder, tmp_path), policy(tiny.tiny_model()), 1000).head
                                      - 4 * model.get_output_embeddings().weight.numel())  # fmt: skip


def test_each_adapted_layer_leaves_one_more_output_in_the_heap(tiny_folder: Path, tmp_path: Path) -> None:
    model = with_lora()
    config = model.config
    heads = (config.num_attention_heads + 2 * config.num_key_value_heads) * config.head_dim
    outputs = config.num_hidden_layers * (heads + 2 * config.hidden_size + 2 * config.intermediate_size)
    adapted = plan_memory(shrunk(tiny_folder, tmp_path, {"model.lora": {"rank": 3}}), policy(model), 1000)
    alone = bytes_per_token(model, policy(model).fused)
    whole = policy(tiny.tiny_model())
    attention = plan_memory(shrunk(tiny_folder, tmp_path), whole, 1000).per_token - bytes_per_token(
        whole.model, whole.fused
    )
    assert adapted.per_token == pytest.approx(alone + attention + 4 * outputs)


def test_a_reference_has_weights_of_its_own(tiny_folder: Path, tmp_path: Path) -> None:
    def reference(**changes: Any) -> float:
        keys = {f"grpo.objective.{name}": value for name, value in changes.items()}
        return plan_memory(shrunk(tiny_folder, tmp_path, keys), policy(tiny.tiny_model()), 1000).reference

    weights = sum(weight.nbytes for weight in tiny.tiny_model().parameters())
    assert reference(beta=0.0) == 0
    assert reference(beta=0.1) == weights
    assert reference(beta=0.1, reference_every=2) == 2 * weights


def test_the_recipe_gets_its_micro_batches_and_a_line_says_what_it_takes(tiny_folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    found = with_micro_batches(shrunk(tiny_folder, tmp_path), policy(tiny.tiny_model()), lines.append)
    assert (found.sft.micro_batch_tokens, found.grpo.micro_batch_tokens) == (4096, 4096)
    assert lines[0].startswith("memory: full training takes about 0.1 GB (weights and optimizer 0.0, 4,096 tokens at")


def test_what_the_recipe_says_stays(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"grpo.micro_batch_tokens": 77})
    found = with_micro_batches(config, policy(tiny.tiny_model()), lambda line: None)
    assert found.grpo.micro_batch_tokens == 77


@pytest.mark.parametrize(("given", "chosen"), [("grpo", "sft"), ("sft", "grpo")])
def test_a_stage_that_asks_for_nothing_gets_what_suits_the_device(
    given: str, chosen: str, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the other one asks for: with so much free, a CPU's most, 4096. The line is on what GRPO takes."""
    lines: list[str] = []
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: 10**15)
    config = shrunk(tiny_folder, tmp_path, {f"{given}.micro_batch_tokens": 65536})
    found = with_micro_batches(config, policy(tiny.tiny_model()), lines.append)
    assert getattr(found, given).micro_batch_tokens == 65536
    assert getattr(found, chosen).micro_batch_tokens == 4096
    assert f"{found.grpo.micro_batch_tokens:,} tokens at a time" in lines[0]


def test_little_memory_makes_small_micro_batches(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: 1000)
    found = with_micro_batches(shrunk(tiny_folder, tmp_path), policy(tiny.tiny_model()), lines.append)
    assert found.grpo.micro_batch_tokens == memory_plan.LEAST
    assert "it does not fit" in lines[0]
    assert "LoRA (model.lora: {rank: 16})" in lines[0]
    assert "QLoRA (model.lora: {rank: 16, bits: 4})" in lines[0]


def test_where_it_does_not_fit_the_line_says_what_would() -> None:
    lora = replace(PLAN, kind="LoRA", optimizer=0.1e9, gradients=0.1e9)
    assert memory_line(PLAN, 11e9, [lora]) == (
        "memory: full training takes about 10.5 GB (weights and optimizer 8.0, 1,000 tokens at a time 1.0), "
        "11.0 GB are free"
    )
    line = memory_line(PLAN, 6e9, [lora])
    assert "6.0 GB are free: it does not fit, the system may end the run. What takes less: LoRA " in line
    assert "(model.lora: {rank: 16}) 5.1, or lower grpo.group_size" in line


@pytest.mark.parametrize("name", ATTENTIONS)
@pytest.mark.parametrize(("group", "response"), [(8, 256), (4, 2048)])
def test_the_plan_is_within_a_factor_of_two(
    name: str, group: int, response: int, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the learner takes for a micro-batch of one group, counted on meta tensors (T9)."""
    monkeypatch.setattr(attention, "ROWS", {"meta": ((name, lambda wanted: True),)})
    monkeypatch.setattr(recompute, "free_bytes", lambda device: 1 << 50)
    with torch.device("meta"):
        model = tiny.tiny_model("qwen2", dtype=torch.bfloat16, hidden_size=128, intermediate_size=512, head_dim=32)
    learner = policy(model)
    keys = {"grpo.group_size": group, "grpo.sampling.max_tokens": response}
    tokens = memory_plan.PROMPT + group * response
    plan = plan_memory(shrunk(tiny_folder, tmp_path, keys), learner, tokens)
    batch = ragged_batch([memory_plan.PROMPT], [[response] * group])
    with LiveTensors() as live:
        masters = [weight.detach().float() for weight in learner.trainable()]
        gradients = MasterGradients(zip(learner.trainable(), masters, strict=True))
        with gradients.moving():
            learner.logprobs(batch).sum().backward()
    counted = live.peak + plan.weights + plan.optimizer - sum(master.nbytes for master in masters)
    assert 0.5 * counted <= plan.learner <= 2 * counted
