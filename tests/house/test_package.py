"""What is installed is whole: every file of the package ships, recipes and type marker included."""

from importlib import resources
from pathlib import Path
from zipfile import ZipFile

from hatchling.builders.wheel import WheelBuilder

from house.source import PACKAGE, ROOT


def _package_files() -> set[str]:
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(PACKAGE.parent).as_posix() for path in files}


def test_the_wheel_carries_every_file_of_the_package(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("whet/")}
    assert packed == _package_files() | {"whet/dashboard/metrics.md"}  # docs/metrics.md, for the page
    assert "whet/py.typed" in packed
    assert any(name.startswith("whet/recipes/") and name.endswith(".yaml") for name in packed)


def test_recipes_and_type_marker_are_found_where_the_package_is_installed() -> None:
    package = resources.files("whet")
    assert (package / "py.typed").is_file()
    assert (package / "recipes" / "quickstart.yaml").is_file()
