"""How large a model is by its configuration alone: built without memory, and held against the weights there are.

transformers makes room for every weight that a configuration speaks of, and fills what the files do not have with
random numbers. A configuration that speaks of far more than the files hold would fill the machine.
"""

from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.models.headers import contents_of
from whet.models.quiet import quiet
from whet.models.refusals import weight_files

TIMES = 2
"""A model may be so many times as large as its files: what is less absurd is refused for the weights that it lacks."""

SLACK = 2**24
"""Numbers that a model may make up besides, such as tables of positions."""


def refuse_absurd(folder: Path, kind: str = "AutoModelForCausalLM") -> None:
    """Raises `UserError` where the configuration speaks of far more weights than the files hold.

    `kind` names the class of transformers that will load the folder. A configuration that it does not take is left
    to the loading itself to refuse.
    """
    wanted = numbers_of(folder, kind)
    held = contents_of(weight_files(folder)).numbers
    if wanted > TIMES * held + SLACK:
        what = f"config.json speaks of {wanted} weights, and its files hold {held}"
        raise UserError(f"model.name: {folder} is refused: {what}; name another model")


def numbers_of(folder: Path, kind: str) -> int:
    """How many numbers the model of a configuration has, in weights and buffers; 0 where it cannot be built."""
    import torch
    import transformers

    auto: Any = getattr(transformers, kind)
    try:
        with quiet(), torch.device("meta"):
            config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
            model = auto.from_config(config, trust_remote_code=False)
    except Exception:  # transformers refuses in many types
        return 0
    return sum(tensor.numel() for tensor in (*model.parameters(), *model.buffers()))
