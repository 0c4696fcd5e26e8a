"""Deterministic kernels within a block; settings of before come back."""

import os

import pytest
import torch

from whet.compute.determinism import WORKSPACE, deterministic, fix_workspaces


def test_within_the_block_only() -> None:
    with deterministic():
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
    with pytest.raises(ZeroDivisionError), deterministic():
        raise ZeroDivisionError
    assert not torch.are_deterministic_algorithms_enabled()


def test_workspaces_are_fixed_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WORKSPACE, raising=False)
    fix_workspaces()
    assert os.environ[WORKSPACE] == ":4096:8"
    monkeypatch.setenv(WORKSPACE, ":16:8")
    fix_workspaces()
    assert os.environ[WORKSPACE] == ":16:8"
