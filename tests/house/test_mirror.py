"""tests/ mirrors src/whet path for path, and every test file tests something."""

import ast
from collections.abc import Iterable
from pathlib import Path

from house.source import PACKAGE, ROOT, Function, Source, modules

TESTS = ROOT / "tests"
OF_THEIR_OWN = {
    "bench": "the programs of benchmarks/, which are not in the package",
    "gpu": "what must hold on a GPU: on one, and on stand-ins for it",
    "browser": "the page and the report in a real Chromium: features, security, accessibility",
    "house": "the house rules",
    "real_ray": "Ray itself: `make test-ray` runs them, in an environment of their own",
    "real_vllm": "vLLM itself: `make test-vllm` runs them, in an environment of their own",
    "reliability": "what must hold when things go wrong, by the rows of docs/how-to/reliability.md",
    "stand_ins": "that a new engine, a tool and sampling ahead need one file and one row",
    "test_coming_from_trl.py": "that TRL's arguments and ours are told right, and its rewards run",
    "test_commands.py": "that the commands of the documents run, on a tiny model",
    "test_examples.py": "that examples/ run, on a tiny model",
    "test_golden.py": "that figures on record do not move unnoticed",
    "test_init.py": "the public API: what `import whet` offers and loads",
    "test_layouts.py": "that the columns of well-known data sets are read right",
    "test_learning.py": "that Algorithm 1 learns what is rewarded, and only that",
    "test_no_secret_leaves.py": "that no key or password reaches what a run writes, shows or pushes",
    "test_notebook.py": "that the notebook is made of its script and runs, on a tiny model",
    "test_real_model.py": "the whole way on the real model, in minutes",
    "test_recipes.py": "that every shipped recipe runs, on real rows",
    "test_tiny.py": "the tiny models that other tests stand on",
    "test_trl_equivalence.py": "that losses, advantages and gradients are TRL's",
}
"""Tests of no single module: folders and files right under tests/."""


def has_behaviour(source: Source) -> bool:
    """Whether the module runs anything: not one that only declares (roles, exceptions)."""
    lambdas = any(isinstance(node, ast.Lambda) for node in ast.walk(source.tree))
    return lambdas or any(not _declares(function.body) for function in source.functions())


def _declares(body: list[ast.stmt]) -> bool:
    """Whether a body is only a docstring or `...`."""
    return all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in body)


def untested(sources: Iterable[Source], tests: set[str]) -> list[str]:
    """Modules with behaviour that no test file mirrors; `tests` holds paths relative to tests/."""
    return [s.name for s in sources if not s.is_package and has_behaviour(s) and _mirror(s.name) not in tests]


def _mirror(name: str) -> str:
    """`whet.grpo.kl` → `grpo/test_kl.py`."""
    *folders, module = name.split(".")[1:]
    return "/".join([*folders, f"test_{module}.py"])


def strays(sources: Iterable[Source], tests: set[str]) -> list[str]:
    """Test files that mirror no module and stand on no list."""
    mirrored = {_mirror(source.name) for source in sources if not source.is_package}
    return sorted(test for test in tests - mirrored if test.split("/")[0] not in OF_THEIR_OWN)


def count_tests(text: str) -> int:
    """How many test functions a file has."""
    return sum(isinstance(node, Function) and node.name.startswith("test") for node in ast.walk(ast.parse(text)))


def _files() -> set[str]:
    return {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}


def test_every_module_has_its_test_file() -> None:
    assert untested(modules(), _files()) == []


def test_every_test_file_mirrors_a_module() -> None:
    assert strays(modules(), _files()) == []


def test_every_test_file_has_a_test() -> None:
    assert [name for name in sorted(_files()) if not count_tests((TESTS / name).read_text("utf-8"))] == []


def test_every_python_folder_is_a_package() -> None:
    """Without `__init__.py` a folder imports, and yet tools that look for packages miss it."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_a_module_without_a_test_file_is_found() -> None:
    busy = Source("whet.grpo.kl", "def f():\n    return 1\n")
    assert untested([busy], set()) == ["whet.grpo.kl"]
    assert untested([busy], {"test_kl.py"}) == ["whet.grpo.kl"]
    assert untested([busy], {"grpo/test_kl.py"}) == []


def test_a_module_that_only_declares_needs_none() -> None:
    roles = Source("whet.protocols", 'class Role:\n    def play(self):\n        """How."""\n        ...\n')
    assert untested([roles], set()) == []
    assert untested([Source("whet.table", "ROWS = {'a': lambda x: x}")], set()) == ["whet.table"]


def test_a_stray_test_file_is_found() -> None:
    module = Source("whet.grpo.kl", "")
    assert strays([module], {"grpo/test_kl.py", "house/test_x.py", "test_tiny.py"}) == []
    assert strays([module], {"test_kl.py", "grpo/test_gone.py"}) == ["grpo/test_gone.py", "test_kl.py"]


def test_an_empty_test_file_is_found() -> None:
    assert count_tests("import pytest\n\ndef helper():\n    pass\n") == 0
    assert count_tests("class TestIt:\n    def test_one(self):\n        pass\n") == 1


def test_paths_are_named_as_python_names_them() -> None:
    assert _mirror("whet.batch") == Path("test_batch.py").as_posix()
