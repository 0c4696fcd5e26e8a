"""What the house rules look at: Python files, parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "whet"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file."""

    name: str
    """Its dotted name, such as `whet.grpo.kl`; for a package the folder's, such as `whet.grpo`."""
    text: str
    is_package: bool = False

    @property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return _parsed(self.text)

    @property
    def unit(self) -> str:
        """The folder or file right under `whet` that it belongs to; empty for `whet` itself."""
        return (*self.name.split("."), "")[1]

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self.text.splitlines())

    def calls(self) -> Iterator[ast.Call]:
        """Every call in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def functions(self) -> Iterator[Function]:
        """Every function and method in it, nested ones included."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def modules() -> tuple[Source, ...]:
    """Every Python file of the package."""
    return tuple(_source(path) for path in sorted(PACKAGE.rglob("*.py")))


def folders() -> list[str]:
    """The folders right under the package that hold anything."""
    return sorted({path.parent.name for path in PACKAGE.glob("*/*") if path.parent.name != "__pycache__"})


def _source(path: Path) -> Source:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return Source(".".join(parts[:-1] if is_package else parts), path.read_text("utf-8"), is_package)


def called(call: ast.Call) -> str:
    """What a call names, dotted where it is a chain of names: `torch.load`; empty for anything else."""
    return dotted(call.func)


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of names, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""
