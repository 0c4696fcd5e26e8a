"""Rows, spreads and ratios by hand."""

from typing import Any

from bench_fakes import Fake
from benchmarks.rollouts import rollouts


def test_ratios_are_of_medians() -> None:
    def answer(factor: float) -> Any:
        return lambda work: {"seconds": {str(n): [factor * n, factor * n, 9 * n] for n in work["rows"]}}

    whet, vllm = Fake("whet", answer(0.1)), Fake("vllm", answer(0.25))
    table = rollouts([whet, vllm], "m", [8, 16], 2, 3, lambda text: None)  # type: ignore[list-item]
    assert table.columns == ["", "8 rows", "16 rows"]
    assert table.rows[0] == ["whet", "0.80 [0.80, 72.00]", "1.60 [1.60, 144.00]"]
    assert table.rows[2] == ["vllm / whet", "**2.50**", "**2.50**"]
    assert table.data["given"]["repeats"] == 3


def test_whet_alone_has_no_ratio() -> None:
    table = rollouts(
        [Fake("whet", lambda work: {"seconds": {"8": [1.0]}})],  # type: ignore[list-item]
        "m",
        [8],
        1,
        1,
        lambda text: None,
    )
    assert len(table.rows) == 1
