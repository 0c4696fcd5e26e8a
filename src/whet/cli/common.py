"""The arguments and options that several commands share, as tyro reads them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, Suppress, arg

Recipe = Annotated[str, Positional, arg(metavar="RECIPE", help="a recipe's path, or the name of a shipped one")]
RunOrModel = Annotated[str, Positional, arg(metavar="RUN_OR_MODEL", help="a run, RUN:step-N or a model")]
Name = Annotated[str | None, arg(metavar="NAME")]
NameOrFile = Annotated[str | None, arg(metavar="NAME_OR_FILE")]
Count = Annotated[str | None, arg(metavar="N")]
File = Annotated[Path | None, arg(metavar="FILE")]
Json = Annotated[bool, arg(help="print one JSON object on standard output, and nothing else there")]
Overrides = Annotated[Sequence[tuple[str, str]], Suppress]
