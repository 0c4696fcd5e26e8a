"""axe-core finds no serious fault on any view of the page or in the report, in light and dark."""

from pathlib import Path
from typing import Any

import pytest

from browser.conftest import Reader, Served
from whet.dashboard.run_report import report

pytestmark = pytest.mark.browser

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
VIEWS = (
    "runs",
    "overview",
    "curves&finding=truncated-2",
    "rollouts",
    "rollouts&group=1&card=1&table=1",
    "rollouts&tint=advantage&step=4",
    "find",
    "find&q=carry",
    "problems",
    "evaluation",
    "cost",
    "check",
    "recipe&all=1",
    "chat",
)


RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
"""What axe looks for by theme: in the other colours, colours alone."""


def faults(reader: Reader, theme: str = "light") -> list[str]:
    """The serious and critical faults that axe finds in what is shown."""
    reader.page.evaluate(AXE.read_text("utf-8") + "\n;0")
    asked = {"resultTypes": ["violations"], **RULES[theme]}
    found = reader.page.evaluate("asked => axe.run(document, asked).then(r => r.violations)", asked)
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])}) {one['nodes'][0]['failureSummary'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_view_has_a_serious_fault(chromium: Any, served: Served, theme: str) -> None:
    reader = Reader(chromium, served, theme=theme).open()
    found = {}
    for view in VIEWS:
        reader.go(f"run=plain&view={view}")
        found[view] = faults(reader, theme)
    reader.go("run=plain&view=problems")
    reader.page.locator("a.problem-row").first.click()
    reader.page.wait_for_selector(".view.problem .columns")
    found["problem"] = faults(reader.ready(), theme)
    reader.press("?")
    found["keys"] = faults(reader, theme)
    reader.close()
    assert "\n".join(f"{view}: {line}" for view, lines in found.items() for line in lines) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_report_has_no_serious_fault(chromium: Any, served: Served, theme: str, tmp_path: Path) -> None:
    path = report(served.root / "plain", tmp_path / "report.html")
    reader = Reader(chromium, served, theme=theme)
    reader.page.goto(path.as_uri())
    assert faults(reader.ready(), theme) == []
    reader.close()


def test_a_fault_is_found(chromium: Any, served: Served) -> None:
    reader = Reader(chromium, served)
    reader.page.set_content(
        "<html lang=en><title>x</title><main><h1>x</h1><img src=data:,><p style='color:#ccc'>pale</p></main>"
    )
    assert {line.partition(":")[0] for line in faults(reader)} >= {"image-alt", "color-contrast"}
    reader.close()
