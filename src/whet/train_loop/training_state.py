"""All that the next step depends on, besides the recipe: written to a checkpoint, and taken up again from one.

Random numbers, the problems of a step and the learning rate are functions of the seed and of the step, so there is
nothing of them to keep. Weights are the optimizer's: its masters, and the layers' copies are those, rounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from whet.compute.checkpoint import Checkpoint, save_checkpoint
from whet.protocols import Stateful


@dataclass(frozen=True)
class TrainingState:
    """The state of a stage after a step."""

    optimizer: Stateful
    reference: Stateful
    memories: Mapping[str, Stateful]
    """What remembers earlier steps, by name; JSON."""

    def save(self, folder: Path, step: int) -> None:
        """The checkpoint after `step` steps."""
        tensors = {"optimizer": self.optimizer.state_dict(), "reference": self.reference.state_dict()}
        memories = {name: memory.state_dict() for name, memory in self.memories.items()}
        save_checkpoint(
            folder, {name: held for name, held in tensors.items() if held}, {"step": step, "memories": memories}
        )

    def load(self, saved: Checkpoint) -> None:
        """Goes on from what `save` wrote."""
        self.optimizer.load_state_dict(saved.tensors["optimizer"])
        self.reference.load_state_dict(saved.tensors.get("reference", {}))
        for name, memory in self.memories.items():
            memory.load_state_dict(saved.state["memories"][name])
