"""The model of a run, of one of its checkpoints, or of neither: what eval, chat, compare and push are asked for."""

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.compute.checkpoint import STATE, checkpoints, step_folder, step_of, what_is_wrong
from whet.errors import UserError
from whet.models import packaged
from whet.recipe import load_recipe
from whet.runs import layout
from whet.runs.address import Address, locate
from whet.runs.reader import RunReader
from whet.text import Log, shell_quoted, silent

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

OPTIMIZER = "optimizer.safetensors"
"""In a checkpoint: the float32 weights, `master.0` and so on, beside AdamW's moments."""


def run_address(what: str | PathLike[str]) -> Address | None:
    """Returns the run or part of a run that `what` names; None where it is a model's name.

    A packaged model's own name always means that model, so that it means the same everywhere.
    """
    name = fspath(what)
    model = packaged.find(name)
    return None if model and model.name == name else locate(name)


def model_of(address: Address, log: Log = silent) -> str:
    """Returns the model of a run for `model.name`: its finished one, that of `step-N`, or the base it began with.

    That of a checkpoint is written to `models/step-N` in the run folder, once.

    Raises:
        UserError: training has not ended, or there is no such checkpoint; it says which there are.
    """
    run = address.reader
    if address.step is not None:
        return str(_of_checkpoint(run, address.step, log))
    if address.part == layout.BASE:
        return load_recipe(run.path / layout.RECIPE).model.name
    if address.part not in ("", layout.FINAL):
        raise UserError(f"{address}: is no model of this run; {_choices(run)}")
    if run.final is None:
        raise UserError(f"{run.path}: has no finished model, as its training did not end; {_choices(run)}")
    return str(run.final)


def _choices(run: RunReader) -> str:
    """What to do in place of naming a model that is not there."""
    steps = sorted(step for folder in checkpoints(run.checkpoints) if (step := step_of(folder)) is not None)
    named = ", ".join(f"{run.path}:step-{step}" for step in steps)
    whole = (
        f"name the run itself, {run.path}" if run.final else f"`whet resume {shell_quoted(run.path)}` goes on with it"
    )
    either = f"name a checkpoint: {named}" if steps else "" if run.final else "it has no checkpoint yet"
    return ", or ".join(filter(None, (whole, either)))


def _of_checkpoint(run: RunReader, step: int, log: Log) -> Path:
    folder = run.path / layout.MODELS / f"step-{step}"
    if folder.is_dir():
        return folder
    checkpoint = step_folder(run.checkpoints, step)
    _refuse_absent(checkpoint, run)
    if fault := what_is_wrong(checkpoint):
        _refuse_absent(checkpoint, run)
        raise UserError(f"{run.path}:step-{step}: the checkpoint is broken ({fault}); {_choices(run)}")
    log(f"writing the model of {checkpoint.name} to {folder}")
    try:
        folder.parent.mkdir(exist_ok=True)
        write_model(run, checkpoint, folder, log)
    except UserError:
        raise
    except Exception as error:  # what torch raises of a file that is removed while it is read is no OSError
        if folder.is_dir():  # by another command, meanwhile
            return folder
        _refuse_absent(checkpoint, run)
        if not isinstance(error, OSError):
            raise
        raise UserError(f"{folder}: cannot be written ({error.strerror}); make room, or make it writable") from error
    return folder


def _refuse_absent(checkpoint: Path, run: RunReader) -> None:
    """Raises `UserError` for a checkpoint that is not there: a run that goes on removes its old ones at any time."""
    if not checkpoint.is_dir():
        raise UserError(f"{run.path}:{checkpoint.name}: there is no such checkpoint; {_choices(run)}")


def write_model(run: RunReader, checkpoint: Path, folder: Path, log: Log = silent) -> None:
    """Writes the model of a checkpoint to `folder` as `final/` is written, adapters merged. The run is only read."""
    from whet.stages.save_final import save_final

    save_final(policy_of(run, checkpoint, log), folder, load_recipe(run.path / layout.RECIPE).model.template)


def write_adapter(run: RunReader, checkpoint: Path, folder: Path, log: Log = silent) -> None:
    """Writes the adapters of a checkpoint to `folder`, as peft has them."""
    from whet.stages.save_adapter import save_adapter

    save_adapter(policy_of(run, checkpoint, log), folder, load_recipe(run.path / layout.RECIPE).model.name)


def policy_of(run: RunReader, checkpoint: Path, log: Log = silent) -> "LanguageModel":
    """Loads the policy of a checkpoint, with its adapters where it has some.

    Raises `UserError` where the checkpoint is of another model than the recipe's.
    """
    from safetensors import safe_open
    from torch import no_grad

    from whet.build.policy import build_policy

    policy = build_policy(load_recipe(run.path / layout.RECIPE), log)
    weights = policy.trainable()
    file: Any
    with no_grad(), safe_open(checkpoint / OPTIMIZER, framework="pt") as file:
        shapes = [tuple(file.get_slice(f"master.{index}").get_shape()) for index in range(len(weights))]
        if shapes != [tuple(weight.shape) for weight in weights]:
            raise UserError(f"{checkpoint / STATE}: is of another model than model.name; put that model back")
        for index, weight in enumerate(weights):
            weight.copy_(file.get_tensor(f"master.{index}"))
    return policy
