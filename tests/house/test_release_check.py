"""What `make release-check` calls wrong, and the lists that it writes."""

import importlib.util
import tomllib
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest

from house.source import PACKAGE, ROOT


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_check", ROOT / ".ci" / "release_check.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def whole() -> list[str]:
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    inside = [path.relative_to(PACKAGE.parent).as_posix() for path in files]
    return [*inside, "whet/dashboard/metrics.md", "whet-0.1.0.dist-info/METADATA"]


def test_a_wheel_must_hold_the_package_and_nothing_else(check: Any) -> None:
    check.check_contents(whole())
    with pytest.raises(check.WrongError, match=r"differ in 1 files, such as whet/recipes/quickstart.yaml"):
        check.check_contents([name for name in whole() if name != "whet/recipes/quickstart.yaml"])
    with pytest.raises(check.WrongError, match=r"such as whet/dashboard/metrics.md"):
        check.check_contents([name for name in whole() if name != "whet/dashboard/metrics.md"])
    with pytest.raises(check.WrongError, match=r"such as whet/notes.txt"):
        check.check_contents([*whole(), "whet/notes.txt"])


def test_metadata_must_be_whole_and_of_this_version(check: Any, tmp_path: Any) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    fields = "".join(f"{name}: {version if name == 'Version' else 'something'}\n" for name in check.WANTED)
    with ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr("a.dist-info/METADATA", fields + "\nWhat it is.\n")
    found = check.metadata(tmp_path / "a.whl")
    assert found["Description"] == "What it is.\n"
    check.check_metadata(found)
    with pytest.raises(check.WrongError, match=r"lacks License-Expression, Description"):
        check.check_metadata({**found, "License-Expression": " ", "Description": ""})
    with pytest.raises(check.WrongError, match=r"is version 9.9"):
        check.check_metadata({**found, "Version": "9.9"})


def test_the_lists_name_what_is_installed_and_what_is_shipped_of_others(check: Any) -> None:
    packed = [
        "whet/a.py",
        "whet/static/chart/LICENSE.txt",
        "whet/static/chart/chart.js",
        "whet.dist-info/licenses/LICENSE",
    ]
    vendored = list(check.vendored_in(packed))
    assert vendored == ["whet/static/chart/LICENSE.txt"]
    installed = [("Typing_Extensions", "4.1", "PSF-2.0"), ("b", "1", "")]
    bom = check.cyclonedx(installed, vendored)
    assert bom["bomFormat"] == "CycloneDX"
    first, second, third = bom["components"]
    assert first["purl"] == "pkg:pypi/typing-extensions@4.1"
    assert first["licenses"] == [{"license": {"name": "PSF-2.0"}}]
    assert second["licenses"] == [{"license": {"name": "not stated"}}]
    assert third["name"] == "whet/static/chart"
    assert list(check.licence_table(installed, vendored))[2:] == [
        "| Typing_Extensions | 4.1 | PSF-2.0 |",
        "| b | 1 | not stated |",
        "| whet/static/chart (in the wheel) | | whet/static/chart/LICENSE.txt |",
    ]


def test_its_training_is_made_of_keys_that_exist(check: Any) -> None:
    from whet.recipe import load_recipe

    words = check.TRAINING[2:]
    pairs = [(key.removeprefix("--"), value) for key, value in zip(words[::2], words[1::2], strict=True)]
    config = load_recipe(check.TRAINING[1], pairs)
    assert config.grpo.steps == 1
