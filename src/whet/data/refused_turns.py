"""Leaves out conversations that the model's chat template refuses, such as two turns of the user in a row."""

import logging
from collections.abc import Sequence

from whet.data.endless import is_endless
from whet.data.intake import MAX_BROKEN, few
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.types import Problem

_LOG = logging.getLogger("whet.data")


def without_refused(
    problems: Sequence[Problem], renderer: PromptRenderer, where: str, max_broken: float = MAX_BROKEN
) -> Sequence[Problem]:
    """The problems that the template renders; the others are left out, counted and logged.

    Only those with earlier turns are tried. Raises `UserError` where more than the share `max_broken` is refused.
    """
    if is_endless(problems):
        return problems
    refused = {place: reason for place, one in enumerate(problems) if one.turns and (reason := _reason(one, renderer))}
    if not refused:
        return problems
    named = few([f"{problems[place].name} {reason}" for place, reason in refused.items()])
    message = f"{len(refused)} of {len(problems)} conversations are refused: {named}"
    if len(refused) > max_broken * len(problems):
        fix = f"mend their turns, or allow more than {max_broken:.0%} with params.max_broken"
        raise UserError(f"{where}: {message}; {fix}")
    _LOG.warning("%s: left out: %s", where, message)
    return [problem for place, problem in enumerate(problems) if place not in refused]


def _reason(problem: Problem, renderer: PromptRenderer) -> str:
    try:
        renderer.render(problem)
    except UserError as error:
        return str(error).removeprefix("model.name: ").partition(";")[0]
    return ""
