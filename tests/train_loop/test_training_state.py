"""What a checkpoint holds of a training, and that it comes back."""

from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
from whet.compute.checkpoint import load_checkpoint
from whet.compute.optimizer import MasterAdamW
from whet.config import OptimizerConfig
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.policy.reference import FollowingReference
from whet.train_loop.training_state import TrainingState


class Keeper:
    """Stands for an optimizer, a reference or a curriculum: holds what it is given back."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def state_dict(self) -> Any:
        return self.held

    def load_state_dict(self, state: Any) -> None:
        self.held = state


def save(state: TrainingState, folder: Path, step: int) -> None:
    """Writes a checkpoint while nobody waits for its tensors."""
    state.taken(step)(folder, lambda: None)


def keepers(optimizer: Any, reference: Any, memory: Any) -> Any:
    return Keeper(optimizer), Keeper(reference), {"pass_rates": Keeper(memory)}


def test_everything_comes_back(tmp_path: Path) -> None:
    save(TrainingState(*keepers({"a": torch.ones(2)}, {"b": torch.zeros(1)}, {"p1": [0.5, 4]})), tmp_path / "step-7", 7)
    assert load_checkpoint(tmp_path / "step-7").state == {"step": 7, "memories": {"pass_rates": {"p1": [0.5, 4]}}}
    optimizer, reference, memories = keepers(None, None, None)
    TrainingState(optimizer, reference, memories).load(tmp_path / "step-7")
    assert torch.equal(optimizer.held["a"], torch.ones(2))
    assert torch.equal(reference.held["b"], torch.zeros(1))
    assert memories["pass_rates"].held == {"p1": [0.5, 4]}


def test_a_reference_that_holds_nothing_takes_no_file(tmp_path: Path) -> None:
    save(TrainingState(*keepers({"a": torch.ones(2)}, {}, None)), tmp_path / "step-1", 1)
    assert not (tmp_path / "step-1" / "reference.safetensors").exists()
    optimizer, reference, memories = keepers(None, None, None)
    TrainingState(optimizer, reference, memories).load(tmp_path / "step-1")
    assert reference.held == {}


@pytest.mark.parametrize("changes", [{"hidden_size": 64}, {"num_hidden_layers": 3}])
def test_a_checkpoint_of_another_model_is_refused_with_what_to_do(changes: dict[str, int], tmp_path: Path) -> None:
    def state(model: torch.nn.Module) -> TrainingState:
        return TrainingState(MasterAdamW(list(model.parameters()), OptimizerConfig(), 2), Keeper({}), {})

    save(state(tiny.tiny_model()), tmp_path / "step-2", 2)
    config = tiny.tiny_model().config.__class__(**{**tiny.tiny_model().config.to_dict(), **changes})
    other = state(tiny.tiny_model().__class__(config))
    with pytest.raises(UserError, match="the checkpoint step-2 does not fit the weights that are trained") as error:
        other.load(tmp_path / "step-2")
    assert "put back the recipe and the model" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_error_of_the_machine_stays_what_it_is(tmp_path: Path) -> None:
    class Broken(Keeper):
        def load_state_dict(self, state: Any) -> None:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    save(TrainingState(*keepers({"a": torch.ones(2)}, {}, None)), tmp_path / "step-1", 1)
    with pytest.raises(RuntimeError, match="out of memory"):
        TrainingState(Broken(None), Keeper(None), {}).load(tmp_path / "step-1")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux says which files a process holds")
def test_nothing_of_the_files_is_held(tmp_path: Path) -> None:
    """Tensors that lie in a checkpoint's file keep its room on the disk taken after it is deleted."""
    policy = LanguageModel(tiny.tiny_model(dtype=torch.bfloat16), tiny.tiny_tokenizer())
    optimizer = MasterAdamW(policy.trainable(), OptimizerConfig(), 2)
    optimizer.backward(sum(weight.sum() for weight in policy.trainable()))  # type: ignore[arg-type]
    optimizer.step(0)
    state = TrainingState(optimizer, FollowingReference(policy, 100, every=1, mix=0.5), {})
    save(state, tmp_path / "step-1", 1)
    state.load(tmp_path / "step-1")
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
    held = load_checkpoint(tmp_path / "step-1")
    assert str(tmp_path) in Path("/proc/self/maps").read_text()
    del held
