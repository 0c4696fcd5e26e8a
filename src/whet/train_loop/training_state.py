"""All that the next step depends on, besides the recipe: written to a checkpoint, and taken up again from one.

Random numbers, the problems of a step and the learning rate are functions of the seed and of the step, so there is
nothing of them to keep. Weights are the optimizer's: its masters, and the layers' copies are those, rounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from whet.compute.checkpoint import Checkpoint, save_checkpoint
from whet.protocols import Kept, Remembering


@dataclass(frozen=True)
class TrainingState:
    """What there is to keep of GRPO after a step."""

    optimizer: Kept
    reference: Kept
    memories: Mapping[str, Remembering]
    """What asks or grades by what it saw before, by name."""

    def save(self, folder: Path, step: int) -> None:
        """The checkpoint after `step` steps."""
        tensors = {"optimizer": self.optimizer.tensors(), "reference": self.reference.tensors()}
        memories = {name: memory.state() for name, memory in self.memories.items()}
        save_checkpoint(
            folder, {name: held for name, held in tensors.items() if held}, {"step": step, "memories": memories}
        )

    def restore(self, saved: Checkpoint) -> None:
        """Goes on from what `save` wrote."""
        self.optimizer.restore(saved.tensors["optimizer"])
        self.reference.restore(saved.tensors.get("reference", {}))
        for name, memory in self.memories.items():
            memory.restore(saved.state["memories"][name])
