"""Suppresses progress bars and warnings of transformers, peft and bitsandbytes."""

import logging as standard_logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses progress bars and warnings of transformers, peft and bitsandbytes in the block; exceptions pass.

    Import them first inside the block: peft imports an installed bitsandbytes, which on CPUs with bfloat16 instructions
    warns of kernels that it could not get from the hub.
    """
    from transformers import modeling_gguf_pytorch_utils as gguf_reader
    from transformers.utils import logging

    verbosity, bars, bar = logging.get_verbosity(), logging.is_progress_bar_enabled(), gguf_reader.tqdm
    quantizer = standard_logging.getLogger("bitsandbytes")
    level = quantizer.level
    quantizer.setLevel(standard_logging.ERROR)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    gguf_reader.tqdm = logging.tqdm  # the reader's own bar has no switch; this one obeys `disable_progress_bar`
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        gguf_reader.tqdm = bar
        logging.set_verbosity(verbosity)
        quantizer.setLevel(level)
        if bars:
            logging.enable_progress_bar()
