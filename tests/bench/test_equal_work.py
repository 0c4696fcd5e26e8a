"""Ratios and η by hand, of contenders that say what they were told to."""

from dataclasses import asdict
from typing import Any

import pytest

from bench_fakes import Fake, steps
from benchmarks.equal_work import equal_work, limit_of
from benchmarks.work import Work
from whet.compute.limit import Machine, Shape

SHAPE = Shape(body=100, head=20, layers=1, heads=1, kv_heads=1, head_size=1, bytes_per_weight=2)
MACHINE = Machine(flops=1000.0, bandwidth=1e9)
WORK = Work(prompts=2, group=3, prompt_tokens=10, tokens=4)


def test_the_limit_is_the_formulas_of_the_limit_model() -> None:
    """Q 2, G 3, P 10, C 4; compute-bound throughout; a = 4."""
    found = limit_of(SHAPE, MACHINE, WORK)
    prefill = (2 * 100 * 20 + 4 * 2 * 50 + 2 * 20 * 2) / 1000
    decode = 4 * 2 * 120 * 6 / 1000 + 4 * 6 * (40 + 8) / 1000
    learn = (6 * 100 * 2 * (10 + 12) + 6 * 20 * 24 + 3 * 4 * (6 * 48 + 2 * 50)) / 1000
    assert found["rollout"] == pytest.approx(prefill + decode)
    assert found["learn"] == pytest.approx(learn)
    assert found["optimizer"] == pytest.approx(28 * 120 / 1e9)
    assert found["step"] == pytest.approx(prefill + decode + learn + 28 * 120 / 1e9)


def test_medians_ratios_and_efficiency() -> None:
    limit = limit_of(SHAPE, MACHINE, WORK)["step"]

    def whet(work: Any) -> dict[str, Any]:
        assert work == {"model": "m", "work": asdict(WORK), "steps": 3}
        took = steps(2 * limit, 2 * limit, 3 * limit)
        return {"steps": took, "peak_gib": 1.25, "shape": asdict(SHAPE), "machine": asdict(MACHINE)}

    other = Fake("other", lambda work: {"steps": steps(8 * limit), "peak_gib": 2.0})
    said: list[str] = []
    table = equal_work([Fake("whet", whet), other], "m", WORK, 2, 3, said.append)  # type: ignore[list-item]
    first, second = table.rows
    assert first[0] == "whet"
    assert first[1] == f"**{2 * limit:.2f}** [{2 * limit:.2f}, {3 * limit:.2f}]"
    assert first[-3:] == ["1.2", "**0.50**", "1.0"]
    assert second[-3:] == ["2.0", "**0.12**", "4.0"]
    assert first[5] == f"{24 / (2 * limit):.0f}"
    assert [bar.value for bar in table.bars] == pytest.approx([2 * limit, 8 * limit])
    assert len(table.data["contenders"]["whet"]) == 2
    assert table.data["agreement_nats"] == 0.004
