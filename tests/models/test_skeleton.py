"""How large a model is by its configuration alone."""

import shutil
from pathlib import Path

import pytest

import tiny
from models.hostile import change, large_by_the_book
from whet.errors import UserError
from whet.models.skeleton import numbers_of, refuse_absurd

KIND = "AutoModelForCausalLM"


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def test_a_skeleton_has_the_numbers_of_the_model(folder: Path) -> None:
    model = tiny.tiny_model()
    numbers = sum(one.numel() for one in (*model.parameters(), *model.buffers()))
    assert numbers_of(folder, KIND) == numbers
    refuse_absurd(folder)


def test_a_hundred_billion_weights_are_refused(folder: Path) -> None:
    large_by_the_book(folder)
    # 2 layers of an MLP of three square matrices of 120,000, and some more
    assert numbers_of(folder, KIND) > 2 * 3 * 120_000**2
    with pytest.raises(UserError, match=r"^model.name: .* is refused: config.json speaks of \d+ weights"):
        refuse_absurd(folder, KIND)


def test_what_cannot_be_built_is_left_to_the_loading(folder: Path) -> None:
    change(folder, "config.json", model_type="zebra")
    assert numbers_of(folder, KIND) == 0
    refuse_absurd(folder, KIND)
