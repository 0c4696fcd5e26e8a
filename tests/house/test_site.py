"""The site is built of every document, without a warning, and its menu names each of them once."""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from house.source import ROOT


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What docs/build_site.py defines."""
    return runpy.run_path(str(ROOT / "docs" / "build_site.py"))


def menu(entries: list[Any]) -> list[str]:
    """The pages of a menu, in order."""
    found: list[str] = []
    for entry in entries:
        (value,) = entry.values() if isinstance(entry, dict) else (entry,)
        found += menu(value) if isinstance(value, list) else [value]
    return found


def test_the_menu_names_every_page_once(script: dict[str, Any]) -> None:
    named = menu(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])
    pages = [place for place in script["pages"]().values() if place.endswith(".md")]
    assert sorted(named) == sorted([*pages, "keys.md"])


def test_links_are_those_of_the_site(script: dict[str, Any]) -> None:
    here = ROOT / "docs" / "how-to" / "page.md"
    text = (
        "[a](../metrics.md#x) [log](../../LOG.md) [code](../../README.md) ![p](../images/x.svg) [w](https://w) [h](#h)"
    )
    expected = "[a](../metrics.md#x) [log](../log.md) code p [w](https://w) [h](#h)"
    assert script["linked"](text, here, script["pages"]()) == expected
    assert script["linked"]("[r](benchmarks/results)", ROOT / "LOG.md", script["pages"]()) == "[r](results/index.md)"


def test_the_page_of_keys_has_them_all(script: dict[str, Any]) -> None:
    page = script["keys_page"]()
    assert "| `grpo.group_size` | G: completions for each prompt" in page
    assert "`rewards[repetition].params.size`" in page
    assert all(line.count(" | ") == 1 for line in page.splitlines() if line.startswith("| `"))


def test_it_is_built_without_a_warning(script: dict[str, Any], tmp_path: Path) -> None:
    script["build"](tmp_path / "site")
    pages = {path.parent.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("index.html")}
    assert {".", "settings", "keys", "how-to/from-trl", "seeds/toy", "results", "log"} <= pages
    home = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert not re.findall(r'(?:src|href)="https?://(?!arxiv|zensical)[^"]*"', home)  # nothing is fetched from elsewhere


def test_a_broken_link_is_a_warning(script: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.md").write_text("# One\n\n[gone](gone.md)\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: One\ndocs_dir: pages\nnav: [index.md]\n")
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode or list(script["complaints"](done.stdout + done.stderr))
