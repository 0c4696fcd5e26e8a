"""Exports the adapters of a run as peft has them, and loads them onto their base."""

import shutil
from pathlib import Path
from typing import Any

from whet.compute.checkpoint import step_folder
from whet.config import Config
from whet.errors import UserError
from whet.export.subject import Subject, refuse_without_run
from whet.models import load_model
from whet.models.quiet import quiet
from whet.stages.run_model import write_adapter
from whet.text import Log, silent


def write_adapters(subject: Subject, path: Path, log: Log = silent) -> None:
    """Writes the adapters of a run, or of one of its checkpoints, to the new folder `path`.

    Raises `UserError` where it was trained without, or keeps none of its end.
    """
    address = refuse_without_run(subject)
    run = address.reader
    if address.step is not None:
        write_adapter(run, step_folder(run.checkpoints, address.step), path, log)
    elif run.adapter:
        shutil.copytree(run.adapter, path)
    else:
        fix = f"name a checkpoint, {address.path}:step-N, or leave --adapter out"
        raise UserError(f"--adapter: {address} keeps no adapters, as an earlier version of Whet made it; {fix}")


def load_adapters(path: Path, config: Config, log: Log = silent) -> Any:
    """Loads the recipe's base model in float32, and with peft the adapters in `path` onto it."""
    import torch

    base = load_model(config.model.name, torch.float32, log).model
    with quiet():
        from peft import PeftModel

        return PeftModel.from_pretrained(base, str(path)).eval()
