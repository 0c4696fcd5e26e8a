"""The hub: there, out of reach, switched off; no test asks it."""

from pathlib import Path

import pytest

from whet.doctor.network_findings import network_findings
from whet.models import packaged


def refuse() -> object:
    raise OSError("Name or service not known")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WHET_CACHE", str(tmp_path))


def test_a_hub_that_answers() -> None:
    hub, _, model = network_findings(lambda: None)
    assert (hub.state, hub.value, hub.figures) == ("ok", "reachable", {"reachable": True})
    assert (model.figures["cached"], "93 MB" in model.value) == (False, True)


def test_a_hub_out_of_reach_is_no_fault() -> None:
    hub, *_ = network_findings(refuse)
    assert (hub.state, hub.figures) == ("note", {"reachable": False})
    assert "Name or service not known" in hub.value
    assert "HTTPS_PROXY" in (hub.fix or "")


def test_a_hub_switched_off_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub, *_ = network_findings(lambda: pytest.fail("it was asked"))
    assert (hub.fix, "switched off" in hub.value) == ("unset HF_HUB_OFFLINE", True)


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefgh12345678")
    for finding in network_findings(lambda: None):
        assert "hf_abc" not in str(finding.as_dict())
    assert [one.value for one in network_findings(lambda: None)][1] == "there"


def test_the_packaged_model_is_found_in_the_cache() -> None:
    packaged.MODELS[0].folder.mkdir(parents=True)
    *_, model = network_findings(lambda: None)
    assert model.figures == {"cached": True}
