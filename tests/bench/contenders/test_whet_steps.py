"""Whet at equal work, on a tiny model."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.contenders import whet_steps


def test_every_counted_step_and_its_phases(work: dict[str, Any]) -> None:
    found = whet_steps.main(work)
    assert len(found["steps"]) == 2
    for step in found["steps"]:
        assert step["step"] == pytest.approx(step["rollout"] + step["learn"] + step["optimizer"])
        assert min(step["rollout"], step["learn"], step["optimizer"]) > 0
        assert 0 <= step["agreement"] < 0.05
    assert found["shape"]["layers"] == 2
    assert found["machine"]["flops"] > 0
    assert found["peak_gib"] > 0


@pytest.mark.parametrize("asked", [None, "always"])
def test_the_learner_is_compiled_where_it_is_asked_for(
    asked: str | None, work: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU nothing is, whatever is asked: the question is put as a run puts it."""
    settings: list[str] = []
    monkeypatch.setattr(
        whet_steps, "compile_where_it_pays", lambda policy, config, log: settings.append(config.model.compile)
    )
    found = whet_steps.main(work | ({"compile": asked} if asked else {}))
    assert settings == [asked or "never"]
    assert found["compiled"] is False
    assert found["micro_batch_tokens"] > 0


def test_a_response_of_another_length_is_refused(work: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(whet_steps.NativeSampler):
        def generate(self, requests: Any, params: Any) -> Any:
            return super().generate(requests, replace(params, max_tokens=params.max_tokens - 1))

    monkeypatch.setattr(whet_steps, "NativeSampler", Short)
    with pytest.raises(SystemExit, match="4 tokens long"):
        whet_steps.main(work)
