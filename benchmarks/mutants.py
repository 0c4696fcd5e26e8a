"""Mutation testing: small changes are made to a module one at a time, and its own test file must notice each.

    python benchmarks/mutants.py                           # the modules on which a wrong line costs most
    python benchmarks/mutants.py src/whet/grpo/kl.py       # any other
    python benchmarks/mutants.py --sample 40               # 40 mutants of each, drawn from a seed

Changes are the field's standard ones: another comparison, another operator, `and` for `or`, a condition turned round or
settled, a number one larger, another text, nothing returned, a statement left out. Docstrings, annotations and the
texts of regular expressions are left alone. A mutant runs in a fork of this process, so that libraries load once.
"""

import argparse
import ast
import copy
import importlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRELOADED = ("torch", "safetensors.torch", "math_verify")
"""Loaded once for all mutants."""

MODULES = (
    "src/whet/rewards/equality.py",
    "src/whet/compute/checkpoint.py",
    *(
        f"src/whet/grpo/{name}.py"
        for name in ("advantage", "kl", "ratio", "surrogate", "objective", "importance", "update")
    ),
)

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """A changed module."""

    line: int
    change: str
    tree: ast.Module


def constants(node: ast.Constant) -> Iterator[ast.expr]:
    """A number one larger, the other truth value, another text."""
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(f"XX{value}XX")


def comparisons(node: ast.Compare) -> Iterator[ast.expr]:
    """Each of its comparisons turned into its neighbour."""
    for index, operator in enumerate(node.ops):
        changed = copy.deepcopy(node)
        changed.ops[index] = COMPARISONS[type(operator)]()
        yield changed


def operations(node: ast.BinOp) -> Iterator[ast.expr]:
    """The opposite operation."""
    if type(node.op) in OPERATORS:
        changed = copy.deepcopy(node)
        changed.op = OPERATORS[type(node.op)]()
        yield changed


def connectives(node: ast.BoolOp) -> Iterator[ast.expr]:
    """`and` for `or`, and each of the parts left out."""
    changed = copy.deepcopy(node)
    changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield changed


def negations(node: ast.UnaryOp) -> Iterator[ast.expr]:
    """Without the sign."""
    yield copy.deepcopy(node.operand)


def choices(node: ast.IfExp) -> Iterator[ast.expr]:
    """Always one, always the other."""
    yield copy.deepcopy(node.body)
    yield copy.deepcopy(node.orelse)


def branches(node: ast.If) -> Iterator[ast.stmt]:
    """The condition turned round."""
    changed = copy.deepcopy(node)
    changed.test = ast.UnaryOp(ast.Not(), changed.test)
    yield changed


def returns(node: ast.Return) -> Iterator[ast.stmt]:
    """Nothing."""
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield ast.Return(ast.Constant(None))


def statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """Left out."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield ast.Pass()


CHANGES: dict[type[ast.AST], Callable[..., Iterator[ast.AST]]] = {
    ast.Constant: constants,
    ast.Compare: comparisons,
    ast.BinOp: operations,
    ast.BoolOp: connectives,
    ast.UnaryOp: negations,
    ast.IfExp: choices,
    ast.If: branches,
    ast.Return: returns,
    ast.Expr: statements,
    ast.AugAssign: statements,
    ast.Raise: statements,
    ast.Continue: lambda node: iter([ast.Break()]),
    ast.Break: lambda node: iter([ast.Continue()]),
}
"""By kind of node, what may stand in its place."""


def places(
    node: ast.AST, path: tuple[tuple[str, int | None], ...] = ()
) -> Iterator[tuple[tuple[str, int | None], ...]]:
    """The way to every node that may be changed."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params") or is_pattern(node):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not is_docstring(child):
                here = (*path, (name, index))
                yield here
                yield from places(child, here)


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_pattern(node: ast.AST) -> bool:
    """A regular expression at the top of a module: its text is another language."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"


def found(tree: ast.AST, path: tuple[tuple[str, int | None], ...]) -> ast.AST:
    for name, index in path:
        value = getattr(tree, name)
        tree = value if index is None else value[index]
    return tree


def _no_change(node: ast.AST) -> Iterator[ast.AST]:
    """Nothing that could be changed."""
    return iter(())


def mutants(text: str) -> Iterator[Mutant]:
    """Every change of a module, one at a time."""
    tree = ast.parse(text)
    for path in places(tree):
        node = found(tree, path)
        for other in CHANGES.get(type(node), _no_change)(node):
            changed = copy.deepcopy(tree)
            holder, (name, index) = found(changed, path[:-1]), path[-1]
            if index is None:
                setattr(holder, name, other)
            else:
                getattr(holder, name)[index] = other
            line = getattr(node, "lineno", 0)
            yield Mutant(
                line, f"{ast.unparse(node)[:60]!r} → {ast.unparse(other)[:60]!r}", ast.fix_missing_locations(changed)
            )


def survives(module: str, tree: ast.Module, tests: Path, limit: float) -> bool:
    """Whether the tests pass on a module in place of the real one; out of time counts as noticed."""
    child = os.fork()
    if not child:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            import pytest

            loaded = sys.modules[module]
            exec(compile(tree, str(loaded.__file__), "exec"), loaded.__dict__)
            os._exit(
                int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow", str(tests)]))
            )
        except BaseException:
            os._exit(99)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def imported(tests: Path) -> list[str]:
    """The modules that a test file imports at its top."""
    body = ast.parse(tests.read_text("utf-8")).body
    plain = [alias.name for node in body if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module for node in body if isinstance(node, ast.ImportFrom) and node.module]


def measure(path: Path, sample: int | None) -> None:
    """Prints the share of a module's mutants that its tests notice, and those that they do not."""
    inside = path.relative_to(ROOT / "src").with_suffix("")
    module, tests = ".".join(inside.parts), ROOT / "tests" / Path(*inside.parts[1:-1]) / f"test_{inside.parts[-1]}.py"
    for name in (module, *imported(tests), *PRELOADED):
        importlib.import_module(name)
    started = time.monotonic()
    text = path.read_text("utf-8")
    if not survives(module, ast.parse(text), tests, 600):
        sys.exit(f"{tests} fails on the module as it is")
    limit = 5 + 5 * (time.monotonic() - started)
    every = list(mutants(text))
    tried = every if sample is None else random.Random(0).sample(every, min(sample, len(every)))
    alive = 0
    for mutant in tried:
        if survives(module, mutant.tree, tests, limit):
            alive += 1
            print(f"  line {mutant.line}: {mutant.change}", flush=True)
    noticed = f"{1 - alive / len(tried):.1%} of {len(tried)} mutants (of {len(every)}) are noticed"
    print(f"{path.relative_to(ROOT)}: {noticed}", flush=True)


def main() -> None:
    """Measures the modules named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--sample", type=int, help="so many mutants of each module instead of all")
    asked = parser.parse_args()
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    for name in asked.modules:
        measure((ROOT / name).resolve(), asked.sample)


if __name__ == "__main__":
    main()
