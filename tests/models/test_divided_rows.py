"""Tensors that processes divide by rows: made whole, and rows of whole ones."""

from typing import Any

import numpy as np
import torch
from torch.distributed.tensor import Shard, distribute_tensor

from ranks import in_processes
from whet.compute.processes import mesh
from whet.models.divided_rows import is_shard, own_rows, shard_like, whole_tensor, whole_tensors

WHOLE = torch.arange(10.0).view(5, 2)


def _divided() -> Any:
    return distribute_tensor(WHOLE.clone(), mesh(torch.device("cpu")), [Shard(0)], src_data_rank=None)


def _made(_: None = None) -> dict[str, Any]:
    divided = _divided()
    own_rows(divided).mul_(2)  # in the same memory
    return {
        "own": own_rows(divided).tolist(),
        "whole": whole_tensor(divided).numpy(),
        "kept": {name: one.numpy() for name, one in whole_tensors({"a": divided, "b": torch.ones(1)}, True).items()},
        "unkept": whole_tensors({"a": divided}, False),
        "again": own_rows(shard_like(WHOLE, divided)).tolist(),
        "count": shard_like(torch.tensor(3.0), divided).tolist(),  # of another shape
        "known": is_shard(divided),
    }


def test_rows_are_divided_and_put_together() -> None:
    """Five rows: three and two."""
    first, second = in_processes(2, _made)
    assert first["own"] == [[0, 2], [4, 6], [8, 10]]
    assert second["own"] == [[12, 14], [16, 18]]
    assert (first["again"], second["again"]) == ([[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9]])
    for found in (first, second):
        np.testing.assert_array_equal(found["whole"], 2 * WHOLE.numpy())
        np.testing.assert_array_equal(found["kept"]["a"], 2 * WHOLE.numpy())
        assert found["kept"]["b"].tolist() == [1.0]
        assert (found["unkept"], found["count"], found["known"]) == ({}, 3.0, True)


def test_a_plain_tensor_is_what_it_is() -> None:
    tensor = torch.ones(2)
    assert not is_shard(tensor)
    for of in (whole_tensor, own_rows):
        assert of(tensor) is tensor
    assert shard_like(tensor, tensor) is tensor
