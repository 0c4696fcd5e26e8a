"""Saves and restores the training state: all that the next step depends on besides the recipe.

Random numbers, the problems of a step and the learning rate are functions of the seed and of the step, so they are not
saved. The weights are the optimizer's float32 masters; those of the layers are rounded from them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from whet.compute.checkpoint import load_checkpoint, save_checkpoint
from whet.errors import UserError
from whet.protocols import Stateful
from whet.text import first_line

Write = Callable[[Path, Callable[[], object]], None]
"""Writes a checkpoint to a folder, and calls back once its tensors may change."""


@dataclass(frozen=True)
class TrainingState:
    """Optimizer, reference and other stateful parts of a stage."""

    optimizer: Stateful
    reference: Stateful
    memories: Mapping[str, Stateful]
    """Other parts with state from earlier steps, by name; their state is JSON."""

    def taken(self, step: int) -> "Write":
        """Returns a function that writes the checkpoint after `step` steps, perhaps later and in another thread.

        Memories, which the next step's grading changes, are copied here; tensors are read by the function, and must not
        change before it calls its second argument. Raises `ValueError` where a memory holds NaN or infinity; the
        function raises as `save_checkpoint` does.
        """
        tensors = {"optimizer": self.optimizer.state_dict(), "reference": self.reference.state_dict()}
        memories = {name: memory.state_dict() for name, memory in self.memories.items()}
        state = json.loads(json.dumps({"step": step, "memories": memories}, allow_nan=False))
        held = {name: members for name, members in tensors.items() if members}
        return lambda folder, copied: save_checkpoint(folder, held, state, copied)

    def load(self, folder: Path) -> None:
        """Restores a state that was `taken` and written, and keeps nothing of it. Raises as `load_checkpoint` does.

        Raises `UserError` where the checkpoint is of another model, or of a recipe that trains other weights.
        """
        saved = load_checkpoint(folder)  # its tensors are the files: while they last, no disk gets the room back
        try:
            self.optimizer.load_state_dict(saved.tensors["optimizer"])
            self.reference.load_state_dict(saved.tensors.get("reference", {}))
        except (ValueError, KeyError) as error:
            what = f"the checkpoint {folder.name} does not fit the weights that are trained ({first_line(error)})"
            fix = "put back the recipe and the model that the run began with, or begin a new run"
            raise UserError(f"resume: {what}; {fix}") from error
        for name, memory in self.memories.items():
            memory.load_state_dict(saved.state["memories"][name])
