"""Imports point down, never up, and never sideways between the folders of a floor."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from house.floors import (
    EXCEPTED,
    FILES,
    FILES_OF_A_FLOOR,
    FLOORS,
    HEAVY,
    NEIGHBOURS,
    NETWORK,
    SETTINGS,
    TENSORS,
    floor,
)
from house.source import ROOT, Source, called, dotted, folders, modules

FRONT_DOOR = ("", "__version__")
"""`import whet` and the package's version: open to every floor."""


def imports(source: Source, tree: ast.Module | None = None) -> Iterator[tuple[int, str]]:
    """Line and dotted target of every import, wherever it stands: in functions and for type checkers too.

    `tree` looks at a part of the source instead.
    """
    for node in ast.walk(tree or source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(source, node)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and called(node).endswith("import_module") and node.args:
            target = node.args[0]
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                yield node.lineno, target.value


def _base(source: Source, node: ast.ImportFrom) -> str:
    """The absolute name of the module that a `from` import reads."""
    here = source.name.split(".")
    kept = len(here) - node.level + source.is_package
    parents = here[:kept] if node.level else []
    return ".".join([*parents, *([node.module] if node.module else [])])


def wrong_way(sources: Iterable[Source]) -> list[str]:
    """Every import that points up, or from a folder to a neighbour on its floor."""
    return [
        f"{source.name}:{line} imports {target}"
        for source in sources
        if source.name != "whet"
        for line, target in imports(source)
        if target.split(".")[0] == "whet" and not _allowed(source.unit, (*target.split("."), "")[1])
    ]


def _allowed(importer: str, target: str) -> bool:
    if target == importer or target in FRONT_DOOR:
        return True
    above, below = floor(importer), floor(target)
    if above is None or below is None:
        return False
    neighbours = (importer, target) in NEIGHBOURS or target in SETTINGS or {importer, target} & FILES_OF_A_FLOOR
    return below < above or (below == above and bool(neighbours))


def heavy_on_the_way_in(sources: Iterable[Source]) -> list[str]:
    """Heavy libraries that importing a module would load, torch in `TENSORS` excepted."""
    return [
        f"{source.name}:{line} imports {target} outside a function"
        for source in sources
        for line, target in imports(source, _on_import(source))
        if target.split(".")[0] in HEAVY - ({"torch"} if source.unit in TENSORS else set())
    ]


def _on_import(source: Source) -> ast.Module:
    """The source without what importing it does not run: function bodies and `if TYPE_CHECKING` blocks."""
    return ast.fix_missing_locations(_Dormant().visit(ast.parse(source.text)))


class _Dormant(ast.NodeTransformer):
    """Empties functions and blocks for type checkers."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [ast.Pass()]
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.body = [ast.Pass()]
        return node

    def visit_If(self, node: ast.If) -> ast.If:
        if dotted(node.test).endswith("TYPE_CHECKING"):
            node.body = [ast.Pass()]
        return node


def worldly_ideas(sources: Iterable[Source]) -> list[str]:
    """Where floors 0 and 1 reach for files or the network."""
    ideas = [source for source in sources if floor(source.unit) in (0, 1)]
    opened = [
        (idea, call.lineno)
        for idea in ideas
        for call in idea.calls()
        if called(call) == "open" and not _excepted(idea, "*")
    ]
    return [f"{idea.name}:{line} opens a file" for idea, line in opened] + [
        f"{idea.name}:{line} imports {target}"
        for idea in ideas
        for line, target in imports(idea)
        if target.split(".")[0] in FILES | NETWORK and not _excepted(idea, target)
    ]


def _excepted(source: Source, target: str) -> bool:
    """Whether the list of exceptions lets this module, or the folder that it lies in, reach that far."""
    return any(f"{source.name}.".startswith(f"{name}.") and what in (target, "*") for name, what in EXCEPTED)


def test_imports_point_down() -> None:
    assert wrong_way(modules()) == []


def test_heavy_libraries_load_inside_functions() -> None:
    assert heavy_on_the_way_in(modules()) == []


def test_ideas_know_no_files_and_no_network() -> None:
    assert worldly_ideas(modules()) == []


def test_every_folder_has_a_floor() -> None:
    named = set().union(*FLOORS.values())
    assert set(folders()) <= named - FILES_OF_A_FLOOR
    assert {source.unit for source in modules() if source.unit} <= named


ROW = re.compile(r"^    (\d)  [a-z]+ +(.*?)(?: {3,}.*)?$", re.MULTILINE)


def drawn(text: str) -> tuple[dict[int, set[str]], set[tuple[str, str]]]:
    """The floors of a table in a text, and the arrows on them: (importer, imported).

    On `a/ ← b/ c/ | d/` b and c may import a; on `a/ → b/` a may import b.
    """
    floors, arrows = {}, set()
    for number, row in ROW.findall(text):
        floors[int(number)] = set(re.findall(r"[a-z_]+", row))
        for cell in row.split("|"):
            for arrow in ("←", "→"):
                left, found, right = (re.findall(r"[a-z_]+", part) or [part] for part in cell.partition(arrow))
                pairs = {(one, other) for one in left for other in right} if found == [arrow] else set()
                arrows |= {pair[::-1] if arrow == "←" else pair for pair in pairs}
    return floors, arrows


def test_contributing_draws_the_floors() -> None:
    floors, arrows = drawn((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert floors == FLOORS
    assert arrows == NEIGHBOURS


def test_a_table_of_floors_is_read() -> None:
    table = "    1  ideas      a/ ← b/ c/ | d/\n    0  words      e | f/ → g/        whatever → is said\n"
    assert drawn(table) == ({1: {*"abcd"}, 0: {*"efg"}}, {("b", "a"), ("c", "a"), ("f", "g")})


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("whet.types", "from whet.grpo.kl import kl_divergence"),  # up
        ("whet.grpo.kl", "import whet.runs.writer"),
        ("whet.grpo.kl", "from whet.rewards import equality"),  # sideways between folders
        ("whet.data.gsm8k", "from whet.models import load"),
        ("whet.runs.reader", "from whet import api"),
        ("whet.runs.reader", "from whet import train"),
        ("whet.api", "from whet.cli.main import main"),
        ("whet.data.gsm8k", "from ..policy.forward import padded"),  # relative
        ("whet.sft.supervised", "from .. import build"),
        ("whet.unheard_of", "import whet.types"),  # a file that no floor names
        ("whet.models.load", "from whet.policy.forward import padded"),  # the other way round
        ("whet.train_loop.clock", "from whet.stages.check import check"),
        ("whet.eval.evaluation", "if TYPE_CHECKING:\n    from whet.models import load"),
        ("whet.eval.evaluation", "def late():\n    import whet.rollout.native"),
        ("whet.eval.evaluation", "import importlib\nimportlib.import_module('whet.build.task')"),
    ],
)
def test_a_wrong_import_is_found(importer: str, line: str) -> None:
    assert len(wrong_way([Source(importer, line)])) == 1


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("whet.grpo.kl", "from whet.types import Group"),
        ("whet.grpo.update", "from whet.grpo.objective import objective"),
        ("whet.grpo.update", "from .objective import objective"),
        ("whet.batch", "from whet.types import Group"),  # neighbours, of which one is a file
        ("whet.formats.built_in", "from whet.errors import UserError"),
        ("whet.api", "from whet.build.task import build_task"),
        ("whet.policy.forward", "from whet.models.supported import is_fused"),
        ("whet.stages.check", "from whet.train_loop.clock import Clock"),
        ("whet.cli.main", "from whet.cli.terminal import console"),
        ("whet.runs.writer", "from whet import __version__"),
        ("whet.runs.writer", "import whet"),
        ("whet.rollout.sampling", "import torch"),
    ],
)
def test_a_right_import_passes(importer: str, line: str) -> None:
    assert wrong_way([Source(importer, line)]) == []


def test_a_package_resolves_its_own_relative_imports() -> None:
    assert wrong_way([Source("whet.grpo", "from .kl import kl_divergence", is_package=True)]) == []
    assert len(wrong_way([Source("whet.grpo", "from ..rewards import equality", is_package=True)])) == 1


def test_a_heavy_import_is_found() -> None:
    at_the_top = Source("whet.policy", "import torch, transformers\n\ndef f():\n    import peft\n")
    in_a_class = Source("whet.runs.writer", "class Writer:\n    from scipy import stats\n")
    assert len(heavy_on_the_way_in([at_the_top, in_a_class])) == 2
    late = "if TYPE_CHECKING:\n    import torch\nasync def f():\n    import torch\n"
    assert heavy_on_the_way_in([Source("whet.runs.reader", late), Source("whet.batch", "import torch")]) == []
    assert len(heavy_on_the_way_in([Source("whet.runs.reader", "import torch")])) == 1


def test_a_worldly_idea_is_found() -> None:
    reaching = [
        Source("whet.rewards.code_tests.code_blocks", "from pathlib import Path\nopen('x')"),
        Source("whet.config", "import os"),
    ]
    assert len(worldly_ideas(reaching)) == 3
    assert worldly_ideas([Source("whet.runs.writer", "import os\nopen('x')")]) == []
    assert len(worldly_ideas([Source("whet.redact", "from os import environ, remove")])) == 1
