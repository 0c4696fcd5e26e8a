"""Whether a warm start cost reasoning: fewer problems right anywhere after it than before."""

from whet.diagnose.health import Finding
from whet.text import percent

FIXES = {
    False: "set sft.from to own, so that the model's own words are imitated; or fewer sft.steps",
    True: "lower sft.optimizer.learning_rate, or fewer sft.steps",
}
"""By whether the model's own answers were imitated."""


def reasoning_lost(before: float, after: float, low: float, high: float, *, own: bool, steps: int) -> Finding | None:
    """Returns the finding where lenient accuracy fell and its paired interval excludes 0; None otherwise.

    Args:
        before: lenient accuracy of the base model, between 0 and 1.
        after: the same after the warm start, on the same problems.
        low: the lower end of the 95 % interval of the paired difference.
        high: its upper end.
        own: whether the model's own answers were imitated.
        steps: the number of steps of the warm start.
    """
    if high >= 0:
        return None
    sentence = (
        f"the warm start cost reasoning: right anywhere fell from {percent(before)} to {percent(after)} of held-out "
        f"problems (difference {100 * low:+.1f} to {100 * high:+.1f} points)."
    )
    return Finding(steps, "warm_start_cost", before - after, 0.0, sentence, FIXES[own])
