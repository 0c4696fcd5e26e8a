"""What transformers' own reader makes of a GGUF file."""

from pathlib import Path
from typing import Any

import pytest
import torch

from export.models_to_export import save
from whet.export.gguf_file import write_gguf
from whet.export.gguf_reading import load_gguf
from whet.export.hf_folder import load_folder
from whet.export.model_files import settings_of
from whet.export.weight_types import TYPES

LLAMA_3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(60).reshape(2, 30)).logits


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("llama", {}),
        ("llama", {"tie_word_embeddings": False, "head_dim": 16}),
        ("llama", {"rope_parameters": {**LLAMA_3, "rope_theta": 5e4, "original_max_position_embeddings": 64}}),
        ("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 123456.0}}),
        ("qwen2", {}),
        ("qwen3", {"tie_word_embeddings": False}),
        ("gemma3", {}),
    ],
)
def test_in_float32_it_is_the_same_model(family: str, changes: dict[str, Any], tmp_path: Path) -> None:
    folder = save(tmp_path, family, **changes)
    write_gguf(folder, folder / "a.gguf", TYPES["f32"], "a model")
    found = logits(load_gguf(folder / "a.gguf", settings_of(folder)))
    bound = 1e-5 if family == "gemma3" else 0  # 1 is added to the scales of norms, and taken off again
    torch.testing.assert_close(found, logits(load_folder(folder)), atol=bound, rtol=bound)


def test_a_rotary_base_that_the_file_does_not_state_would_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save(tmp_path, rope_parameters={"rope_type": "default", "rope_theta": 77.0})
    monkeypatch.setattr("whet.export.gguf_file._add_rope", lambda *_: None)
    write_gguf(folder, folder / "a.gguf", TYPES["f32"], "a model")
    found = logits(load_gguf(folder / "a.gguf", settings_of(folder)))
    assert (found - logits(load_folder(folder))).abs().max() > 1e-3
