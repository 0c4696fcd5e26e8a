"""Both ways of running the learner against transformers' plain forward, one unpadded row at a time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from batches import ragged_batch
from plainly import LENGTHS, row_by_row, with_lora
from whet.models.supported import is_fused
from whet.policy.attention import ATTENTIONS
from whet.policy.forward import FORWARDS, WITH_ENTROPIES, Forward, padded, shared_prefix
from whet.sft.examples import Example, one_group


@pytest.fixture
def exact_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers' RMS norms, and the softmax of its eager attention, round to float32 always; these do not."""
    monkeypatch.setattr(torch.nn.functional, "softmax", lambda x, dim, dtype=None: x.softmax(dim))

    def normed(x: Tensor, epsilon: float) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon)

    for family in tiny.FAMILIES:
        kind = type(tiny.tiny_model(family).model.norm)
        offset, epsilon = (1, "eps") if family.startswith("gemma") else (0, "variance_epsilon")

        def exact(self: Any, x: Tensor, offset: int = offset, epsilon: str = epsilon) -> Tensor:
            return (offset + self.weight) * normed(x, getattr(self, epsilon))

        monkeypatch.setattr(kind, "forward", exact)


def gradients(model: Any, logprobs_BT: Tensor) -> dict[str, Tensor]:
    """Of a sum with unequal weights; every weight that learns must get one."""
    weights_BT = torch.linspace(-1, 2, logprobs_BT.numel(), dtype=logprobs_BT.dtype).view_as(logprobs_BT)
    named = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    found = torch.autograd.grad((logprobs_BT * weights_BT).sum(), list(named.values()))
    return dict(zip(named, found, strict=True))


@pytest.mark.usefixtures("exact_float64")
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("forward", [shared_prefix, padded])
def test_value_and_gradient_are_those_of_single_rows(forward: Any, family: str, temperature: float) -> None:
    model = tiny.tiny_model(family, dtype=torch.float64)
    batch = ragged_batch(*LENGTHS)
    ours, expected = forward(model, batch, temperature), row_by_row(model, batch, temperature)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-9)
    mine, true = gradients(model, ours), gradients(model, expected)
    torch.testing.assert_close(mine, true, rtol=1e-9, atol=1e-9)
    assert all(gradient.abs().max() > 0 for gradient in mine.values())


@pytest.mark.usefixtures("exact_float64")
@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize(
    ("family", "changes"),
    [("gemma3", {}), ("gemma2", {}), ("qwen2", {"use_sliding_window": True, "max_window_layers": 1})],
    ids=["gemma3", "gemma2", "qwen2"],
)
def test_a_window_shorter_than_prompts_and_responses(family: str, changes: dict[str, Any], window: int) -> None:
    model = tiny.tiny_model(family, dtype=torch.float64, sliding_window=window, **changes)
    batch = ragged_batch(*LENGTHS)
    ours, expected = shared_prefix(model, batch, 1.0), row_by_row(model, batch, 1.0)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(gradients(model, ours), gradients(model, expected), rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("exact_float64")
@pytest.mark.parametrize("missing", ["attn_logit_softcapping", "final_logit_softcapping"])
def test_either_soft_cap_alone(missing: str) -> None:
    model, batch = tiny.tiny_model("gemma2", dtype=torch.float64, **{missing: None}), ragged_batch(*LENGTHS)
    ours, expected = shared_prefix(model, batch, 0.8), row_by_row(model, batch, 0.8)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(gradients(model, ours), gradients(model, expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("forward", [shared_prefix, padded])
@pytest.mark.parametrize(
    "changes",
    [{"tie_word_embeddings": False}, {"num_key_value_heads": 4}, {"attention_bias": True, "mlp_bias": True}],
    ids=str,
)
def test_what_a_configuration_may_change(forward: Any, changes: dict[str, Any]) -> None:
    model = tiny.tiny_model("llama", **changes)
    batch = ragged_batch(*LENGTHS)
    ours, expected = forward(model, batch, 1.0), row_by_row(model, batch, 1.0)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(gradients(model, ours), gradients(model, expected), rtol=1e-3, atol=1e-3)


@pytest.mark.usefixtures("exact_float64")
@pytest.mark.parametrize("forward", [shared_prefix, padded])
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_adapters_learn(forward: Any, family: str) -> None:
    model = with_lora(family).double()
    batch = ragged_batch(*LENGTHS)
    ours, expected = forward(model, batch, 1.0), row_by_row(model, batch, 1.0)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-9)
    mine = gradients(model, ours)
    torch.testing.assert_close(mine, gradients(model, expected), rtol=1e-8, atol=1e-8)
    assert all("lora" in name for name in mine)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_chosen_way_is_exact_for_every_family(family: str) -> None:
    model = tiny.tiny_model(family)
    batch = ragged_batch([20, 3], [[8, 25], [30]])  # past the sliding window
    ours = FORWARDS[is_fused(model)](model, batch, 1.0)
    torch.testing.assert_close(ours, row_by_row(model, batch, 1.0), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("family", "changes", "expected"),
    [
        ("llama", {}, shared_prefix),
        ("qwen2", {}, shared_prefix),
        ("qwen3", {}, shared_prefix),
        ("gemma3", {}, shared_prefix),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1}, shared_prefix),
        ("gemma3", {"attn_logit_softcapping": 50.0}, padded),
        ("gemma2", {}, shared_prefix),
    ],
)
def test_a_family_that_is_not_known_to_be_exact_is_padded(family: str, changes: dict[str, Any], expected: Any) -> None:
    model = tiny.tiny_model(family, **changes)
    assert FORWARDS[is_fused(model)] is expected
    assert FORWARDS[is_fused(with_lora(family, **changes))] is expected


@pytest.mark.parametrize("forward", [shared_prefix, padded])
def test_padding_is_zero_and_has_no_gradient(forward: Any) -> None:
    model, batch = tiny.tiny_model(), ragged_batch(*LENGTHS)
    logprobs_BT = forward(model, batch, 1.0)
    assert logprobs_BT.shape == batch.tokens_BT.shape
    assert (logprobs_BT[~batch.mask_BT] == 0).all()
    assert (logprobs_BT[batch.mask_BT] < 0).all()
    whole = torch.autograd.grad(logprobs_BT.sum(), model.model.norm.weight, retain_graph=True)[0]
    real = torch.autograd.grad(logprobs_BT[batch.mask_BT].sum(), model.model.norm.weight)[0]
    torch.testing.assert_close(whole, real)


@pytest.mark.parametrize("family", ["llama", "gemma2"])
@pytest.mark.parametrize("forward", [shared_prefix, padded])
def test_bfloat16_gives_float32_logprobs(forward: Any, family: str) -> None:
    model, batch = tiny.tiny_model(family, dtype=torch.bfloat16), ragged_batch(*LENGTHS)
    logprobs_BT = forward(model, batch, 1.0)
    assert logprobs_BT.dtype == torch.float32
    exact = tiny.tiny_model(family)
    exact.load_state_dict({name: tensor.float() for name, tensor in model.state_dict().items()})
    truth = row_by_row(exact, batch, 1.0)
    error, usual = (logprobs_BT - truth).norm(), (row_by_row(model, batch, 1.0) - truth).norm()
    assert error <= 2 * usual


def attention_of(model: Any) -> set[str]:
    """The implementation each attention layer would use now."""
    return {layer.self_attn.config._attn_implementation for layer in model.model.layers}


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_the_models_own_attention_is_back_afterwards(implementation: str) -> None:
    model = tiny.tiny_model()
    model.set_attn_implementation(implementation)
    tokens = torch.tensor([[5, 6, 7]])
    before = model(tokens).logits
    shared_prefix(model, ragged_batch(*LENGTHS), 1.0)
    assert attention_of(model) == {implementation}
    assert torch.equal(model(tokens).logits, before)


def test_the_models_own_attention_is_back_after_an_exception() -> None:
    model = tiny.tiny_model()
    before = attention_of(model)
    batch = ragged_batch([2], [[2]], vocabulary=100)
    batch.tokens_BT[0, 0] = 5000  # not in the vocabulary
    with pytest.raises(IndexError):
        shared_prefix(model, batch, 1.0)
    assert attention_of(model) == before


@pytest.mark.usefixtures("exact_float64")
def test_the_backward_pass_may_come_later() -> None:
    """The layers have their own attention back by then; gradients must not depend on it."""
    model, batch = tiny.tiny_model(dtype=torch.float64), ragged_batch(*LENGTHS)
    logprobs_BT = shared_prefix(model, batch, 1.0)
    model(torch.tensor([[5, 6, 7]]))
    torch.testing.assert_close(
        gradients(model, logprobs_BT), gradients(model, row_by_row(model, batch, 1.0)), rtol=1e-8, atol=1e-8
    )


@pytest.fixture
def rows_through_the_body(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Tokens that each call of the packed attention handles."""
    seen: list[int] = []
    grid = ATTENTIONS["grid"]

    def watched(query: Tensor, *others: Any) -> Tensor:
        seen.append(query.shape[1])
        return grid.attend(query, *others)

    monkeypatch.setitem(ATTENTIONS, "grid", grid._replace(attend=watched))  # type: ignore[misc]
    return iter([seen])


def test_a_prompt_goes_through_the_model_once(rows_through_the_body: Iterator[list[int]]) -> None:
    seen = next(rows_through_the_body)
    shared_prefix(tiny.tiny_model(), ragged_batch(*LENGTHS), 1.0)
    assert seen == [sum(LENGTHS[0]) + sum(map(sum, LENGTHS[1]))] * 2  # two layers


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_entropies_either_way(family: str, temperature: float, exact_float64: None) -> None:
    """Both ways say the log-probabilities they say alone, and −Σ p log p of the model's own logits."""
    model = tiny.tiny_model(family, dtype=torch.float64)
    batch = ragged_batch([4, 2], [[3, 1], [5]], vocabulary=len(tiny.VOCABULARY))
    expected_BT = torch.zeros(batch.mask_BT.shape, dtype=torch.float64)
    for row, group in enumerate(batch.group_B.tolist()):
        length = int(batch.lengths_B[row])
        tokens = torch.cat([batch.prompts[group], batch.tokens_BT[row, :length]])
        logits = model(tokens[None]).logits[0, len(batch.prompts[group]) - 1 : -1]
        log_p = (logits / temperature).log_softmax(-1)
        expected_BT[row, :length] = -(log_p.exp() * log_p).sum(-1)
    for fused, both in WITH_ENTROPIES.items():
        logprobs_BT, entropies_BT = both(model, batch, temperature)
        torch.testing.assert_close(entropies_BT, expected_BT, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(logprobs_BT, FORWARDS[fused](model, batch, temperature), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("forward", FORWARDS.values())
def test_a_response_without_tokens_changes_nothing_for_its_siblings(forward: Forward) -> None:
    model = tiny.tiny_model(dtype=torch.float64)
    batch = ragged_batch([4, 2], [[3, 2, 1], [5, 4]], vocabulary=len(tiny.VOCABULARY))
    real_B1 = torch.tensor([True, False, True, False, True])[:, None]
    masked = replace(batch, mask_BT=batch.mask_BT & real_B1, loss_mask_BT=batch.loss_mask_BT & real_B1)
    some = masked.select([0, 1])
    ours, whole = forward(model, some, 1.0), forward(model, batch, 1.0)[:, : some.mask_BT.shape[1]]
    torch.testing.assert_close(ours, torch.where(some.mask_BT, whole, 0.0), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("forward", FORWARDS.values())
def test_only_tokens_that_count_are_scored(forward: Forward) -> None:
    """Tokens of a tool, or of a question in a warm start, stand between them: read, and zero in the result."""
    model = tiny.tiny_model(dtype=torch.float64)
    batch = ragged_batch([4, 2], [[6, 2, 5], [5, 4]], vocabulary=len(tiny.VOCABULARY))
    holes_BT = torch.arange(batch.mask_BT.shape[1]) % 3 != 0  # the first token of each completion is one of them
    some = replace(batch, loss_mask_BT=batch.mask_BT & holes_BT)
    ours, whole = forward(model, some, 1.0), torch.where(some.loss_mask_BT, forward(model, batch, 1.0), 0.0)
    torch.testing.assert_close(ours, whole, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(gradients(model, ours), gradients(model, whole), rtol=1e-7, atol=1e-9)


def test_the_head_runs_on_the_tokens_that_count_alone() -> None:
    """A warm start's head: two tokens in common, questions of three and one more, answers of two and four."""
    model, rows = tiny.tiny_model(dtype=torch.float64), list[int]()
    batch = one_group([Example((5, 6, 7, 8, 9), (3, 4)), Example((5, 6, 9), (8, 7, 6, 5))])
    model.get_output_embeddings().register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
    shared_prefix(model, batch, 1.0)
    assert rows == [6]
    assert int(batch.lengths_B.sum()) == 10


def test_completions_without_a_prompt_in_common() -> None:
    """As a warm start packs them: an empty prompt, and whole rows as completions; the first token counts nowhere."""
    model, batch = tiny.tiny_model(dtype=torch.float64), ragged_batch([0], [[5, 3, 4]], vocabulary=len(tiny.VOCABULARY))
    ours = shared_prefix(model, batch, 1.0)[:, 1:]
    rows = []
    for row, length in enumerate(batch.lengths_B.tolist()):
        logits = model(batch.tokens_BT[row : row + 1, :length], use_cache=False).logits[0, :-1]
        found = logits.log_softmax(-1)[torch.arange(length - 1), batch.tokens_BT[row, 1:length]]
        rows.append(torch.nn.functional.pad(found, (0, ours.shape[1] - len(found))))
    expected = torch.stack(rows)
    torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(gradients(model, ours), gradients(model, expected), rtol=1e-7, atol=1e-9)
