"""Libraries that keep to themselves what is not for the user."""

import logging as standard_logging
import warnings

import pytest
from transformers import modeling_gguf_pytorch_utils as gguf_reader
from transformers.utils import logging

from whet.models.quiet import quiet


def test_bars_and_warnings_are_silent_inside_and_back_afterwards(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.get_logger("transformers.test")
    bars, verbosity, bar = logging.is_progress_bar_enabled(), logging.get_verbosity(), gguf_reader.tqdm
    logging.set_verbosity_warning()
    logging.enable_progress_bar()
    try:
        with warnings.catch_warnings(record=True) as warned, quiet():
            logger.warning("advice")
            warnings.warn("deprecated", FutureWarning, stacklevel=1)
            list(logging.tqdm(range(3)))
            list(gguf_reader.tqdm(range(3)))
        assert (warned, caplog.messages, capsys.readouterr().err) == ([], [], "")
        logger.warning("a warning that counts")
        list(logging.tqdm(range(3)))
        assert (caplog.messages, "3/3" in capsys.readouterr().err) == (["a warning that counts"], True)
    finally:
        logging.set_verbosity(verbosity)
        (logging.enable_progress_bar if bars else logging.disable_progress_bar)()
    assert gguf_reader.tqdm is bar


def test_errors_still_raise_and_settings_come_back() -> None:
    verbosity = logging.get_verbosity()
    with pytest.raises(ValueError, match="loud"), quiet():
        raise ValueError("loud")
    assert logging.get_verbosity() == verbosity


def test_bitsandbytes_is_silent_inside_and_heard_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    logger = standard_logging.getLogger("bitsandbytes.backends.cpu.ops")
    with quiet():
        logger.warning("no kernel from the hub")
    assert caplog.messages == []
    logger.warning("a warning that counts")
    assert caplog.messages == ["a warning that counts"]
