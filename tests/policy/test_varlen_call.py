"""Torch's varlen attention under its three signatures, against a loop in float64."""

import inspect

import pytest
import torch
from torch.nn.attention import varlen as torchs

import varlen_reference
from varlen_reference import CALLS, SIGNATURES, attention_by_loop
from whet.policy import varlen_call
from whet.policy.varlen_call import flash_works, has_windows, varlen, varlen_function

STARTS = torch.tensor([0, 3, 4], dtype=torch.int32), torch.tensor([0, 5, 9], dtype=torch.int32)


@pytest.fixture(params=SIGNATURES)
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(torchs, "varlen_attn", SIGNATURES[request.param])
    CALLS.clear()
    return str(request.param)


def some(rows: int, heads: int) -> torch.Tensor:
    return torch.randn(rows, heads, 8, generator=torch.Generator().manual_seed(rows + heads), dtype=torch.float64)


@pytest.mark.parametrize("scale", [8**-0.5, 0.3])
def test_every_signature_gives_causal_attention_at_the_scale(version: str, scale: float) -> None:
    query, key, value = some(4, 6), some(9, 2), some(9, 2) + 1
    ours = varlen(query, key, value, starts=STARTS, longest=(3, 5), scale=scale, window=None)
    torch.testing.assert_close(ours, attention_by_loop(query, key, value, *STARTS, scale, -1))
    assert len(CALLS) == 1


def test_a_window_counts_the_querys_own_key(version: str) -> None:
    query, key, value = some(4, 2), some(9, 2), some(9, 2) + 1
    if version == "2.10":
        with pytest.raises(ValueError, match="no sliding window"):
            varlen(query, key, value, starts=STARTS, longest=(3, 5), scale=1.0, window=2)
        assert not has_windows()
        return
    assert has_windows()
    alone = varlen(query, key, value, starts=STARTS, longest=(3, 5), scale=1.0, window=1)
    torch.testing.assert_close(alone, torch.cat([value[2:5], value[8:9]]))  # each sees its own key only
    assert CALLS[0]["window_size"] == (0, 0)


def test_grouped_heads_are_announced_where_they_must_be(version: str) -> None:
    varlen(some(4, 6), some(9, 2), some(9, 2), starts=STARTS, longest=(3, 5), scale=1.0, window=None)
    expected = {
        "2.10": {"is_causal": True},
        "2.11": {"scale": 1.0, "window_size": (-1, 0)},
        "2.12": {"scale": 1.0, "window_size": (-1, 0), "enable_gqa": True},
    }
    assert [expected[version]] == CALLS


def test_the_torch_that_is_installed_has_one_of_the_three() -> None:
    real = list(inspect.signature(varlen_function()).parameters)
    known = [list(inspect.signature(one).parameters) for one in SIGNATURES.values()]
    assert any(real[: len(names)] == names for names in known)


def test_a_device_without_the_kernels_is_told_by_trying(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert not flash_works(torch.device("cpu"), torch.bfloat16, 64)  # torch has none for CPUs
    assert "flash attention does not run here" in caplog.text
    monkeypatch.setattr(torchs, "varlen_attn", varlen_reference.torch_2_12)
    with torch.no_grad():  # as when the reference asks first
        assert flash_works(torch.device("cpu"), torch.float64, 64)
    with torch.inference_mode():
        assert flash_works(torch.device("cpu"), torch.float64, 64)
    monkeypatch.setattr(varlen_call, "varlen_function", lambda: (_ for _ in ()).throw(ImportError()))
    assert not flash_works(torch.device("cpu"), torch.float64, 64)
