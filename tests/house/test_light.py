"""Help, errors and readers answer at once: what they import loads no heavy library."""

import json
import subprocess
import sys
from functools import cache

import pytest

from house.floors import HEAVY
from house.source import modules

ALWAYS_LIGHT = (
    "whet",
    "whet.api",
    "whet.types",
    "whet.protocols",
    "whet.config",
    "whet.formats",
    "whet.recipe",
    "whet.runs.reader",
    "whet.cli.main",
)
LIGHT = (*ALWAYS_LIGHT, *(source.name for source in modules() if source.unit == "dashboard"))

IMPORT_ONE_BY_ONE = """
import importlib, json, sys
heavy, seen, loaded = set(json.loads(sys.argv[1])), set(), {}
for name in json.loads(sys.argv[2]):
    try:
        importlib.import_module(name)
    except ImportError as error:
        loaded[name] = [str(error)]
        continue
    loaded[name] = sorted(heavy & set(sys.modules) - seen)
    seen |= set(loaded[name])
print(json.dumps(loaded))
"""
USE_API = """
import json, sys
import whet
found = [getattr(whet, name) for name in whet.__all__]
config = whet.load_recipe("quickstart", {"grpo.steps": 4})
print(json.dumps([len(found), config.grpo.steps, sorted(set(json.loads(sys.argv[1])) & set(sys.modules))]))
"""
RUN_HELP = """
import json, sys
from whet.cli.main import main
heavy, sys.argv = set(json.loads(sys.argv[1])), ["whet", "--help"]
try:
    main()
finally:
    print(json.dumps(sorted(heavy & set(sys.modules))), file=sys.stderr)
"""
LOAD_RECIPES = """
import json, sys
from whet.recipe import load_recipe, recipe_names
loaded = [load_recipe(name) for name in recipe_names()]
print(json.dumps([len(loaded), sorted(set(json.loads(sys.argv[1])) & set(sys.modules))]))
"""


def _python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", script, *(json.dumps(argument) for argument in arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def loaded_by(names: tuple[str, ...]) -> dict[str, list[str]]:
    """Per module, the heavy libraries that importing it adds, in one fresh interpreter."""
    done = _python(IMPORT_ONE_BY_ONE, sorted(HEAVY), names)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@cache
def _loaded() -> dict[str, list[str]]:
    return loaded_by(LIGHT)


@pytest.mark.parametrize("name", LIGHT)
def test_importing_loads_nothing_heavy(name: str) -> None:
    assert _loaded()[name] == []


def test_help_loads_nothing_heavy() -> None:
    done = _python(RUN_HELP, sorted(HEAVY))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == []
    assert "train" in done.stdout


def test_the_public_api_loads_nothing_heavy_before_it_is_called() -> None:
    done = _python(USE_API, sorted(HEAVY))
    assert done.returncode == 0, done.stderr
    names, steps, heavy = json.loads(done.stdout)
    assert (names, steps) == (14, 4)
    assert heavy == []


def test_loading_every_recipe_loads_nothing_heavy() -> None:
    done = _python(LOAD_RECIPES, sorted(HEAVY))
    assert done.returncode == 0, done.stderr
    recipes, heavy = json.loads(done.stdout)
    assert recipes >= 3
    assert heavy == []


def test_a_heavy_module_is_found() -> None:
    loaded = loaded_by(("json", "scipy.stats"))
    assert loaded["json"] == []
    assert "scipy" in loaded["scipy.stats"]
