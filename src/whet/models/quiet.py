"""Libraries that keep to themselves what is not for the user: progress bars and advice."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """transformers and peft without progress bars and warnings while the block lasts. Errors still raise."""
    from transformers import modeling_gguf_pytorch_utils as gguf_reader
    from transformers.utils import logging

    verbosity, bars, bar = logging.get_verbosity(), logging.is_progress_bar_enabled(), gguf_reader.tqdm
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    gguf_reader.tqdm = logging.tqdm  # the reader's own bar knows no switch; this one heeds the one above
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        gguf_reader.tqdm = bar
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
