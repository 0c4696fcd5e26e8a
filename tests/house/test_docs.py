"""What the documents name exists."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from house.source import PACKAGE, ROOT, Function, folders, modules
from whet.errors import UserError
from whet.recipe import make_recipe

CODE_NAME = re.compile(r"`([\w/]+\.py):([A-Za-z_][\w.]*)`")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
BRANCH = re.compile(r"^((?:[│├└─ ]{4})+)(\S.*)$")
ENTRY = re.compile(r"[\w.*-]+(/[\w.*-]+)*(/|\.\w+)")


def missing_names(text: str, package: Path) -> list[str]:
    """Every `file.py:name` in a text, files relative to `package`, that does not exist."""
    return [f"{file}:{name}" for file, name in CODE_NAME.findall(text) if name not in _defined(package / file)]


def _defined(path: Path) -> set[str]:
    """What a file defines at its top and, dotted, in its classes."""
    return set(_names(ast.parse(path.read_text("utf-8")))) if path.is_file() else set()


def _names(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    for child in node.body:
        if isinstance(child, ast.ClassDef | Function):
            yield prefix + child.name
        if isinstance(child, ast.ClassDef):
            yield from _names(child, f"{prefix}{child.name}.")
        targets = child.targets if isinstance(child, ast.Assign) else []
        targets = [child.target] if isinstance(child, ast.AnnAssign) else targets
        yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


def tree_paths(text: str) -> list[str]:
    """The paths in the fenced block that draws `src/whet/` as a tree.

    An entry is a path and what it is; several files may share a line, parted by spaces.
    """
    block = next((block for block in FENCE.findall(text) if "src/whet/" in block and "├── " in block), "")
    found: list[str] = []
    parents: list[str] = []
    for line in block.splitlines():
        branch = BRANCH.match(line)
        if not branch:
            continue
        depth = len(branch[1]) // 4
        first, *rest = branch[2].split()
        del parents[depth - 1 :]
        found += ["".join(parents) + name for name in (first, *_more(first, rest))]
        parents.append(first)
    return found


def _more(first: str, rest: list[str]) -> Iterator[str]:
    """The further files of a line that starts with a file: up to the first word that is not one."""
    for word in rest if not first.endswith("/") else []:
        if not ENTRY.fullmatch(word):
            return
        yield word


def absent(paths: list[str], root: Path) -> list[str]:
    """Paths and patterns that match nothing under `root`."""
    return [path for path in paths if not any(root.glob(path.rstrip("/")))]


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _documents() -> list[str]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@pytest.mark.parametrize("document", _documents())
def test_documents_name_code_that_exists(document: str) -> None:
    assert missing_names(_read(document), PACKAGE) == []


def test_the_paper_is_mapped() -> None:
    assert len(CODE_NAME.findall(_read("docs/paper.md"))) >= 20


def test_the_readme_draws_the_tree_as_it_is() -> None:
    paths = tree_paths(_read("README.md"))
    assert paths, "README.md has no fenced block that draws src/whet/"
    assert absent(paths, ROOT) == []
    assert {f"src/whet/{folder}/" for folder in folders()} <= set(paths)


def test_the_two_commands_are_in_the_readme_and_ci_runs_the_second() -> None:
    assert "make quickstart" in _read("README.md")
    assert "make test" in _read("README.md")
    assert "make test" in _read(".ci/run")


TREE = """
```
├── README.md            what, two commands
├── Makefile             quickstart | test
├── src/whet/
│   ├── types.py  batch.py   the words
│   ├── grpo/                THE PAPER
│   │   └── kl.py            estimators
│   └── recipes/             *.yaml, complete
└── tests/               mirrors src/whet
```
"""


def test_a_tree_is_read() -> None:
    assert tree_paths(TREE) == [
        "README.md",
        "Makefile",
        "src/whet/",
        "src/whet/types.py",
        "src/whet/batch.py",
        "src/whet/grpo/",
        "src/whet/grpo/kl.py",
        "src/whet/recipes/",
        "tests/",
    ]
    assert tree_paths("```\nno tree\n```") == []


def test_an_absent_path_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.yaml").touch()
    assert absent(["a/", "a/x.yaml", "a/*.yaml", "a/*.json", "b/", "a/y.yaml"], tmp_path) == [
        "a/*.json",
        "b/",
        "a/y.yaml",
    ]


def test_a_name_that_is_gone_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("X = 1\nY: int = 2\ndef f(): ...\nclass C:\n    z: int\n    def g(self): ...\n")
    here = "`a.py:X` `a.py:Y` `a.py:f` `a.py:C` `a.py:C.z` `a.py:C.g`"
    gone = "`a.py:h` `a.py:C.h` `b.py:f` `a.py:g`"
    assert missing_names(f"{here} {gone}", tmp_path) == ["a.py:h", "a.py:C.h", "b.py:f", "a.py:g"]


def test_every_module_can_be_named() -> None:
    assert missing_names("`grpo/kl.py:kl_divergence`", PACKAGE) == []
    assert len(modules()) > 10


def unknown_targets(text: str, makefile: str) -> list[str]:
    """Every `make TARGET` in a text's code that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    return sorted(set(re.findall(r"(?:^ {4}|^|`|\$ )make ([a-z][a-z-]*)", text, re.MULTILINE)) - targets)


@pytest.mark.parametrize("document", _documents())
def test_python_in_documents_is_python(document: str) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", _read(document), flags=re.M | re.S):
        ast.parse(block)


@pytest.mark.parametrize("document", _documents())
def test_documents_name_make_targets_that_exist(document: str) -> None:
    assert unknown_targets(_read(document), _read("Makefile")) == []


def test_a_target_that_is_gone_is_found() -> None:
    makefile = "test: check\n\techo\ncheck:\n"
    assert unknown_targets("    make test\n`make check` and `make gone`\nwe make things", makefile) == ["gone"]


def test_ci_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _recipes_in(document: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", _read(document), flags=re.M | re.S)


PAGES = ("adapters", "data", "judge", "rewards", "signal", "trackers", "your-own")
DOCUMENTS = ["README.md", *(f"docs/how-to/{page}.md" for page in PAGES)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_recipe_in_a_document_loads(document: str) -> None:
    blocks = _recipes_in(document)
    assert blocks
    for block in blocks:
        tree = {"model": "any", "data": {"train": {"name": "arithmetic"}}, **yaml.safe_load(block)}
        assert make_recipe(tree).grpo.group_size >= 2


def test_a_recipe_that_drifted_is_refused() -> None:
    with pytest.raises(UserError, match="rewards"):
        make_recipe({"model": "any", "data": {"train": {"name": "arithmetic"}}, "rewards": ["acuracy"]})
