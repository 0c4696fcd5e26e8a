"""Low-rank adapters."""

import logging
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from forked import Forked
from plainly import logits, trained
from whet.config import LoraConfig
from whet.errors import UserError
from whet.models.lora import add_lora, linear_names
from whet.models.weights import merged_weights

LLAMA = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]


def changes_nothing(model: Any) -> bool:
    """Every B is zero, so the model computes what its base does."""
    return not any(weight.any() for name, weight in model.named_parameters() if "lora_B." in name)


def test_fresh_adapters_change_nothing_and_alone_are_trained() -> None:
    model = add_lora(tiny.tiny_model(), LoraConfig(rank=4))
    torch.testing.assert_close(logits(model), logits(tiny.tiny_model()))
    learning = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert learning
    assert all("lora_" in name for name in learning)


def test_adapters_that_have_learned_change_something() -> None:
    assert changes_nothing(add_lora(tiny.tiny_model(), LoraConfig(rank=4)))
    assert not changes_nothing(trained())
    assert changes_nothing(tiny.tiny_model()), "there are none"


@pytest.mark.parametrize(("targets", "layers"), [("all-linear", 14), (["q_proj", "v_proj"], 4)])
def test_adapters_are_where_they_were_asked_for(targets: Any, layers: int) -> None:
    model = add_lora(tiny.tiny_model(), LoraConfig(rank=2, targets=targets))
    shapes = [weight.shape for name, weight in model.named_parameters() if "lora_A" in name]
    assert len(shapes) == layers
    assert {shape[0] for shape in shapes} == {2}


def test_an_unknown_target_lists_the_layers_there_are() -> None:
    with pytest.raises(UserError, match=r"model\.lora\.targets.*'query'.*q_proj.*all-linear"):
        add_lora(tiny.tiny_model(), LoraConfig(targets=["q_proj", "query"]))


@pytest.mark.parametrize("tied", [True, False])
def test_linear_names_leave_the_head_out(tied: bool) -> None:
    assert linear_names(tiny.tiny_model(tie_word_embeddings=tied)) == LLAMA


def test_adapters_are_a_function_of_the_seed_alone() -> None:
    def draw(seed: int) -> Tensor:
        torch.rand(seed + 3)
        adapters = add_lora(tiny.tiny_model(), LoraConfig(rank=4), seed).named_parameters()
        return torch.cat([weight.detach().flatten() for name, weight in adapters if "lora_" in name])

    before = torch.random.get_rng_state()
    add_lora(tiny.tiny_model(), LoraConfig(rank=4), 1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_with_adapters_off_the_base_is_back_and_learning_goes_on() -> None:
    model = trained()
    expected = logits(model)
    with model.disable_adapter():
        torch.testing.assert_close(logits(model), logits(tiny.tiny_model()), atol=0, rtol=0)
    torch.testing.assert_close(logits(model), expected, atol=0, rtol=0)
    assert any(weight.requires_grad for weight in model.parameters())


class Chatty:
    """Stands in for a CPU with bfloat16 instructions, on which bitsandbytes says this as it is imported.

    Its operators can be registered only once in a process: modules that are there are handed out again.
    """

    def __init__(self, there: Mapping[str, ModuleType]) -> None:
        self.there = there

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name == "bitsandbytes":
            print("imported", flush=True)
            logging.getLogger("bitsandbytes.backends.cpu.ops").warning("Failed to load CPU gemm_4bit_forward")
        return spec_from_loader(name, self) if name in self.there else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.there[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        pass


def said_while(work: Callable[[], Any], folder: Path) -> tuple[str, str]:
    """What is printed while `work` is done where neither peft nor bitsandbytes has been imported."""

    def anew() -> None:
        there = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(("peft", "bitsandbytes"))}
        bnb = {name: module for name, module in there.items() if name.startswith("bitsandbytes")}
        sys.meta_path.insert(0, Chatty(bnb))  # type: ignore[arg-type]
        work()

    process = Forked(anew, folder)
    assert process.wait(60) == 0, process.communicate()
    return process.communicate()


def test_what_bitsandbytes_says_as_peft_imports_it_stays_out_of_the_view(tmp_path: Path) -> None:
    """Merging a model without adapters imports neither of the two."""

    def merge_and_adapt() -> None:
        dict(merged_weights(tiny.tiny_model()))
        print("merged", flush=True)
        add_lora(tiny.tiny_model(), LoraConfig(rank=2))

    out, error = said_while(merge_and_adapt, tmp_path)
    assert out.split() == ["merged", "imported"]
    assert error == ""


def test_without_that_it_would_be_heard(tmp_path: Path) -> None:
    assert "Failed to load" in said_while(lambda: import_module("peft.tuners.lora"), tmp_path)[1]
