"""What pyproject.toml asks users to install is what the package imports, no more and no less."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from house.source import PACKAGE, ROOT

EXTRAS = {
    *("bitsandbytes", "optuna", "ray", "reasoning-gym", "tensorboard", "trackio", "triton", "vllm", "wandb"),
    "xllamacpp",
}
"""Imported where a recipe asks for them, or on a GPU, and installed by an extra or, Triton, with torch for CUDA."""

PARTS = {"annotated-types", "pydantic-core"}
"""What pydantic is made of: always there with it."""


def imported(text: str) -> Iterator[str]:
    """The top names of all absolute imports of a module, in functions too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def plain(name: str) -> str:
    """A distribution's name as package indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(package: Path) -> set[str]:
    """The distributions that the modules under a folder import from."""
    names = {name for path in package.rglob("*.py") for name in imported(path.read_text("utf-8"))}
    known = packages_distributions()
    return {plain(known.get(name, [name])[0]) for name in names - sys.stdlib_module_names - {package.name}}


def asked_for() -> set[str]:
    """The distributions that pyproject.toml installs with the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {plain(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in project["dependencies"]}


def test_what_is_installed_is_imported_and_the_other_way_round() -> None:
    assert distributions(PACKAGE) - EXTRAS - PARTS == asked_for()


def test_imports_of_all_kinds_are_found() -> None:
    text = "import a.b, c\nfrom d.e import f\nfrom . import g\ndef h():\n    from i import j\n"
    assert sorted(imported(text)) == ["a", "c", "d", "i"]


def test_a_distribution_goes_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("import os\nimport yaml\nfrom nowhere import something\n")
    assert distributions(tmp_path) == {"pyyaml", "nowhere"}
