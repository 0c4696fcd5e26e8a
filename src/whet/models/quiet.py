"""Libraries that keep to themselves what is not for the user: progress bars and advice."""

import logging as standard_logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """transformers, peft and bitsandbytes without progress bars and warnings while the block lasts. Errors still raise.

    Their first import belongs inside: peft imports bitsandbytes wherever it is installed, which warns of kernels on the
    hub that it cannot have, on CPUs with bfloat16 instructions.
    """
    from transformers import modeling_gguf_pytorch_utils as gguf_reader
    from transformers.utils import logging

    verbosity, bars, bar = logging.get_verbosity(), logging.is_progress_bar_enabled(), gguf_reader.tqdm
    quantizer = standard_logging.getLogger("bitsandbytes")
    level = quantizer.level
    quantizer.setLevel(standard_logging.ERROR)
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
        quantizer.setLevel(level)
        if bars:
            logging.enable_progress_bar()
