"""How large vLLM is made, what it is told, and that the process is left as it was."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
from plainly import with_lora
from stand_in_vllm import installed
from whet.config import VllmConfig
from whet.errors import UserError
from whet.rollout import vllm_start
from whet.rollout.vllm_start import BLOCK, EngineSize, start_vllm

EACH = 2 * 2 * 2 * 8 * 4
"""Bytes of a token's keys and values in the tiny Llama: both, layers, heads, head size, float32."""


@pytest.mark.parametrize(
    ("settings", "free", "size"),
    [
        ({}, 10**12, (128, 512, 128 * 512 * EACH)),  # longest + 4096 exceeds the model's 512 tokens of context
        ({"rows": 4, "context": 100}, 10**12, (4, 100, 4 * 100 * EACH)),
        ({"rows": 4}, 4 * 2000 * EACH, (4, 512, 2000 * EACH)),  # a quarter of what is free
        ({"rows": 4}, 1000, (4, 512, (512 + BLOCK) * EACH)),  # at least a whole row
        ({"cache_gb": 0.5}, 1000, (128, 512, 500_000_000)),
    ],
)
def test_its_size_by_hand(settings: dict[str, Any], free: int, size: tuple[int, int, int]) -> None:
    found = EngineSize.of(tiny.tiny_model(), VllmConfig(**settings), 24, free)
    assert (found.rows, found.context, found.cache_bytes) == size


def test_a_cache_that_does_not_hold_one_row_is_refused() -> None:
    """(512 + 32) tokens of 256 bytes are 139 kB."""
    said = "rollout.vllm.cache_gb: is 0.0001, but keys and values of 512 tokens, rollout.vllm.context, take 0.001; "
    with pytest.raises(UserError, match=f"^{said}raise it, or lower the context$"):
        EngineSize.of(tiny.tiny_model(), VllmConfig(cache_gb=0.0001), 24, 10**12)
    assert EngineSize.of(tiny.tiny_model(), VllmConfig(cache_gb=0.001), 24, 10**12).cache_bytes == 10**6


def test_more_rows_than_tokens_of_context_have_a_token_each(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    told = start_vllm(tiny.tiny_model(), EngineSize(3000, 64, 10**6), is_compiled=False, is_shared=False).arguments
    assert told["max_num_batched_tokens"] == 3000


def test_a_long_context_is_not_all_provided_for() -> None:
    model = tiny.tiny_model(max_position_embeddings=131072)
    found = EngineSize.of(model, VllmConfig(rows=2), 300, 10**12)
    assert (found.context, found.cache_bytes) == (4396, max(2 * 812, 4396 + BLOCK) * EACH)


def start(model: Any, **how: Any) -> Any:
    return start_vllm(model, EngineSize(4, 64, 10**6), **{"is_compiled": False, "is_shared": False, **how})


def test_it_samples_what_it_is_asked_for_and_nothing_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    told = start(tiny.tiny_model()).arguments
    wanted = {
        "logprobs_mode": "processed_logprobs",
        "generation_config": "vllm",
        "load_format": "dummy",
        "dtype": "float32",
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": 2048,
        "max_model_len": 64,
        "max_num_seqs": 4,
        "kv_cache_memory_bytes": 10**6,
    }
    assert wanted.items() <= told.items()
    assert not {"enable_sleep_mode", "distributed_executor_backend"}.intersection(told)
    vllm_start._RUNNING.clear()
    several = start(tiny.tiny_model(dtype=torch.bfloat16), is_compiled=True, is_shared=True).arguments
    assert (several["dtype"], several["enforce_eager"]) == ("bfloat16", False)
    assert several["distributed_executor_backend"] == "external_launcher"


def test_it_is_told_the_plain_models_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without adapters and quantisation: the weights that come are merged and dequantised."""
    seen: list[dict[str, Any]] = []
    here = installed(monkeypatch)

    def noted(self: Any, folder: str, **arguments: Any) -> None:
        seen.append(json.loads((Path(folder) / "config.json").read_text("utf-8")))

    monkeypatch.setattr(here, "__init__", noted)
    model = with_lora()
    model.get_base_model().config.quantization_config = {"quant_method": "bitsandbytes"}
    start(model)
    assert seen[0]["architectures"] == ["LlamaForCausalLM"]
    assert "quantization_config" not in seen[0]
    assert model.get_base_model().config.quantization_config, "the learner's own stays as it is"


def test_one_engine_lives_in_a_process_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run of a program ends the engine of the first; where processes share it, their group would end too."""
    installed(monkeypatch)
    first, second = start(tiny.tiny_model()), start(tiny.tiny_model())
    assert (first.calls, second.calls) == (["shutdown"], [])
    with pytest.raises(UserError, match="vLLM starts once in processes that share a run"):
        start(tiny.tiny_model(), is_shared=True)
    assert second.calls == []


def test_the_process_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM changes variables that child processes and ranks read, and takes `torch.set_num_threads` away."""
    installed(monkeypatch)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    monkeypatch.setenv("VLLM_NO_USAGE_STATS", "0")
    monkeypatch.delenv("VLLM_NO_USAGE_STATS")
    threads, set_threads = torch.get_num_threads(), torch.set_num_threads
    made = start(tiny.tiny_model())
    assert torch.set_num_threads is set_threads
    assert torch.get_num_threads() == threads
    assert os.environ["LOCAL_WORLD_SIZE"] == "2"
    assert "LD_PRELOAD" not in os.environ
    assert made.started_with["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0", "in this process"
    assert made.started_with["VLLM_NO_USAGE_STATS"] == "1", "nothing is told to anybody"
    assert made.started_with["VLLM_LOGGING_LEVEL"] == "DEBUG", "the user's own wish stays"


def test_a_start_that_fails_leaves_it_as_it_was_too(monkeypatch: pytest.MonkeyPatch) -> None:
    here = installed(monkeypatch)
    monkeypatch.setattr(here, "fails", ValueError("no room"))
    before = dict(os.environ)
    with pytest.raises(ValueError, match="no room"):
        start(tiny.tiny_model())
    assert {name for name in os.environ.keys() ^ before.keys() if not name.startswith("VLLM_")} == set()
