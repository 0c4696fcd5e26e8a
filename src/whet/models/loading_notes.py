"""What transformers found when it loaded weights: lacking ones, ones of other shapes, ones that nothing uses."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.text import Log


def check_notes(path: Path, model: Any, notes: Mapping[str, Any], log: Log) -> None:
    """Raises `UserError` where the files lack weights of `model`, or have them in other shapes.

    `notes` are those of `from_pretrained(…, output_loading_info=True, ignore_mismatched_sizes=True)`. Weights in the
    files that the model does not use are said to `log`: a configuration that describes less than the files hold makes
    another model of them.
    """
    missing, unused = sorted(notes["missing_keys"]), sorted(notes["unexpected_keys"])
    for name, held, wanted in sorted(notes["mismatched_keys"]):
        what = f"{name} has the shape {list(held)} in its files and {list(wanted)} by its config.json"
        raise UserError(f"model.name: {path} is refused: {what}; download or save it again")
    if missing:
        what, fix = _of(missing), _fix_missing(model, unused)
        raise UserError(f"model.name: {path} lacks {what}; {fix}")
    if unused:
        log(f"model.name: the model uses none of {_of(unused)}, which {path} holds; see that its config.json is right")


def _of(weights: Sequence[str]) -> str:
    """Returns the number of weights in words, with the first of them.

    >>> _of(["a"]), _of(["a", "b"])
    ('1 weight, such as a', '2 weights, such as a')
    """
    return f"{len(weights)} weight{'' if len(weights) == 1 else 's'}, such as {weights[0]}"


def _fix_missing(model: Any, unused: Sequence[str]) -> str:
    """What to do about a folder without some of the weights: one saved as another class than `model` has no head."""
    saved_as = next(iter(model.config.architectures or ()), type(model).__name__)
    if saved_as != type(model).__name__:
        return f"it was saved as {saved_as}, without the head that predicts tokens: name a {type(model).__name__}"
    if unused:
        return f"its files call them otherwise, such as {unused[0]}: save the model without what wraps it"
    return "download or save it again"
