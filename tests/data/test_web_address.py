"""Addresses in place of a file's path or a data set's name."""

import pytest

from whet.config import SourceConfig
from whet.data.load_data import check_source
from whet.errors import UserError

DOWNLOAD = "download the file, and give its path"


@pytest.mark.parametrize(
    ("address", "fix"),
    [
        ("https://example.org/train.jsonl", DOWNLOAD),
        ("s3://bucket/train.parquet", DOWNLOAD),
        ("file:///data/train.csv", DOWNLOAD),
        ("https://huggingface.co/datasets/openai/gsm8k", "write openai/gsm8k, the data set's name on the hub"),
        ("https://huggingface.co/datasets/openai/gsm8k/blob/main/a.parquet", "write openai/gsm8k,"),
        ("hf://datasets/openai/gsm8k/main/train.parquet", "write openai/gsm8k,"),
    ],
)
def test_an_address_is_refused_with_what_to_write(address: str, fix: str) -> None:
    with pytest.raises(UserError, match=r"^data\.train\.name: is the address ") as error:
        check_source(SourceConfig(name=address), "data.train")
    assert repr(address) in str(error.value)
    assert fix in str(error.value)


def test_an_address_as_path_is_refused() -> None:
    with pytest.raises(UserError, match=r"^data\.train\.?:? ?path: is the address"):
        check_source(SourceConfig(name="gsm8k", path="https://example.org/a.jsonl"), "data.train")
