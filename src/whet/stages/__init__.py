"""The stages of a run, in the order they happen: check, warm_start, fine_tune, and measure between them."""
