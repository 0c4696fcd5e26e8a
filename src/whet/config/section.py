"""The base class of a recipe's sections."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A strict, frozen pydantic model: unknown keys and non-finite numbers are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
        serialize_by_alias=True,  # a key that Python reserves, such as `from`, is the alias of its field
    )

    shorthand: ClassVar[str | None] = None
    """The key that a text in place of the section stands for: `format: boxed` is short for `format: {name: boxed}`."""

    @model_validator(mode="before")
    @classmethod
    def _from_shorthand(cls, given: Any) -> Any:
        return {cls.shorthand: given} if cls.shorthand and isinstance(given, str) else given
