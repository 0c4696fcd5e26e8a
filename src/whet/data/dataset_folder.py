"""Reads folders of data sets, as cloned from the hub or written by `save_to_disk`, through `datasets`."""

from pathlib import Path
from typing import Any

from whet.data.class_labels import label_names, with_names
from whet.data.fault import Rows
from whet.errors import UserError, did_you_mean

SAVED, SAVED_SPLITS = "state.json", "dataset_dict.json"
"""Files by which a folder of `save_to_disk` is known: one split, and several."""


def folder_rows(folder: Path, config: str | None, split: str) -> Rows:
    """The rows of a split of a folder, from 1.

    Raises `UserError` for a folder without data files, a split or a configuration that it lacks, and broken files.
    """
    number = 0
    try:
        dataset = _open(folder, config, split)
        labels = label_names(dataset.features)
        for row in dataset:
            number += 1
            yield number, with_names(dict(row), labels)
    except UserError:
        raise
    except Exception as error:  # the library fails in as many ways as there are formats
        raise UserError(f"{folder} does not load as a data set: {_reason(error)}") from error


def check_folder(folder: Path, config: str | None, split: str) -> None:
    """Raises `UserError` where a folder lacks the split or the configuration; reads no rows."""
    if (folder / SAVED).is_file() or (folder / SAVED_SPLITS).is_file():
        _saved_split(folder, split)
        return
    try:
        from datasets import get_dataset_config_names, get_dataset_split_names

        configs = get_dataset_config_names(str(folder))
        config = _config(folder, configs, config)
        _refuse_absent_split(folder, get_dataset_split_names(str(folder), config), split)
    except UserError:
        raise
    except Exception as error:  # as above
        raise UserError(f"{folder} does not load as a data set: {_reason(error)}") from error


def _open(folder: Path, config: str | None, split: str) -> Any:
    from datasets import Dataset, load_dataset

    if (folder / SAVED).is_file() or (folder / SAVED_SPLITS).is_file():
        return Dataset.load_from_disk(str(_saved_split(folder, split)))
    check_folder(folder, config, split)
    return load_dataset(str(folder), config, split=split, streaming=True)


def _saved_split(folder: Path, split: str) -> Path:
    """The folder of a split that `save_to_disk` wrote: itself, where it holds one split only."""
    if (folder / SAVED).is_file():
        return folder
    _refuse_absent_split(folder, sorted(inner.name for inner in folder.iterdir() if inner.is_dir()), split)
    return folder / split


def _config(folder: Path, configs: list[str], config: str | None) -> str:
    if config is None and len(configs) == 1:
        return configs[0]
    if config not in configs:
        have = f"params.config: {folder} has the configurations {', '.join(configs)}"
        raise UserError(f"{have}; name one{did_you_mean(config or '', configs)}")
    return config


def _refuse_absent_split(folder: Path, splits: list[str], split: str) -> None:
    if split not in splits:
        hint = did_you_mean(split, splits)
        fix = f"name one of them{hint}, or set a share of one aside with params.hold_out"
        raise UserError(f"split: {folder} has no split {split!r}, only {', '.join(splits)}; {fix}")


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
