"""The table of cards: current in the page, and right where it can be counted by hand."""

import pytest
import torch

from benchmarks.cards import BEGIN, CARDS, END, PAGE, least, made, plans, standing_for, table, with_table

GB = 1e9


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text("utf-8")
    assert page == with_table(page, table()), "run python -m benchmarks.cards"


def test_the_state_of_full_training_by_hand() -> None:
    """7.6 billion weights: 2 bytes in the layers, 4 of a master, 8 of two means, 4 of a gradient. No card holds it."""
    card = CARDS[-1]
    with standing_for(card):
        policy = made("Qwen2.5-7B", torch.bfloat16)
        whole, lora, qlora = plans(policy, 256)
        assert whole.state + whole.gradients == pytest.approx(18 * 7.616e9, rel=0.01)
        assert lora.state == pytest.approx(15.23e9 + 12 * 40.4e6, rel=0.02)
        assert qlora.weights < 0.4 * lora.weights
        assert least(whole, policy, card, 256) > card.usable > least(lora, policy, card, 256)


def test_a_longer_completion_takes_more() -> None:
    card = CARDS[1]
    with standing_for(card):
        policy = made("Qwen2.5-0.5B", torch.bfloat16)
        needs = [least(plans(policy, length)[0], policy, card, length) for length in (256, 4096, 16384)]
    assert needs == sorted(needs)
    # logarithms of what grows: 24 layers × 896 × 2 bytes a token at least
    assert needs[2] - needs[1] > 12288 * 24 * 896 * 2


def test_the_page_keeps_what_is_around_the_table() -> None:
    assert with_table(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"
