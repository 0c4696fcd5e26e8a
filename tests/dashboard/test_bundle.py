"""The page's modules become one script without imports that runs them in order."""

import re

import pytest

from whet.dashboard import bundle as module
from whet.dashboard.bundle import bundle, static

FILES = {
    "main.js": """// Main.
import { twice, more as extra } from "./sub/number.js";
import "./effect.js";
import * as all from "./text.js";

export function start() {
  return twice(extra) + all.word;
}
""",
    "sub/number.js": """import {
  word,
} from "../text.js";
export const twice = (x) => 2 * x;
export const more = word.length;
""",
    "effect.js": "globalThis.seen = true;\n",
    "text.js": "const own=1;export{own as word};\n//# sourceMappingURL=text.js.map\n",
}


@pytest.fixture
def _files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "static", FILES.__getitem__)


@pytest.mark.usefixtures("_files")
def test_what_is_imported_comes_first_and_once() -> None:
    script = bundle("main.js")
    assert re.findall(r"^const (m_\w+) =", script, re.MULTILINE) == ["m_text", "m_sub_number", "m_effect", "m_main"]


@pytest.mark.usefixtures("_files")
def test_imports_and_exports_become_plain_names() -> None:
    script = bundle("main.js")
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    assert "const { twice, more: extra } = m_sub_number;" in script
    assert "const all = m_text;" in script
    assert "return { word: own };" in script
    assert "return { twice: twice, more: more };" in script
    assert "sourceMappingURL" not in script


def test_the_report_is_one_script_that_no_element_ends() -> None:
    script = bundle("report.js")
    assert not re.search(r"^\s*(import|export)\b[ {]", script, re.MULTILINE)
    assert "</script" not in script.lower()
    assert "<!--" not in script
    assert script.count("const m_vendor_lit_html =") == 1


def test_the_page_itself_is_read_from_the_package() -> None:
    assert static("index.html").startswith("<!doctype html>")
