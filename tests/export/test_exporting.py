"""The whole way of an export: written, loaded, compared, and there only then."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

import tiny
from export.models_to_export import byte_level, save
from whet.api import train
from whet.errors import UserError
from whet.export import exporting, llama_cpp
from whet.export.bounds import ARITHMETIC, BRAIN, EXACT, HALF
from whet.export.difference import Difference
from whet.export.exporting import export
from whet.stages.run_result import RunResult
from wiring import listening, shrunk, write_rewards


@pytest.fixture(autouse=True)
def _few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer texts than a thousand for llama.cpp, to be quick."""
    monkeypatch.setattr(llama_cpp, "TEXTS", 60)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("model") / "mine", initializer_range=0.05)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run with adapters, of a model whose tokenizer llama.cpp has."""
    base = save(tmp_path_factory.mktemp("base") / "base", initializer_range=0.05)
    rewards = write_rewards(tmp_path_factory.mktemp("rewards"))
    changes = {"run.name": "mine", "sft.when": "never", "grpo.steps": 1, "run.save_every": 1}
    lora = {"model.lora": {"rank": 2, "alpha": 64}, "grpo.optimizer.learning_rate": 0.05}
    lora |= {"rewards": [f"{rewards}:digits"]}
    return train(shrunk(base, tmp_path_factory.mktemp("runs"), changes | lora), view=listening()[1])


@pytest.mark.parametrize(("name", "kind"), [("out", "hf"), ("out.zip", "zip")])
def test_a_folder_and_a_zip_file_are_the_model_to_the_last_bit(
    model: Path, tmp_path: Path, name: str, kind: str
) -> None:
    said: list[str] = []
    done = export(str(model), tmp_path / name, log=said.append)
    assert (done.name, done.kind, done.type, done.bound) == ("mine", kind, "float32", EXACT)
    assert (done.difference.logprob, done.difference.kl, done.difference.top1) == (0.0, 0.0, 1.0)
    assert done.difference.tokens > 200
    assert done.same_tokens is None
    assert done.bytes > 50_000
    assert said == [f"writing {name}", "comparing it with the model", "comparing tokens with llama.cpp's"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("kind", "bound"), [("f32", EXACT), ("f16", HALF), ("bf16", BRAIN), ("q8_0", None)])
def test_gguf_is_within_the_bound_of_its_type(model: Path, tmp_path: Path, kind: str, bound: Any) -> None:
    done = export(str(model), tmp_path / "out.gguf", type=kind)
    assert bound is None or done.bound is bound
    assert (done.difference.logprob == 0) is (kind == "f32"), "the comparison sees rounding"
    assert done.bound.holds(done.difference)
    if llama_cpp.is_installed():
        assert done.same_tokens == llama_cpp.TEXTS


def test_gemma_may_move_by_a_rounding(tmp_path: Path) -> None:
    done = export(str(save(tmp_path / "gemma", "gemma3")), tmp_path / "out.gguf", type="f32")
    assert done.bound is ARITHMETIC


@pytest.mark.parametrize("what", ["", ":step-1"])
def test_adapters_load_with_peft_onto_the_base(run: RunResult, tmp_path: Path, what: str) -> None:
    from peft import AutoPeftModelForCausalLM

    done = export(f"{run.path}{what}", tmp_path / "out", adapter=True)
    assert done.kind == "adapter"
    assert done.bound is ARITHMETIC
    settings = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (settings["r"], settings["lora_alpha"]) == (2, 64)
    alone = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    merged = AutoModelForCausalLM.from_pretrained(run.path / "final").eval()
    base = AutoModelForCausalLM.from_pretrained(settings["base_model_name_or_path"]).eval()
    tokens = torch.arange(30)[None]
    with torch.no_grad():
        wanted = merged(tokens).logits
        torch.testing.assert_close(alone(tokens).logits, wanted, atol=1e-4, rtol=1e-4)
        assert not torch.allclose(base(tokens).logits, wanted, atol=1e-3), "they did learn"


def test_otherwise_adapters_are_merged_and_the_format_comes_along(run: RunResult, tmp_path: Path) -> None:
    done = export(str(run.path), tmp_path / "out", kind="ollama")
    assert done.system_prompt in (tmp_path / "out" / "Modelfile").read_text()
    assert "<think>" in done.system_prompt
    assert done.as_dict()["difference"]["tokens"] == done.difference.tokens
    assert json.dumps(done.as_dict())


def test_what_is_past_its_bound_is_not_there(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = Difference(0.3, 0.0, 1.0, 10)
    monkeypatch.setattr(exporting, "difference", lambda *_: far)
    (tmp_path / "out.gguf").write_bytes(b"old")
    with pytest.raises(UserError, match=r"gguf \(f16\) is refused.*Export --type f32, which loses nothing"):
        export(str(model), tmp_path / "out.gguf", replace=True)
    assert (tmp_path / "out.gguf").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.gguf"]


def test_other_tokens_in_llama_cpp_are_refused(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_cpp, "is_installed", lambda: True)
    monkeypatch.setattr(llama_cpp, "same_tokens", lambda path, tokenizer, texts: len(texts) - 3)
    with pytest.raises(UserError, match=r"llama.cpp cuts 3 of 60 texts into other tokens"):
        export(str(model), tmp_path / "out.gguf")
    assert not list(tmp_path.iterdir())


def test_without_llama_cpp_it_is_said(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_cpp, "is_installed", lambda: False)
    said: list[str] = []
    assert export(str(model), tmp_path / "out.gguf", log=said.append).same_tokens is None
    assert said[-1].startswith("llama.cpp was not asked")


def test_what_is_there_stays_unless_told_otherwise(model: Path, tmp_path: Path) -> None:
    export(str(model), tmp_path / "out")
    with pytest.raises(UserError, match=r"is there already; name another place, or say --replace"):
        export(str(model), tmp_path / "out")
    (tmp_path / "out" / "old").write_text("old")
    export(str(model), tmp_path / "out", replace=True)
    assert not (tmp_path / "out" / "old").exists()


def test_a_narrow_model_loses_nothing_in_its_own_type(tmp_path: Path) -> None:
    folder = tmp_path / "narrow"
    tiny.tiny_model(dtype=torch.bfloat16, vocab_size=len(byte_level())).save_pretrained(folder)
    byte_level().save_pretrained(folder)
    done = export(str(folder), tmp_path / "out.gguf", type="bf16")
    assert done.bound is EXACT
    assert done.difference.logprob == 0.0
