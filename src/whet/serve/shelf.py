"""The models that can be asked for by name, one of which is in memory at a time."""

from collections.abc import Callable, Sequence

from whet.serve.served_model import ServedModel

Open = Callable[[str], ServedModel]
"""Loads the model of a name."""


class Shelf:
    """Loads models by name; the last one stays until another is asked for. For one thread."""

    def __init__(self, names: Callable[[], Sequence[str]], open: Open) -> None:
        self.names = names
        """The names that can be asked for."""
        self._open = open
        self._loaded: tuple[str, ServedModel] | None = None

    @classmethod
    def of(cls, name: str, model: ServedModel) -> "Shelf":
        """Returns a shelf with one model, already loaded."""
        made = cls(lambda: (name,), lambda _: model)
        made._loaded = (name, model)
        return made

    def get(self, name: str) -> ServedModel:
        """Returns the model, loaded. Raises what loading raises."""
        if self._loaded is None or self._loaded[0] != name:
            self._loaded = None  # its memory first
            self._loaded = (name, self._open(name))
        return self._loaded[1]

    def clear(self) -> None:
        """Lets go of the loaded model, and of its memory; it is loaded again where it is asked for."""
        self._loaded = None

    def context_of(self, name: str) -> int | None:
        """The model's context in tokens; None where it has no limit or is not loaded."""
        found = self._loaded
        return found[1].policy.context if found and found[0] == name else None
