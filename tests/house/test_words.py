"""Every public name says what it is, and nothing dangerous or careless is spelled out in the package."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from house.floors import floor
from house.source import PACKAGE, ROOT, Function, Source, called, dotted, modules

DOORS = 6
"""The floor that talks to people."""

DANGEROUS_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "torch.load",
    "yaml.load",
    "yaml.unsafe_load",
    "os.system",
}
DANGEROUS_IMPORTS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
RUNS_CODE = {"whet.sandbox.solution", "whet.sandbox.verdict_process"}
"""Modules that may `exec`: what they run is why they exist, and they run it only where it can do no harm."""

DANGEROUS_KEYWORDS = {"trust_remote_code", "shell", "allow_pickle"}
"""Keyword arguments that may only be False."""

WRITTEN = {".py", ".yaml", ".md"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\braise NotImplementedError\b")
A_MACHINE = re.compile(r"(?<![\w.~/])/(home|Users|root|work|mnt|opt)/\w")
"""The start of a path that exists on one machine only."""


def undocumented(sources: Iterable[Source]) -> list[str]:
    """Public modules, classes, functions and methods without a docstring.

    A method that plays a role, of a protocol or of an abstract class, is documented there.
    """
    return [
        f"{source.name}{name and ':' + name}"
        for source in sources
        for name, node in _public(source)
        if not ast.get_docstring(node) and name.partition(".")[2] not in _roles()
    ]


Definition = ast.ClassDef | Function


def _public(source: Source) -> Iterator[tuple[str, ast.Module | Definition]]:
    if source.tree.body:
        yield "", source.tree
    for name, node in _members(source.tree):
        yield name, node
        if isinstance(node, ast.ClassDef):
            yield from ((f"{name}.{member}", inner) for member, inner in _members(node))


def _members(node: ast.Module | ast.ClassDef) -> Iterator[tuple[str, Definition]]:
    for child in node.body:
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield child.name, child


@cache
def _roles() -> set[str]:
    """The documented methods of the package's protocols and abstract classes."""
    return {
        name
        for source in modules()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and {dotted(base) for base in node.bases} & {"Protocol", "ABC"}
        for name, method in _members(node)
        if ast.get_docstring(method)
    }


def dangers(sources: Iterable[Source]) -> list[str]:
    """Running text as code, unpickling, and switching a safety off."""
    return [f"{source.name}:{line} {what}" for source in sources for line, what in _dangers(source)]


def _dangers(source: Source) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from ((node.lineno, name) for name in names if name.split(".")[0] in DANGEROUS_IMPORTS)
        if isinstance(node, ast.Call) and called(node) in DANGEROUS_CALLS - _exempt(source):
            yield node.lineno, called(node)
        if isinstance(node, ast.keyword) and node.arg in DANGEROUS_KEYWORDS and not _is(node.value, False):
            yield node.lineno, node.arg
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (
                (node.lineno, str(key.value))
                for key, value in pairs
                if isinstance(key, ast.Constant) and key.value in DANGEROUS_KEYWORDS and not _is(value, False)
            )


def _exempt(source: Source) -> set[str]:
    return {"exec"} if source.name in RUNS_CODE else set()


def _is(node: ast.expr, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def loose_zips(sources: Iterable[Source]) -> list[str]:
    """Every `zip` that would drop what is left over without a word."""
    return [
        f"{source.name}:{call.lineno}"
        for source in sources
        for call in source.calls()
        if called(call) == "zip" and not any(k.arg == "strict" and _is(k.value, True) for k in call.keywords)
    ]


def prints(sources: Iterable[Source]) -> list[str]:
    """Every `print` below the doors."""
    return [
        f"{source.name}:{call.lineno}"
        for source in sources
        if floor(source.unit) != DOORS
        for call in source.calls()
        if called(call) == "print"
    ]


def matches(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    """Where a pattern stands in texts, by name and line."""
    return [
        f"{name}:{number} {line.strip()}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def _texts() -> dict[str, str]:
    """Everything written for readers and users: package, examples, docs and the files at the root."""
    folders = [PACKAGE, *(ROOT / name for name in ("examples", "benchmarks", "docs", ".ci"))]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".yaml", ".md"}]
    found += [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "run"]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(found)}


def test_public_names_have_docstrings() -> None:
    assert undocumented(modules()) == []


def test_nothing_dangerous() -> None:
    assert dangers(modules()) == []


def importers(names: set[str]) -> set[str]:
    """The modules that import any of these."""
    nodes = ((source.name, node) for source in modules() for node in ast.walk(source.tree))
    return {name for name, node in nodes if isinstance(node, ast.ImportFrom) and node.module in names}


def test_what_runs_code_is_imported_by_the_harness_and_that_by_nobody() -> None:
    assert importers(RUNS_CODE) == {"whet.sandbox.harness"}
    assert importers({"whet.sandbox.harness"}) == set()


def test_every_zip_is_strict() -> None:
    assert loose_zips(modules()) == []


def test_only_the_doors_print() -> None:
    assert prints(modules()) == []


def test_nothing_is_left_unfinished() -> None:
    code = {name: text for name, text in _texts().items() if name.endswith((".py", ".yaml"))}
    assert matches(UNFINISHED, code) == []


def test_no_path_of_one_machine() -> None:
    assert matches(A_MACHINE, _texts()) == []


def test_a_missing_docstring_is_found() -> None:
    text = "def f(): pass\nclass A:\n    def g(self): pass\n    def _h(self): pass\n"
    assert undocumented([Source("whet.a", text)]) == ["whet.a", "whet.a:f", "whet.a:A", "whet.a:A.g"]
    assert undocumented([Source("whet.a", '"""A."""\nclass _B:\n    def f(self):\n        pass\n')]) == []
    assert undocumented([Source("whet.empty", "", is_package=True)]) == []


def test_a_method_that_plays_a_role_is_documented_by_the_role() -> None:
    assert "generate" in _roles()
    assert undocumented([Source("whet.a", '"""A."""\ndef generate(): pass\n')]) == ["whet.a:generate"]
    sampler = '"""A."""\nclass Native:\n    """Samples."""\n    def generate(self): pass\n'
    assert undocumented([Source("whet.a", sampler)]) == []


@pytest.mark.parametrize(
    "line",
    [
        "eval('1 + 1')",
        "exec(text)",
        "import pickle",
        "from pickle import loads",
        "import torch\ntorch.load('x')",
        "yaml.load(text)",
        "load(name, trust_remote_code=True)",
        "load(name, trust_remote_code=flag)",
        "options = {'trust_remote_code': True}",
        "run('ls', shell=True)",
    ],
)
def test_a_danger_is_found(line: str) -> None:
    assert len(dangers([Source("whet.a", line)])) == 1


def test_what_only_looks_dangerous_passes() -> None:
    text = "model.eval()\nre.compile('x')\nload(name, trust_remote_code=False)\nyaml.safe_load(text)\n"
    assert dangers([Source("whet.a", text)]) == []


def test_only_what_runs_in_the_sandbox_may_run_code() -> None:
    assert dangers([Source("whet.sandbox.verdict_process", "exec(text)")]) == []
    assert (
        len(
            dangers(
                [Source("whet.sandbox.verdict_process", "eval(text)"), Source("whet.sandbox.run_tests", "exec(text)")]
            )
        )
        == 2
    )


def test_a_loose_zip_is_found() -> None:
    assert len(loose_zips([Source("whet.a", "zip(a, b)\nzip(a, b, strict=False)\nzip(a, b, strict=True)")])) == 2


def test_a_print_is_found_below_the_doors_only() -> None:
    assert prints([Source("whet.api", "print(1)"), Source("whet.cli.main", "print(1)")]) == ["whet.api:1"]


def test_what_is_unfinished_or_bound_to_a_machine_is_found() -> None:
    assert matches(UNFINISHED, {"a.py": "x = 1\n# TODO later"}) == ["a.py:2 # TODO later"]
    assert matches(UNFINISHED, {"a.py": "raise NotImplementedError"}) != []
    assert matches(A_MACHINE, {"a.md": "see /home/me/x", "b.md": "https://x.org/home/me and ./work/x"}) == [
        "a.md:1 see /home/me/x"
    ]
