"""What each tracker makes of a run, with its library played."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

import fake_trackers
from fake_trackers import Library, Writer, install
from whet.config import TrackerConfig
from whet.errors import UserError
from whet.runs.trackers import TRACKERS, Tracker, has_key, identity, offline_without_key, open_tracker

SETTINGS = {"seed": 0, "model": {"name": "tiny"}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "quick-001"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"created": "2026-11-20"}')
    return folder


def opened(**config: Any) -> Tracker:
    tracker = open_tracker(TrackerConfig(**config), lambda text: None)
    assert tracker is not None
    return tracker


def walk(tracker: Tracker, run: Path) -> None:
    tracker.begin(run, SETTINGS)
    tracker.metrics("sft", 0, {"loss": 2.0})
    tracker.metrics("grpo", 0, {"reward": 0.5, "rewards/accuracy/mean": 0.25})
    tracker.metrics("eval", 1, {"accuracy": 0.75})
    tracker.end()


def test_every_tracker_of_a_recipe_has_its_row() -> None:
    assert set(TRACKERS) == set(get_args(TrackerConfig.model_fields["name"].annotation))


def test_wandb_gets_each_phase_on_its_own_axis(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = install(monkeypatch, "wandb")
    walk(opened(name="wandb", params={"project": "mine", "tags": ["a"]}), run)
    assert library.started["project"] == "mine"
    assert library.started["name"] == "quick-001"
    assert library.started["config"] == SETTINGS
    assert library.started["tags"] == ["a"]
    assert library.started["resume"] == "allow"
    assert library.axes["grpo/*"] == "grpo/step"
    assert {name for name, axis in library.axes.items() if axis is None} == {"sft/step", "grpo/step", "eval/step"}
    assert library.logged == [
        ({"sft/step": 0, "sft/loss": 2.0}, None),
        ({"grpo/step": 0, "grpo/reward": 0.5, "grpo/rewards/accuracy/mean": 0.25}, None),
        ({"eval/step": 1, "eval/accuracy": 0.75}, None),
    ]
    assert library.finished


def test_wandb_is_asked_to_keep_command_line_code_and_terminal_out(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = install(monkeypatch, "wandb")
    walk(opened(name="wandb"), run)
    wishes = {"console": "off", "silent": True, "disable_code": True, "disable_git": True, "x_disable_meta": True}
    assert library.started["settings"] == wishes


def test_a_wish_that_a_version_of_wandb_does_not_know_is_left_out(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings:
        model_fields = {"console": None, "silent": None}  # noqa: RUF012

        def __init__(self, **wishes: Any) -> None:
            self.wishes = wishes

    library = install(monkeypatch, "wandb")
    monkeypatch.setattr(library, "Settings", Settings)
    walk(opened(name="wandb"), run)
    assert library.started["settings"].wishes == {"console": "off", "silent": True}


def test_a_run_that_goes_on_is_the_same_to_wandb_and_another_is_not(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "quick-001"
    other.mkdir(parents=True)
    (other / "manifest.json").write_text('{"created": "2026-11-21"}')
    assert identity(run) == identity(run) != identity(other)
    assert identity(run).startswith("quick-001-")


def test_without_a_key_wandb_stays_offline_and_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, said = install(monkeypatch, "wandb"), []
    tracker = open_tracker(TrackerConfig(name="wandb"), said.append)
    assert tracker is not None
    walk(tracker, run)
    assert library.started["mode"] == "offline"
    assert len(said) == 1
    assert "WANDB_API_KEY" in said[0]
    assert "wandb sync" in said[0]


@pytest.mark.parametrize(
    ("environment", "netrc", "key"),
    [
        ({"WANDB_API_KEY": "x" * 40}, "", True),
        ({}, "machine api.wandb.ai login user password secret\n", True),
        ({}, "machine example.org login user password secret\n", False),
        ({"WANDB_BASE_URL": "https://wandb.mine:8443"}, "machine wandb.mine login user password secret\n", True),
        ({}, "this is no netrc", False),
    ],
)
def test_a_key_is_found_where_wandb_finds_it(
    environment: dict[str, str], netrc: str, key: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, "wandb")
    (tmp_path / "netrc").write_text(netrc)
    for name, value in {**environment, "NETRC": str(tmp_path / "netrc")}.items():
        monkeypatch.setenv(name, value)
    assert has_key() is key
    assert offline_without_key(lambda text: None) == ({} if key else {"mode": "offline"})


def test_what_the_environment_or_the_recipe_says_of_the_mode_counts(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = install(monkeypatch, "wandb")
    walk(opened(name="wandb", params={"mode": "disabled"}), run)
    assert library.started["mode"] == "disabled"
    monkeypatch.setenv("WANDB_MODE", "online")
    assert offline_without_key(lambda text: None) == {}


def test_trackio_gets_the_step_beside_the_figures(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = install(monkeypatch, "trackio")
    walk(opened(name="trackio"), run)
    assert (library.started["project"], library.started["name"]) == ("whet", "quick-001")
    assert library.logged[1] == ({"grpo/reward": 0.5, "grpo/rewards/accuracy/mean": 0.25}, 0)
    assert library.finished


def test_tensorboard_writes_into_the_run_folder(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))  # type: ignore[arg-type]
    walk(opened(name="tensorboard"), run)
    writer = Writer.made.pop()
    assert writer.log_dir == str(run / "tensorboard")
    assert ("grpo/rewards/accuracy/mean", 0.25, 0) in writer.scalars
    assert ("eval/accuracy", 0.75, 1) in writer.scalars
    assert "seed: 0" in writer.texts["recipe"]
    assert writer.closed


@pytest.mark.parametrize(
    ("name", "package"), [("wandb", "wandb"), ("trackio", "trackio"), ("torch.utils.tensorboard", "tensorboard")]
)
def test_a_missing_library_is_refused_with_how_to_get_it(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=rf"run\.trackers: {package} is not installed; `pip install {package}` or take"):
        opened(name=package)
    said: list[str] = []
    assert open_tracker(TrackerConfig(name=package, optional=True), said.append) is None  # type: ignore[arg-type]
    assert len(said) == 1
    assert "the run goes on without it" in said[0]
    assert f"pip install {package}" in said[0]


def test_a_broken_installation_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise AttributeError("module 'numpy' has no attribute 'float_'")

    monkeypatch.setattr("whet.runs.trackers.importlib.import_module", broken)
    with pytest.raises(UserError, match=r"run\.trackers: wandb: module 'numpy' has no attribute 'float_'; `pip"):
        opened(name="wandb")


def test_a_parameter_that_the_library_does_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "wandb")
    with pytest.raises(UserError, match=r"run\.trackers: wandb takes no parameter 'projct'; did you mean project\?"):
        opened(name="wandb", params={"projct": "mine"})


def test_a_library_that_takes_anything_takes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    class Anything(Library):
        def init(self, **given: Any) -> "Library":
            return self

    monkeypatch.setitem(sys.modules, "trackio", Anything(fake_trackers.none))
    opened(name="trackio", params={"whatever": 1})
