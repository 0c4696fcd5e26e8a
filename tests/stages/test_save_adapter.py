"""The adapters of a policy as peft has them."""

import json
from pathlib import Path

import torch
from peft import PeftModel

import plainly
import tiny
from whet.policy.language_model import LanguageModel
from whet.stages.save_adapter import has_adapters, save_adapter


def test_peft_loads_them_onto_the_base(tmp_path: Path) -> None:
    model = plainly.with_lora("llama")
    policy = LanguageModel(model, tiny.tiny_tokenizer())
    assert has_adapters(policy)
    assert not has_adapters(LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer()))
    save_adapter(policy, tmp_path / "out", "SmolLM2-135M-Instruct")
    loaded = PeftModel.from_pretrained(tiny.tiny_model(), str(tmp_path / "out")).eval()
    tokens = torch.arange(20)[None]
    with torch.no_grad():
        torch.testing.assert_close(loaded(tokens).logits, model(tokens).logits, rtol=0, atol=0)
        assert not torch.allclose(loaded(tokens).logits, tiny.tiny_model()(tokens).logits, atol=0.1)
    settings = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert settings["target_modules"] == sorted(settings["target_modules"])
    assert not (tmp_path / "out" / "README.md").exists()


def test_the_same_adapters_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_adapter(LanguageModel(plainly.with_lora("llama"), tiny.tiny_tokenizer()), tmp_path / name, "./base")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "tokenizer.json" in names
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)
