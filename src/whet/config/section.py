"""What every section of a recipe is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Strict and frozen: a recipe that loads says exactly what will happen."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, protected_namespaces=())
