"""Validates the parameters (`params`) of a reward or a data source."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from whet.config.fields import keys_of, missing, must_be
from whet.config.section import Section
from whet.errors import UserError, did_you_mean

Params = TypeVar("Params", bound=Section)


def read_parameters(section: type[Params], given: Mapping[str, Any], field: str, owner: str) -> Params:
    """Parses `params` strictly as a section: `"8"` is no number.

    Args:
        section: the schema of the reward's or source's parameters.
        given: the recipe's values.
        field: their key in the recipe, such as `rewards.0.params`.
        owner: the name of the reward or source.

    Raises:
        UserError: the first parameter that is unknown, missing, of another type or out of range; such as
            `rewards.0.params.size: is 0; it must be a whole number (at least 1)`.
    """
    try:
        return section.model_validate(dict(given), strict=True)
    except ValidationError as error:
        # a misspelt name first: the parameter that it stands for is missing as well
        first = min(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
        path, problem = _explain(first, section, given, owner)
        raise UserError(f"{'.'.join((field, *path))}: {problem}") from None


def _explain(
    detail: ErrorDetails, section: type[Section], given: Mapping[str, Any], owner: str
) -> tuple[tuple[str, ...], str]:
    """The path of an invalid parameter and the error text."""
    keys = {key.key: key for key in keys_of(section)}
    loc, sort = detail["loc"], detail["type"]
    if sort == "value_error":
        return tuple(map(str, loc)), detail["msg"].removeprefix("Value error, ")
    name = str(loc[0])
    key = keys.get(name)
    if key is None:
        return (name,), f"unknown key; {owner} takes {', '.join(keys) or 'none'}{did_you_mean(name, keys)}"
    if sort == "missing":
        return (name,), missing(key)
    inside = given[name]
    places = inside if isinstance(inside, dict) else range(len(inside)) if isinstance(inside, list) else ()
    if len(loc) == 1 or loc[1] not in places:  # then it names a member of a union
        return (name,), must_be(detail["input"], key)
    path = (name, str(loc[1]))
    if loc[-1] == "[key]":
        return path, f"unknown key; it takes {', '.join(key.choices)}{did_you_mean(str(loc[1]), key.choices)}"
    if isinstance(inside, dict):
        return path, f"is {detail['input']!r}; {detail['msg'].replace('Input should', 'it must')}"
    return path, must_be(detail["input"], key)
