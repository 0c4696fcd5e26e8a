"""Asks what a new recipe needs, shows what the model will see, and writes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from whet.errors import UserError, did_you_mean
from whet.formats import BUILT_IN
from whet.init.choices import Choices, first_choices, warnings, with_test
from whet.init.fitted import fitted
from whet.init.look import Look, look
from whet.init.recipe_text import recipe_text
from whet.recipe import load_recipe
from whet.text import Log

if TYPE_CHECKING:
    from whet.stages.show_examples import ShownExample

DATA, MODEL = "arithmetic", "SmolLM2-135M-Instruct"
"""What is taken where nothing is named: both need no network but a package index."""

ROWS = 3

Found = TypeVar("Found")

Ask = Callable[[str, str], str]
"""From a question and its default to an answer."""


def take_defaults(question: str, default: str) -> str:
    """An `Ask` for `--yes`."""
    return default


@dataclass(frozen=True)
class Interview:
    """Who is asked, told and shown."""

    ask: Ask
    tell: Log
    show: "Callable[[Sequence[ShownExample]], None]"
    patient: bool = True
    """Whether an answer that is wrong is asked for again; else it is an error."""

    def new_recipe(self, data: str | None, model: str | None, to: Path | None) -> Path:
        """Writes a recipe and returns its path; it has been loaded, and its gold answers and lengths are checked.

        Raises `UserError` for data or a model that cannot be read, and for a file that exists already.
        """
        found = self._until_right(data, "Data (a file, a hub name, gsm8k, arithmetic …)", DATA, look)
        for line in (*found.lines(), *warnings(found)):
            self.tell(line)
        path = to or Path(f"{_stem(found.source.name)}.yaml")
        if path.exists():
            raise UserError(f"--to: {path} is there already; name another file, or remove it")
        choices = self._chosen(found, model)
        self._shown(choices)
        return self._written(choices, path)

    def _chosen(self, found: Look, model: str | None) -> Choices:
        name = model or self.ask("Model (a folder, a hub name, SmolLM2-135M-Instruct)", MODEL)
        choices = first_choices(found, name)
        if not found.has_test:
            aside = f"set {choices.hold_out:.0%} of these aside"
            other = self.ask(f"Held-out problems (a file; Enter to {aside})", "")
            choices = with_test(choices, other or None)
        layout = self._until_right(None, f"Format ({', '.join(BUILT_IN)})", choices.format, _known_format)
        return fitted(replace(choices, format=layout))

    def _until_right(self, given: str | None, question: str, default: str, read: Callable[[str], Found]) -> Found:
        """What `read` makes of an answer, which is asked for until it can be read."""
        while True:
            answer = given or self.ask(question, default)
            try:
                return read(answer)
            except UserError as error:
                if given is not None or not self.patient:
                    raise
                self.tell(str(error))

    def _shown(self, choices: Choices) -> None:
        from whet.recipe import make_recipe
        from whet.stages.show_examples import show_examples

        self.show(show_examples(make_recipe(choices.tree()), ROWS))

    def _written(self, choices: Choices, path: Path) -> Path:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(recipe_text(choices, path.name), encoding="utf-8")
        except OSError as error:
            raise UserError(f"--to: {path} cannot be written ({error.strerror}); name another file") from error
        load_recipe(str(path))
        return path


def _known_format(name: str) -> str:
    if name not in BUILT_IN:
        raise UserError(f"format: is {name!r}; use {', '.join(BUILT_IN)}{did_you_mean(name, BUILT_IN)}")
    return name


def _stem(name: str) -> str:
    """A recipe's name from its data's.

    >>> _stem("rows/my problems.jsonl"), _stem("openai/gsm8k"), _stem("reasoning_gym:countdown")
    ('my-problems', 'gsm8k', 'countdown')
    """
    last = Path(name.replace(":", "/")).name
    stem = last.rpartition(".")[0] or last
    return (
        "-".join("".join(letter if letter.isalnum() or letter in "_-" else " " for letter in stem).split()) or "recipe"
    )
