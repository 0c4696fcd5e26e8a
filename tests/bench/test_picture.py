"""Pictures are SVG, the same bytes for the same figures, and name who took part."""

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")
from benchmarks.picture import bars, curves
from benchmarks.table import Bar, Table
from whet.errors import UserError

BARS = Table("t", "Seconds", ["", "s"], [], {}, [Bar("whet", 1.0, 0.9, 1.2), Bar("other", 5.0, 4.0, 6.0)])


def result(factor: float) -> dict[str, Any]:
    return {"seconds": [factor, factor], "rewards": [0.2, 0.4], "exams": {0: 0.1, 2: 0.5}}


CURVES = Table("t", "", [], [], {"target": 0.4, "contenders": {"whet": [result(1.0)] * 2, "other": [result(6.0)]}})


@pytest.mark.parametrize(("draw", "table"), [(bars, BARS), (curves, CURVES)])
def test_the_same_figures_give_the_same_picture(draw: Any, table: Table, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        draw(table, tmp_path / "new" / name)
    first, second = ((tmp_path / "new" / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second
    assert b"<svg" in first


def test_without_matplotlib_the_fix_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"pip install 'whet\[bench\]'"):
        bars(BARS, tmp_path / "a.svg")
