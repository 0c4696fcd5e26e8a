"""The hub, played by a stand-in: what is asked of it, and what is said when it fails."""

from typing import Any

import datasets
import huggingface_hub
import pytest
from huggingface_hub.errors import RepositoryNotFoundError

from whet.data import hub_dataset as hub
from whet.data.hub_dataset import hub_rows
from whet.errors import UserError


class Answer:
    """What an HTTP library says of a refusal, as far as anyone looks."""

    headers: dict[str, str] = {}  # noqa: RUF012
    status_code = 404
    request = None


def reach(monkeypatch: pytest.MonkeyPatch, failure: Exception | None = None) -> None:
    """The hub answers, refuses, or is not there."""

    def dataset_info(self: Any, name: str, timeout: float) -> None:
        assert timeout <= 10
        if failure:
            raise failure

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", dataset_info)


def offline() -> tuple[bool, bool]:
    return huggingface_hub.constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE


def test_rows_are_numbered_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, config: str | None, split: str) -> datasets.Dataset:
        return datasets.Dataset.from_list([{"name": name, "config": str(config)}, {"name": split, "config": ""}])

    reach(monkeypatch)
    monkeypatch.setattr(datasets, "load_dataset", load)
    rows = list(hub_rows("owner/set", "main", "train"))
    assert rows == [(1, {"name": "owner/set", "config": "main"}), (2, {"name": "train", "config": ""})]


@pytest.mark.parametrize(
    ("failure", "cache_only"),
    [
        (None, False),
        (RepositoryNotFoundError("no such set", response=Answer()), False),  # type: ignore[arg-type]
        (ConnectionError("no route"), True),
        (TimeoutError(), True),
    ],
)
def test_out_of_reach_only_the_cache_is_asked(
    monkeypatch: pytest.MonkeyPatch, failure: Exception | None, cache_only: bool
) -> None:
    seen: list[tuple[bool, bool]] = []

    def load(*_: Any, **__: Any) -> datasets.Dataset:
        seen.append(offline())
        return datasets.Dataset.from_list([])

    before = (False, False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    reach(monkeypatch, failure)
    monkeypatch.setattr(datasets, "load_dataset", load)
    hub_rows("owner/set", None, "train")
    assert seen == [(cache_only, cache_only)]
    assert offline() == before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionError("could not reach the hub\nTraceback and more"), "could not reach the hub; check"),
        (TimeoutError(), "TimeoutError; check"),
        (
            ValueError("Unknown split 'dev'. Should be one of ['train']."),
            "Should be one of ['train'].; check",
        ),
        (
            ValueError("Config name is missing.\nPlease pick one among the available configs: ['a', 'b']\nExample: x"),
            "Config name is missing. Please pick one among the available configs: ['a', 'b']; check",
        ),
    ],
)
def test_a_failure_is_one_line_with_the_fix(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(hub, "_within_reach", lambda name: True)
    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(UserError) as refusal:
        hub_rows("owner/set", None, "train")
    text = str(refusal.value)
    assert text.startswith("name: 'owner/set' (split 'train') did not load from the hub: ")
    assert said in text
    assert "give a local file or folder" in text
    assert "\n" not in text
