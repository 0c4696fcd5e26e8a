"""Low-rank adapters."""

import os
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from plainly import logits, trained
from whet.config import LoraConfig
from whet.errors import UserError
from whet.models.lora import add_lora, linear_names

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


CHATTY = """
import logging, sys, tiny
from whet.config import LoraConfig
from whet.models.lora import add_lora
from whet.models.weights import merged_weights

class Finder:
    '''Stands in for a CPU with bfloat16 instructions, on which bitsandbytes says this as it is imported.'''

    def find_spec(self, name, path=None, target=None):
        if name == "bitsandbytes":
            print("imported", flush=True)
            logging.getLogger("bitsandbytes.backends.cpu.ops").warning("Failed to load CPU gemm_4bit_forward")

sys.meta_path.insert(0, Finder())
if "bare" in sys.argv:
    import peft.tuners.lora
else:
    dict(merged_weights(tiny.tiny_model()))
    print("merged", flush=True)
    add_lora(tiny.tiny_model(), LoraConfig(rank=2))
"""


def said_while(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", CHATTY, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment)


def test_what_bitsandbytes_says_as_peft_imports_it_stays_out_of_the_view() -> None:
    """Merging a model without adapters imports neither of the two."""
    said = said_while()
    assert said.stdout.split() == ["merged", "imported"]
    assert said.stderr == ""


def test_without_that_it_would_be_heard() -> None:
    assert "Failed to load" in said_while("bare").stderr
