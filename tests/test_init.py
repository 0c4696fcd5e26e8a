"""`import whet`: the public API, each name loaded when it is first used."""

import json
import subprocess
import sys
from importlib import import_module

import pytest

import whet

HOMES = {
    "whet.api": ["check", "compare", "evaluate", "load_recipe", "open_run", "resume", "train"],
    "whet.dashboard.run_report": ["report"],
    "whet.types": ["Group", "Problem", "Prompt", "Reward", "Rollout"],
}

FRESH = """
import json, sys
import whet
names = dir(whet)
listed = sorted(set(json.loads(sys.argv[1])) & set(sys.modules))
whet.train, whet.Problem
used = sorted(set(json.loads(sys.argv[1])) & set(sys.modules))
print(json.dumps([names, listed, "whet.api" in sys.modules, used]))
"""
HEAVY = ["torch", "transformers", "datasets", "scipy", "peft", "numpy"]


@pytest.mark.parametrize(("home", "name"), [(home, name) for home, names in HOMES.items() for name in names])
def test_every_public_name_is_that_of_its_module(home: str, name: str) -> None:
    assert getattr(whet, name) is getattr(import_module(home), name)
    assert name in whet.__all__


def test_nothing_else_is_public() -> None:
    assert sorted(whet.__all__) == sorted(["__version__", *(name for names in HOMES.values() for name in names)])
    assert whet.__version__


def test_dir_lists_all_of_it() -> None:
    assert set(whet.__all__) <= set(dir(whet))
    assert dir(whet) == sorted(dir(whet))


@pytest.mark.parametrize("name", ["trian", "Config", "_nothing"])
def test_a_name_that_is_not_there_is_refused_as_everywhere(name: str) -> None:
    with pytest.raises(AttributeError, match=f"^module 'whet' has no attribute '{name}'$"):
        getattr(whet, name)
    assert not hasattr(whet, name)


def test_a_star_import_brings_the_public_names() -> None:
    found: dict[str, object] = {}
    exec("from whet import *", found)
    assert set(whet.__all__) <= set(found)


def test_modules_are_still_found_by_import() -> None:
    """`whet.recipe` is a package of its own, whatever the API offers."""
    assert import_module("whet.recipe").load_recipe is not whet.load_recipe


def test_import_and_dir_load_nothing_heavy_and_neither_do_the_functions() -> None:
    """Until they are called."""
    words = [sys.executable, "-c", FRESH, json.dumps(HEAVY)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    names, listed, api, used = json.loads(done.stdout)
    assert {"train", "Problem"} <= set(names)
    assert (listed, api, used) == ([], True, [])
