"""Loss, gradient, weights and advantages against TRL's own code, run on the same tensors.

TRL's trainer is made without its constructor and given the attributes its loss reads; what the trainer computes in
the middle of a long method is taken from its source and run as it stands.
"""

import inspect
import math
import textwrap
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from batches import prompt, ragged_batch, rollout
from whet.batch import Batch
from whet.config.objectives import ObjectiveConfig
from whet.grpo.advantage import advantages
from whet.grpo.importance import importance_weights
from whet.grpo.kl_reward import KlReward
from whet.grpo.objective import Normaliser, objective
from whet.policy.forward import padded, shared_prefix, shared_prefix_with_entropies
from whet.types import Collected, Group, Reward

pytest.importorskip("trl")
from trl import GRPOTrainer, RLOOTrainer
from trl.trainer.grpo_trainer import add_fused_lm_head
from trl.trainer.utils import nanstd

LONGEST = 12
LENGTHS = [[3, 7, 1], [5, 5, 2], [2, 9, 4]]

SAMPLED: dict[str, dict[str, Any]] = {
    "token_truncate": {"importance": "token", "importance_max": 1.2, "importance_min": 0.9},
    "token_mask": {"importance": "token", "importance_bound": "mask", "importance_max": 1.3, "importance_min": 0.8},
    "sequence_truncate": {"importance": "sequence", "importance_max": 1.5},
    "sequence_mask": {
        "importance": "sequence",
        "importance_bound": "mask",
        "importance_max": 1.5,
        "importance_min": 0.7,
    },
}
"""TRL's modes of the importance correction, with limits that some of the weights pass."""


def trl_settings(config: ObjectiveConfig) -> dict[str, Any]:
    """What TRL calls the same choices."""
    types = {
        ("clip", "sequence_mean"): "grpo",
        ("clip", "token_mean"): "dapo",
        ("clip", "constant_length"): "dr_grpo",
        ("clip", "sequence_sum"): "luspo",
        ("clipped_weight", "token_mean"): "cispo",
        ("soft_gate", "sequence_mean"): "sapo",
    }
    loss_type = "bnpo" if config.name == "bnpo" else types[config.surrogate, config.aggregation]
    return {
        "loss_type": loss_type,
        "importance_sampling_level": config.ratio,
        "epsilon_low": config.clip_low,
        # TRL's CISPO names the largest weight itself
        "epsilon_high": config.clip_high + (loss_type == "cispo"),
        "beta": config.beta,
        "entropy_coef": config.entropy_bonus,
        "_entropy_bonus_enabled": config.entropy_bonus != 0,
        "use_vllm": config.importance != "none",
        "args": SimpleNamespace(
            delta=config.clip_dual,
            sapo_temperature_pos=config.gate_positive,
            sapo_temperature_neg=config.gate_negative,
            use_bias_correction_kl=config.kl_corrected,
            steps_per_generation=1,
        ),
    }


def trl_trainer(kind: type, **settings: Any) -> Any:
    """A trainer of TRL's that was never built: one process, one device, a batch that is not split."""
    trainer = object.__new__(kind)
    attributes = {
        "accelerator": SimpleNamespace(
            num_processes=1,
            is_main_process=True,
            sync_gradients=True,
            gather=lambda x: x,
            reduce=lambda x, reduction: x,
            autocast=nullcontext,
        ),
        "aux_loss_enabled": False,
        "current_gradient_accumulation_steps": 1,
        "max_completion_length": LONGEST,
        "model": SimpleNamespace(training=True),
        "off_policy_mask_threshold": None,
        "top_entropy_quantile": 1.0,
        "use_adaptive_entropy": False,
        "vllm_importance_sampling_correction": True,
        "_metrics": {"train": defaultdict(list)},
        **settings,
    }
    vars(trainer).update(attributes)
    return trainer


def own_lines(kind: type, first: str, last: str, **names: Any) -> dict[str, Any]:
    """Runs the lines of `_generate_and_score_completions` from the one that starts with `first` up to `last`."""
    lines = inspect.getsource(kind._generate_and_score_completions).splitlines()  # type: ignore[attr-defined]
    start = next(i for i, line in enumerate(lines) if line.strip().startswith(first))
    end = next(i for i, line in enumerate(lines) if i > start and line.strip().startswith(last))
    exec(textwrap.dedent("\n".join(lines[start:end])), {"torch": torch, "math": math, "nanstd": nanstd}, names)
    return names


def a_batch(seed: int = 0) -> Batch:
    return ragged_batch([4, 2, 6], LENGTHS, seed=seed, dtype=torch.float64, reference=True)


def now(batch: Batch, spread: float, seed: int = 1) -> Tensor:
    noise = torch.randn(batch.mask_BT.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (batch.old_logprobs_BT + spread * noise).requires_grad_()


def trl_inputs(batch: Batch) -> dict[str, Any]:
    mask, tool_mask = batch.mask_BT.double(), batch.loss_mask_BT.double()
    return {
        "prompt_ids": torch.ones(len(batch), 1, dtype=torch.long),
        "prompt_mask": torch.ones(len(batch), 1),
        "completion_ids": batch.tokens_BT,
        "completion_mask": mask,
        "tool_mask": tool_mask,
        "advantages": batch.advantage_B,
        "old_per_token_logps": batch.old_logprobs_BT,
        "ref_per_token_logps": batch.reference_logprobs_BT,
        "importance_sampling_ratio": batch.importance_BT,
        "num_items_in_batch": (mask * tool_mask).sum(),
    }


def trl_loss(logprobs: Tensor, entropies: Tensor, batch: Batch, config: ObjectiveConfig) -> Tensor:
    trainer = trl_trainer(GRPOTrainer, **trl_settings(config))
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (logprobs, entropies, None)
    loss: Tensor = trainer._compute_loss(None, trl_inputs(batch))
    return loss


def our_loss(logprobs: Tensor, entropies: Tensor, batch: Batch, config: ObjectiveConfig) -> Tensor:
    batch = batch if config.beta else batch.with_reference(None)
    normaliser = Normaliser(len(batch), int(batch.loss_mask_BT.sum()), LONGEST)
    return objective(logprobs, batch, normaliser, config, entropies if config.entropy_bonus else None).value


def assert_same(config: ObjectiveConfig, batch: Batch, spread: float = 0.4) -> None:
    """Value and gradient to 1e-6, in every place, padding included; the gradient must not be empty."""
    logprobs = now(batch, spread)
    entropies = (torch.rand(logprobs.shape, generator=torch.Generator().manual_seed(5)).double() * 3).requires_grad_()
    losses = [loss(logprobs, entropies, batch, config) for loss in (trl_loss, our_loss)]
    theirs, ours = ([*torch.autograd.grad(x, [logprobs, entropies], allow_unused=True)] for x in losses)
    assert losses[1].item() == pytest.approx(losses[0].item(), rel=1e-6, abs=1e-12)
    for expected, found in zip(theirs, ours, strict=True):
        assert (expected is None) == (found is None)
        if expected is not None:
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-10)
    assert theirs[0].abs().max() > 1e-4


ROWS = ("grpo", "dr_grpo", "dapo", "bnpo", "gspo", "cispo", "sapo", "luspo")


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("beta", [0.0, 0.3])
@pytest.mark.parametrize("name", ROWS)
def test_rows(name: Any, beta: float, seed: int) -> None:
    assert_same(ObjectiveConfig(name=name, beta=beta), a_batch(seed), spread=3e-4 if name == "gspo" else 0.4)


@pytest.mark.parametrize("ratio", ["token", "sequence"])
@pytest.mark.parametrize("name", ["grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo"])
def test_each_loss_at_either_ratio_with_the_unbiased_kl(name: Any, ratio: Any) -> None:
    clips = {} if name == "cispo" else {"clip_low": 0.1, "clip_high": 0.15}
    assert_same(ObjectiveConfig(name=name, ratio=ratio, beta=0.3, kl_corrected=True, **clips), a_batch())


@pytest.mark.parametrize("ratio", ["token", "sequence"])
@pytest.mark.parametrize("name", ["grpo", "dr_grpo", "dapo", "bnpo", "luspo"])
def test_the_dual_clip(name: Any, ratio: Any) -> None:
    config = ObjectiveConfig(name=name, ratio=ratio, clip_low=0.1, clip_high=0.15, clip_dual=1.3)
    assert_same(config, a_batch(), spread=1.0)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("mode", SAMPLED)
def test_the_importance_correction_in_the_loss(mode: Any, name: Any) -> None:
    config = ObjectiveConfig(name=name, beta=0.2, **SAMPLED[mode])
    batch = a_batch()
    sampler = now(batch, 0.3, seed=9).detach()
    weights_BT = importance_weights(batch.old_logprobs_BT, sampler, batch.mask_BT, config)
    assert_same(config, replace(batch, importance_BT=weights_BT))


@pytest.mark.parametrize("mode", SAMPLED)
def test_the_importance_weights(mode: Any) -> None:
    config, batch = ObjectiveConfig(**SAMPLED[mode]), a_batch()
    sampler = now(batch, 0.3, seed=9).detach()
    trainer = SimpleNamespace(
        vllm_importance_sampling_mode=mode,
        vllm_importance_sampling_clip_min=config.importance_min,
        vllm_importance_sampling_clip_max=config.importance_max,
    )
    theirs = own_lines(
        GRPOTrainer,
        "per_token_logps_diff = (old",
        "# Compute the per-token log probabilities for the reference",
        self=trainer,
        mask=batch.mask_BT.double(),
        old_per_token_logps=batch.old_logprobs_BT,
        sampling_per_token_logps=sampler,
    )["vllm_importance_sampling_ratio"].expand(batch.mask_BT.shape)
    ours = importance_weights(batch.old_logprobs_BT, sampler, batch.mask_BT, config)
    torch.testing.assert_close(ours[batch.mask_BT], theirs[batch.mask_BT], rtol=1e-9, atol=0)
    assert len({round(w, 6) for w in ours[batch.mask_BT].tolist()}) > 2


@pytest.mark.parametrize("name", ROWS)
def test_the_entropy_bonus(name: Any) -> None:
    assert_same(ObjectiveConfig(name=name, beta=0.1, entropy_bonus=0.05), a_batch())


@pytest.mark.parametrize("name", ROWS)
def test_responses_that_were_truncated(name: Any) -> None:
    """TRL takes them out of the mask and nothing else; one prompt keeps none of its responses."""
    truncated_B = torch.tensor([False, True, False, True, True, True, False, False, True])
    batch = replace(a_batch(), truncated_B=truncated_B).without_truncated()
    assert batch.loss_mask_BT.sum() == 3 + 1 + 2 + 9
    assert_same(ObjectiveConfig(name=name, beta=0.1, mask_truncated=True), batch)


def with_a_tool() -> Batch:
    """Every third token is a tool's, and so is one response as a whole."""
    batch = a_batch()
    ours_BT = torch.arange(batch.mask_BT.shape[1]) % 3 != 1
    others_B1 = torch.arange(len(batch))[:, None] != 4
    return replace(batch, loss_mask_BT=batch.mask_BT & ours_BT & others_B1)


@pytest.mark.parametrize("mode", ["none", *SAMPLED])
@pytest.mark.parametrize("name", ROWS)
def test_what_a_tool_wrote(name: Any, mode: Any) -> None:
    """TRL knows it by a mask of its own."""
    limits = SAMPLED.get(mode, {})
    config, batch = ObjectiveConfig(name=name, beta=0.1, entropy_bonus=0.05, **limits), with_a_tool()
    assert batch.loss_mask_BT.sum() < batch.mask_BT.sum() - 9
    if mode != "none":
        sampler = now(batch, 0.3, seed=9).detach()
        weights_BT = importance_weights(batch.old_logprobs_BT, sampler, batch.loss_mask_BT, config)
        batch = replace(batch, importance_BT=weights_BT)
    assert_same(config, batch)


def test_rloo() -> None:
    """TRL's other trainer: old log-probabilities of whole responses."""
    for seed in (0, 7):
        batch = a_batch(seed)
        logprobs = now(batch, 0.1)
        trainer = trl_trainer(RLOOTrainer, epsilon_low=0.2, epsilon_high=0.2)
        trainer._get_per_token_logps_and_entropies = lambda *_, lp=logprobs, **__: (lp, torch.zeros_like(lp), None)
        old_logps = torch.where(batch.mask_BT, batch.old_logprobs_BT, 0.0).sum(-1)
        theirs = trainer._compute_loss(None, {**trl_inputs(batch), "old_logps": old_logps})
        ours = our_loss(logprobs, logprobs, batch, ObjectiveConfig(name="rloo"))
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)
        gradients = [torch.autograd.grad(loss, logprobs)[0] for loss in (ours, theirs)]
        torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-10)
        assert gradients[0].abs().max() > 1e-3


PARTS: list[list[dict[str, float | None]]] = [
    [{"a": 1.0, "b": 0.2}, {"a": 0.0, "b": 0.3}, {"a": 0.0, "b": None}, {"a": 1.0, "b": -1.0}],
    [{"a": 0.5, "b": 0.0}, {"a": None, "b": None}, {"a": 2.0, "b": 0.25}, {"a": -1.0, "b": 0.5}],
]
WEIGHTS = {"a": 1.0, "b": 0.5}


def some_groups() -> list[Group]:
    def reward(parts: dict[str, float | None]) -> Reward:
        given = [WEIGHTS[name] * value for name, value in parts.items() if value is not None]
        return Reward(sum(given) if given else None, parts, WEIGHTS)

    outputs = tuple(rollout([7, 8], [-1.0, -0.5]) for _ in range(4))
    return [Group(prompt(str(i)), outputs, tuple(map(reward, row))) for i, row in enumerate(PARTS)]


def trl_names(**settings: Any) -> dict[str, Any]:
    """The names that TRL's lines about advantages read."""
    values = [[math.nan if v is None else v for v in parts.values()] for row in PARTS for parts in row]
    rewards_per_func = torch.tensor(values, dtype=torch.float64)
    return {
        "self": SimpleNamespace(
            reward_weights=torch.tensor([1.0, 0.5], dtype=torch.float64), reward_funcs=["a", "b"], **settings
        ),
        "device": "cpu",
        "num_generations": 4,
        "rewards_per_func": rewards_per_func,
        "unscorable_mask": rewards_per_func.isnan().all(dim=1),
    }


@pytest.mark.parametrize(
    ("choices", "settings"),
    [
        ({}, {"scale_rewards": "group"}),
        ({"scale": "batch_std"}, {"scale_rewards": "batch"}),
        ({"scale": "none"}, {"scale_rewards": "none"}),
        ({"combine": "normalise_then_sum"}, {"multi_objective_aggregation": "normalize_then_sum"}),
    ],
)
def test_advantages_of_several_rewards(choices: dict[str, Any], settings: dict[str, Any]) -> None:
    names = trl_names(**{"multi_objective_aggregation": "sum_then_normalize", **settings})
    lines = own_lines(GRPOTrainer, "if self.multi_objective_aggregation ==", "# Slice to keep", **names)
    ours = advantages(some_groups(), ObjectiveConfig(**choices))
    assert [a for row in ours for a in row] == pytest.approx(lines["advantages"].tolist(), rel=1e-6, abs=1e-9)


def test_advantages_of_rloo_with_the_kl_in_the_reward() -> None:
    groups, config = some_groups(), ObjectiveConfig(name="rloo", beta=0.1)
    reference_BT = -1 - torch.rand(8, 2, generator=torch.Generator().manual_seed(0))
    old_BT = torch.tensor([[-1.0, -0.5]] * 8)
    names = trl_names(normalize_advantages=False, beta=0.1, reward_clip_range=None)
    kl_B = (old_BT - reference_BT).sum(-1).double()
    names |= {"rewards": (names["rewards_per_func"] * names["self"].reward_weights).nansum(dim=1) - 0.1 * kl_B}
    names["rewards"][names["unscorable_mask"]] = math.nan
    names |= {"std_rewards": torch.zeros(8), "grouped_rewards": names["rewards"].view(-1, 4)}
    theirs = own_lines(RLOOTrainer, "scorable_counts =", "# Slice to keep", **names)["advantages"]
    experience = SimpleNamespace(collect=lambda step: Collected(tuple(groups)))
    reference = SimpleNamespace(logprobs=lambda batch: reference_BT)
    ours = advantages(KlReward(experience, reference, config).collect(0).groups, config)
    assert [a for row in ours for a in row] == pytest.approx(theirs.tolist(), rel=1e-6, abs=1e-9)


def trl_gradient(model: Any, batch: Batch, config: ObjectiveConfig) -> list[Tensor]:
    """The gradient of TRL's loss in the weights, through TRL's own forward: prompts padded on the left."""
    width = max(map(len, batch.prompts))
    prompt_ids, prompt_mask = (torch.zeros(len(batch), width, dtype=torch.long) for _ in range(2))
    for row, group in enumerate(batch.group_B.tolist()):
        tokens = batch.prompts[group]
        prompt_ids[row, width - len(tokens) :] = tokens
        prompt_mask[row, width - len(tokens) :] = 1
    add_fused_lm_head(model, temperature=1.0, outputs=("log_probs", "entropy"))
    mask = batch.mask_BT.long()
    inputs = {**trl_inputs(batch), "prompt_ids": prompt_ids, "prompt_mask": prompt_mask, "completion_mask": mask}
    loss = trl_trainer(GRPOTrainer, **trl_settings(config))._compute_loss(model, inputs)
    return [*torch.autograd.grad(loss, [*model.parameters()])]


def our_gradient(forward: Callable[..., Any], model: Any, batch: Batch, config: ObjectiveConfig) -> list[Tensor]:
    scores = forward(model, batch, 1.0)
    logprobs, entropies = scores if isinstance(scores, tuple) else (scores, scores)
    return [*torch.autograd.grad(our_loss(logprobs, entropies, batch, config), [*model.parameters()])]


def cosine(a: list[Tensor], b: list[Tensor]) -> float:
    """Of the angle between two gradients, all weights together."""
    flat = [torch.cat([x.flatten().double() for x in gradient]) for gradient in (a, b)]
    return torch.nn.functional.cosine_similarity(*flat, dim=0).item()


@pytest.mark.parametrize("name", ["grpo", "dapo", "gspo", "cispo"])
def test_the_first_steps_gradient_on_the_same_tokens_and_rewards(name: Any) -> None:
    """The whole learner, packed against padded, and both losses: in the weights of a model."""
    rewards = [[1.0, 0.0, 0.5], [0.0, 0.0, 1.0], [2.0, -1.0, 0.0]]
    config = ObjectiveConfig(name=name)
    model = tiny.tiny_model()
    batch = ragged_batch([4, 2, 6], LENGTHS, vocabulary=len(tiny.VOCABULARY))
    groups = [Group(prompt("q"), (rollout([7]),) * 3, tuple(map(Reward, row))) for row in rewards]
    estimates = torch.tensor([a for row in advantages(groups, config) for a in row])
    with torch.no_grad():
        batch = replace(batch, advantage_B=estimates, old_logprobs_BT=padded(model, batch, 1.0))
    ours = our_gradient(shared_prefix, model, batch, config)
    theirs = trl_gradient(tiny.tiny_model(), batch, config)
    norms = [math.sqrt(sum(float(x.square().sum()) for x in gradient)) for gradient in (ours, theirs)]
    assert cosine(ours, theirs) >= 0.9999
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    assert norms[0] > 0.01


def test_the_gradient_with_an_entropy_bonus() -> None:
    """Entropies too go through TRL's own head, from which it takes their gradient."""
    config = ObjectiveConfig(entropy_bonus=1.0)
    batch = ragged_batch([4, 2, 6], LENGTHS, vocabulary=len(tiny.VOCABULARY))
    ours = our_gradient(shared_prefix_with_entropies, tiny.tiny_model(), batch, config)
    theirs = trl_gradient(tiny.tiny_model(), batch, config)
    without = our_gradient(shared_prefix, tiny.tiny_model(), batch, ObjectiveConfig())
    assert cosine(ours, theirs) >= 0.9999
    assert cosine(ours, without) < 0.999
