"""The parameters of a request, read and checked; an error names the parameter, the value and what it must be."""

from collections.abc import Mapping

from whet.errors import UserError

LONGEST = 2000
"""Characters of a parameter at most."""


class Query:
    """Parameters by name, as texts."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def text(self, name: str, default: str = "") -> str:
        """A text of at most `LONGEST` characters. Raises `UserError` for a longer one."""
        value = self._given.get(name, default)
        if len(value) > LONGEST:
            raise UserError(f"{name}: has {len(value)} characters; at most {LONGEST} are allowed")
        return value

    def some(self, name: str) -> str | None:
        """A text; None where it is not given or empty."""
        return self.text(name) or None

    def names(self, name: str) -> list[str]:
        """Texts separated by commas."""
        return [one for one in self.text(name).split(",") if one]

    def required(self, name: str) -> str:
        """A text that must be given. Raises `UserError` where it is not."""
        value = self.text(name)
        if not value:
            raise UserError(f"{name}: is missing; give it as a parameter")
        return value

    def number(self, name: str, default: int, low: int = 0, high: int = 2**31) -> int:
        """A whole number from `low` to `high`. Raises `UserError` for anything else."""
        found = self.maybe(name, low, high)
        return default if found is None else found

    def maybe(self, name: str, low: int = 0, high: int = 2**31) -> int | None:
        """A whole number from `low` to `high`; None where it is not given. Raises `UserError` for anything else."""
        text = self.text(name)
        if not text:
            return None
        try:
            value = int(text) if text.isascii() and len(text) < 20 else None
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise UserError(f"{name}: is {text[:40]!r}; it must be a whole number from {low} to {high}")
        return value

    def needed(self, name: str) -> int:
        """A whole number, at least 0, that must be given. Raises `UserError` for anything else."""
        found = self.maybe(name)
        if found is None:
            raise UserError(f"{name}: is missing; give it as a parameter")
        return found

    def real(self, name: str) -> float | None:
        """A number; None where it is not given. Raises `UserError` for anything else."""
        text = self.text(name)
        try:
            return float(text) if text else None
        except ValueError:
            raise UserError(f"{name}: is {text[:40]!r}; it must be a number") from None

    def flag(self, name: str, default: bool = False) -> bool:
        """0 or 1. Raises `UserError` for anything else."""
        found = self.maybe(name, 0, 1)
        return default if found is None else bool(found)
