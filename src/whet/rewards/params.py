"""The parameters of a reward that has many: read strictly, and refused in one line."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from whet.config import Section
from whet.errors import UserError, did_you_mean

Params = TypeVar("Params", bound=Section)


def read_params(kind: type[Params], reward: str, given: Mapping[str, Any]) -> Params:
    """`rewards.params` as a `kind`, nothing converted: `"8"` is no number.

    Raises:
        UserError: the first parameter that is unknown, missing, of another type or out of range.
    """
    try:
        return kind.model_validate(dict(given), strict=True)
    except ValidationError as error:
        raise UserError(_explain(error.errors(include_url=False)[0], kind, reward)) from None


def _explain(detail: ErrorDetails, kind: type[Section], reward: str) -> str:
    name = str(detail["loc"][0])
    field = kind.model_fields.get(name)
    if field is None:
        takes = f"it takes {', '.join(kind.model_fields)}{did_you_mean(name, kind.model_fields)}"
        return f"rewards.params of {reward!r} has {name!r}: {takes}"
    if detail["type"] == "missing":
        return f"rewards.params of {reward!r} lacks {name!r}: {field.description}"
    where = f"rewards.params.{name} of {reward!r}"
    if detail["type"] == "value_error":
        return f"{where} {detail['msg'].removeprefix('Value error, ')}"
    must = detail["msg"].removeprefix("Input should be ")
    return f"{where} is {detail['input']!r}: it must be {must}. {field.description}".rstrip(".")
