"""The comparison of where masters begin, on a tiny model."""

import pytest
import torch

import tiny
from benchmarks.first_steps import BEGIN, batch, losses, solution


def the_same(count: int) -> list[dict[str, torch.Tensor]]:
    tokens = torch.randint(5, 30, (2, 12), generator=torch.Generator().manual_seed(0))
    return [{"input_ids": tokens, "labels": tokens}] * count


def test_from_the_middle_nothing_is_learned_that_the_others_learn() -> None:
    """Weights of deviation 0.02 are some 2^-13 apart in bfloat16; two steps of 1e-6 do not reach half of that."""
    found = {}
    for name, begin in BEGIN.items():
        model = tiny.tiny_model(initializer_range=0.02)
        with torch.no_grad():
            for weight in model.parameters():
                weight.copy_(weight.bfloat16())
        found[name] = losses(model, begin, the_same(3), 1e-6)
    assert all(len(row) == 3 for row in found.values())
    assert found["middle"][0] == found["spread"][0] == found["float32"][0]
    learned = {name: row[0] - row[-1] for name, row in found.items()}
    assert learned["float32"] > 0
    assert abs(learned["middle"]) < 0.5 * learned["float32"]
    assert learned["spread"] == pytest.approx(learned["float32"], rel=0.5)


def test_a_solution_by_hand() -> None:
    expected = "<think>30 + 40 = 70, 7 + 5 = 12, 37 + 45 = 82</think> <answer>82</answer>"
    assert solution(37, 45) == ("What is 37 + 45?", expected)


def test_only_solutions_have_labels() -> None:
    tokenizer = tiny.tiny_tokenizer()
    made = batch(tokenizer, 3, 0)
    learned = made["labels"] != -100
    assert torch.equal(made["labels"][learned], made["input_ids"][learned])
    assert not learned[:, 0].any()
    text = tokenizer.decode(made["input_ids"][0][learned[0]])
    assert text.startswith("<think>")
    assert text.endswith("</answer>")
    assert made["attention_mask"][learned].all()
