"""The likeliest tokens of a row, against transformers' own forward."""

from typing import Any

import pytest
import torch

from whet.rollout.likeliest import Likeliest


@pytest.mark.parametrize(("temperature", "divided_by"), [(0.0, 1.0), (0.5, 0.5)])
def test_the_likeliest_tokens(tiny_model: Any, temperature: float, divided_by: float) -> None:
    likeliest = Likeliest(tiny_model, [5, 6, 7], 3, temperature, longest=4)
    tokens = [5, 6, 7]
    for token in (9, 10, 11):
        with torch.no_grad():
            logprobs = (tiny_model(torch.tensor([tokens])).logits[0, -1] / divided_by).log_softmax(-1)
        best = logprobs.topk(3)
        found = likeliest.before(token)
        assert [id for id, _ in found] == best.indices.tolist()
        assert [value for _, value in found] == pytest.approx(best.values.tolist(), abs=1e-5)
        tokens.append(token)
