"""Which attention serves which card and dtype: a row of a table, and no other."""

import pytest
import torch

import tiny
from whet.policy import attention as module
from whet.policy.attention import ATTENTIONS, Wanted, attention_name, attention_of, flash_fits, wanted_by

A100, L4, H100, T4, V100, RTX_4090, B200 = (8, 0), (8, 9), (9, 0), (7, 5), (7, 0), (8, 9), (10, 0)


def wanted(dtype: torch.dtype = torch.bfloat16, head: int = 64, window: bool = False, device: str = "cuda") -> Wanted:
    return Wanted(torch.device(device), dtype, head, window)


@pytest.mark.parametrize(
    ("asked", "capability", "fits"),
    [
        (wanted(), A100, True),
        (wanted(torch.float16), RTX_4090, True),
        (wanted(torch.float32), H100, False),
        (wanted(), T4, False),
        (wanted(torch.float16), V100, False),
        (wanted(head=256), A100, True),
        (wanted(head=256), H100, True),
        (wanted(head=256), B200, True),
        (wanted(head=256), L4, False),  # its backward needs more shared memory than that card has
        (wanted(head=192), L4, True),
        (wanted(head=100), A100, False),
        (wanted(head=512), H100, False),
    ],
)
def test_where_flash_attention_has_kernels(asked: Wanted, capability: tuple[int, int], fits: bool) -> None:
    assert flash_fits(asked, capability) == fits


@pytest.mark.parametrize("has_windows", [True, False])
def test_a_sliding_window_needs_a_torch_that_knows_it(has_windows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "has_windows", lambda: has_windows)
    assert flash_fits(wanted(window=True), H100) == has_windows
    assert flash_fits(wanted(), H100)


@pytest.mark.parametrize(("works", "name"), [(True, "varlen"), (False, "grid")])
def test_a_card_is_asked_and_tried_once(works: bool, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: A100)
    monkeypatch.setattr(module, "flash_works", lambda *given: tried.append(given) or works)
    module._flash_serves.cache_clear()
    assert [attention_name(wanted()), attention_name(wanted())] == [name, name]
    assert len(tried) == 1
    module._flash_serves.cache_clear()


def test_soft_caps_are_said_once_and_keep_their_grid(caplog: pytest.LogCaptureFixture) -> None:
    asked = wanted()._replace(has_soft_cap=True)
    module._flash_serves.cache_clear()
    assert [attention_name(asked), attention_name(asked)] == ["capped_grid"] * 2
    assert [record.getMessage() for record in caplog.records] == [module.NO_SOFT_CAP]
    module._flash_serves.cache_clear()


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_everything_else_attends_on_the_grid(device: str) -> None:
    assert attention_name(wanted(device=device)) == "grid"
    assert attention_of(tiny.tiny_model()) is ATTENTIONS["grid"]


def test_what_a_model_wants() -> None:
    assert wanted_by(tiny.tiny_model("qwen2", dtype=torch.bfloat16)) == wanted(
        head=tiny.tiny_model("qwen2").config.hidden_size // 4, device="cpu"
    )
    assert wanted_by(tiny.tiny_model("gemma3")).has_window
    assert not wanted_by(tiny.tiny_model("gemma3")).has_soft_cap
    assert wanted_by(tiny.tiny_model("gemma2")).has_soft_cap
    assert attention_of(tiny.tiny_model("gemma2")) is ATTENTIONS["capped_grid"]
