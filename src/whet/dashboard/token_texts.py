"""The text of each token of a rollout, from the tokenizer of the run's model; `tokenizers` alone, without torch."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from whet.errors import UserError
from whet.models import hub, packaged
from whet.models.hub import NotHereError
from whet.runs import layout
from whet.text import token_texts

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE = "tokenizer.json"


class TokenTexts:
    """Finds the tokenizer of a run once, and spells tokens with it."""

    def __init__(self, run: Path, model: str) -> None:
        """`model` is `model.name` of the run's recipe."""
        self._run, self._model = run, model
        self._found: Tokenizer | None = None

    @property
    def why_not(self) -> str | None:
        """Why token ids cannot be spelled; None where they can."""
        if self._tokenizer is not None:
            return None
        return f"the tokenizer of {self._model} is not on this machine yet: tokens are shown by number"

    def of(self, tokens: Sequence[int]) -> list[str] | None:
        """What each token adds to the text, special tokens included; None without a tokenizer.

        A letter that spans tokens comes with the last of them.
        """
        tokenizer = self._tokenizer
        if tokenizer is None:
            return None

        def decode(ids: Sequence[int]) -> str:
            return str(tokenizer.decode(list(ids), skip_special_tokens=False))

        try:
            return list(token_texts(decode, tokens))
        except (OverflowError, TypeError):  # an id that is no number of 32 bits
            return None

    @property
    def _tokenizer(self) -> "Tokenizer | None":
        """The tokenizer; looked for again while there is none, since a run that has just begun may fetch its model."""
        if self._found is None:
            self._found = _load(self._run, self._model)
        return self._found


def _load(run: Path, model: str) -> "Tokenizer | None":
    from tokenizers import Tokenizer

    for folder in _folders(run, model):
        if (folder / FILE).is_file():
            try:
                return Tokenizer.from_file(str(folder / FILE))
            except Exception:  # tokenizers raises bare Exception
                continue
    return None


def _folders(run: Path, model: str) -> Iterator[Path]:
    """Where the tokenizer may lie: in the run, in the model's folder, in the caches."""
    yield run / layout.FINAL
    yield from sorted((run / layout.MODELS).glob("step-*"))
    if model:
        yield Path(model).expanduser()
        for cached in (packaged.cached, hub.cached):
            with suppress(NotHereError, UserError, OSError, ValueError):
                yield cached(model)
