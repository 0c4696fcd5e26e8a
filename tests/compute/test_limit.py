"""The limit by hand: equal lengths by the formulas, actual lengths position by position."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from plainly import with_lora
from whet.compute.limit import Lengths, Limit, Machine, Shape

CPU = Machine(flops=415e9, bandwidth=32e9)
H200 = Machine(flops=788e12, bandwidth=4.3e12)

SMOLLM = Shape(106_203_456, 49_152 * 576, layers=30, heads=9, kv_heads=3, head_size=64, bytes_per_weight=2)
QWEN = Shape(357_897_088, 151_936 * 896, layers=24, heads=14, kv_heads=2, head_size=64, bytes_per_weight=2)


def equal(prompts: int, group: int, prompt: int, response: int) -> list[Lengths]:
    return [Lengths(prompt, (response,) * group)] * prompts


def parts(limit: Limit, groups: list[Lengths]) -> tuple[float, float, float, float]:
    return limit.prefill(groups), limit.decode(groups), limit.learn(groups), limit.optimizer()


def by_formula(s: Shape, m: Machine, Q: int, G: int, P: int, C: int) -> tuple[float, float, float, float]:
    """The model of equal lengths, as it is written down."""
    Nb, Nv, N, W, B = s.body, s.head, s.body + s.head, s.bytes_per_weight, Q * G
    kappa = 2 * s.layers * s.kv_heads * s.head_size * W
    a = 4 * s.layers * s.heads * s.head_size
    prefill = max((2 * Nb * Q * P + a * Q * P**2 / 2 + 2 * Nv * Q) / m.flops, W * N / m.bandwidth)
    decode = C * max(W * N / m.bandwidth, 2 * N * B / m.flops)
    decode += max(kappa * (Q * P * C + B * C**2 / 2) / m.bandwidth, a * B * (P * C + C**2 / 2) / m.flops)
    attention = 3 * a * (B * (P * C + C**2 / 2) + Q * P**2 / 2)
    learn = (6 * Nb * Q * (P + G * C) + 6 * Nv * B * C + attention) / m.flops
    return prefill, decode, learn, 28 * N / m.bandwidth


def test_a_small_model_on_a_cpu_by_hand() -> None:
    """SmolLM2-135M, one prompt of 100 tokens, 8 responses of 200, 415 GFLOP/s, 32 GB/s."""
    prefill, decode, learn, optimizer = parts(Limit(SMOLLM, CPU), equal(1, 8, 100, 200))
    # N = 134.5 M: 269 MB are read in 8.4 ms, more than 8 rows compute; κ = 23,040 bytes, 180,000 tokens read
    assert decode == pytest.approx(200 * 0.008407 + 0.1296, rel=1e-3)
    # 6 · 106.2 M · 1,700 + 6 · 28.3 M · 1,600 + 3 · 69,120 · 325,000 = 1.4225e12
    assert learn == pytest.approx(1.4225e12 / 415e9, rel=1e-3)
    # 2 · 106.2 M · 100 + 69,120 · 5,000 + 2 · 28.3 M = 2.1643e10
    assert prefill == pytest.approx(2.1643e10 / 415e9, rel=1e-3)
    assert optimizer == pytest.approx(28 * 134.515e6 / 32e9, rel=1e-3)
    assert (round(decode, 1), round(learn, 1)) == (1.8, 3.4)
    assert round(prefill + decode + learn + optimizer, 1) == 5.4


@pytest.mark.parametrize(
    ("prompts", "group", "decode", "learn", "whole"), [(8, 8, 50, 51, 105), (32, 16, 159, 400, 565)]
)
def test_a_large_gpu(prompts: int, group: int, decode: float, learn: float, whole: float) -> None:
    """Qwen2.5-0.5B on an H200: milliseconds of the published table, to its last digit."""
    found = parts(Limit(QWEN, H200), equal(prompts, group, 100, 200))
    assert 1e3 * found[1] == pytest.approx(decode, abs=0.8)
    assert 1e3 * found[2] == pytest.approx(learn, abs=0.8)
    assert 1e3 * sum(found) == pytest.approx(whole, abs=1.5)


@given(*[st.integers(1, 40)] * 2, *[st.integers(1, 4000)] * 2, st.sampled_from([CPU, H200]))
def test_equal_lengths_give_the_formulas(Q: int, G: int, P: int, C: int, machine: Machine) -> None:
    for shape in (SMOLLM, QWEN):
        found = parts(Limit(shape, machine), equal(Q, G, P, C))
        assert found == pytest.approx(by_formula(shape, machine, Q, G, P, C), rel=1e-12)


GROUPS = st.lists(
    st.builds(Lengths, st.integers(1, 300), st.lists(st.integers(1, 60), min_size=1, max_size=30).map(tuple)),
    min_size=1,
    max_size=5,
)


@given(GROUPS)
def test_only_rows_under_way_are_decoded(groups: list[Lengths]) -> None:
    """Position by position; the cache, whose tokens come one by one, is an integral."""
    limit = Limit(SMOLLM, CPU)
    n = SMOLLM.body + SMOLLM.head
    products, moved, computed = 0.0, 0.0, 0.0
    for t in range(60):
        alive = sum(length > t for group in groups for length in group.responses)
        products += max(2 * n / 32e9, 2 * n * alive / 415e9) if alive else 0.0
        for group in groups:
            under_way = sum(length > t for length in group.responses)
            moved += 23_040 * ((group.prompt if under_way else 0) + under_way * (t + 0.5)) / 32e9
            computed += 69_120 * under_way * (group.prompt + t + 0.5) / 415e9
    assert limit.decode(groups) == pytest.approx(products + max(moved, computed), rel=1e-9)


@given(GROUPS)
def test_groups_are_learned_one_by_one(groups: list[Lengths]) -> None:
    """Nothing in the learner depends on which groups stand together."""
    limit = Limit(SMOLLM, CPU)
    assert limit.learn(groups) == pytest.approx(sum(limit.learn([group]) for group in groups))
    for group in groups:
        tokens = group.prompt + sum(group.responses)
        pairs = sum(group.prompt * c + c * c / 2 for c in group.responses) + group.prompt**2 / 2
        flops = 6 * (106_203_456 * tokens + 28_311_552 * sum(group.responses)) + 3 * 69_120 * pairs
        assert limit.learn([group]) == pytest.approx(flops / 415e9)
        assert limit.reference([group]) == pytest.approx(flops / 3 / 415e9)


def test_a_prompt_is_paid_for_once() -> None:
    limit = Limit(SMOLLM, CPU)
    shared, apart = [Lengths(500, (10,) * 8)], [Lengths(500, (10,))] * 8
    assert limit.prefill(apart) == pytest.approx(8 * limit.prefill(shared))
    assert limit.learn(apart) > 5 * limit.learn(shared)


def test_what_prompts_begin_with_is_prefilled_once() -> None:
    """400 tokens in common of prompts of 500, 450 and 600: 400 + 100 + 50 + 200 are computed."""
    groups = [Lengths(500, (10,)), Lengths(450, (10, 20)), Lengths(600, ())]
    pairs = (500**2 + 450**2 + 600**2 - 2 * 400**2) / 2
    flops = 2 * 106_203_456 * 750 + 69_120 * pairs + 2 * 28_311_552 * 3
    assert Limit(SMOLLM, CPU, common=400).prefill(groups) == pytest.approx(flops / 415e9)
    shorter = [Lengths(500, ()), Lengths(300, ())]
    assert Limit(SMOLLM, CPU, common=400).prefill(shorter) == Limit(SMOLLM, CPU, common=300).prefill(shorter)
    assert Limit(SMOLLM, CPU, common=400).prefill([]) == Limit(SMOLLM, CPU).prefill([])


def test_little_work_waits_for_the_weights() -> None:
    limit = Limit(SMOLLM, CPU)
    assert limit.prefill([Lengths(1, (1,))]) == pytest.approx(2 * 134_515_008 / 32e9)


def test_adapters_spare_the_gradient_of_the_weights() -> None:
    whole = Limit(replace(SMOLLM, heads=0), CPU)
    adapters = Limit(replace(SMOLLM, heads=0, trained=0.01), CPU)
    groups = equal(2, 4, 10, 20)
    assert adapters.learn(groups) == pytest.approx(whole.learn(groups) * 4.02 / 6)
    assert adapters.optimizer() == pytest.approx(whole.optimizer() / 100)
    assert adapters.decode(groups) == whole.decode(groups)


BODIES = {
    # layers · (queries + keys and values + output + 3 of the MLP + norms) + the last norm
    "llama": 2 * (32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 64 + 2 * 32) + 32,
    # and biases of queries, keys and values
    "qwen2": 2 * (32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 64 + 2 * 32 + 32 + 2 * 16) + 32,
    # heads of 16, and norms on queries and keys
    "qwen3": 2 * (32 * 64 + 2 * 32 * 32 + 32 * 64 + 3 * 32 * 64 + 2 * 32 + 2 * 16) + 32,
    # and four norms
    "gemma3": 2 * (32 * 64 + 2 * 32 * 32 + 32 * 64 + 3 * 32 * 64 + 4 * 32 + 2 * 16) + 32,
    "gemma2": 2 * (32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 64 + 4 * 32) + 32,
    # norms on all queries and all keys of a layer, and after its parts
    "olmo2": 2 * (32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 64 + 2 * 32 + 32 + 16) + 32,
}
BODIES |= {"olmo3": BODIES["olmo2"]} | dict.fromkeys(("mistral", "phi3", "smollm3", "granite"), BODIES["llama"])


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_shape_of_a_model(family: str, tied: bool) -> None:
    shape = Shape.of(tiny.tiny_model(family, tie_word_embeddings=tied))
    size = 16 if family in ("qwen3", "gemma3") else 8
    assert shape == Shape(BODIES[family], len(tiny.VOCABULARY) * 32, 2, 4, 2, size, bytes_per_weight=4)


def test_the_shape_with_adapters() -> None:
    adapted: Any = with_lora(rank=3)
    shape = Shape.of(adapted)
    plain = Shape.of(tiny.tiny_model())
    # rank · (in + out) of the seven linear layers, twice
    adapters = 2 * 3 * (64 + 48 + 48 + 64 + 96 + 96 + 96)
    assert shape.trained == pytest.approx(adapters / (plain.body + plain.head))
    assert replace(shape, trained=1.0) == plain


def test_two_bytes_per_weight_in_bfloat16() -> None:
    import torch

    assert Shape.of(tiny.tiny_model(dtype=torch.bfloat16)).bytes_per_weight == 2


def test_what_the_shape_says_by_hand() -> None:
    assert (SMOLLM.weights, SMOLLM.cache_bytes, SMOLLM.pair_flops) == (134_515_008, 23_040, 69_120)
    assert QWEN.cache_bytes == 12_288
