"""Figures of probes that tests vary: a healthy one, and one of a model that was never shown the layout."""

from dataclasses import replace

from whet.diagnose.probe import Probe

HEALTHY = Probe(
    problems=32,
    samples=4,
    group_size=8,
    right=85,
    pass_at_1=0.66,
    pass_at_1_interval=(0.56, 0.75),
    pass_at_k=0.9,
    lenient=0.67,
    format_rate=1.0,
    finished_right=0.66,
    truncated=0.0,
    rejected=0.0,
    signal=0.7,
    signal_at_most=0.85,
    mixed=0.85,
    mixed_interval=(0.66, 0.94),
    mean_reward=0.66,
    reward_gap=1.0,
    mean_length=40.4,
)
"""After a good warm start: two of three right, all in the format."""

COLD = replace(
    HEALTHY,
    right=1,
    pass_at_1=1 / 128,
    pass_at_k=1 / 32,
    lenient=0.06,
    format_rate=0.0,
    finished_right=1 / 72,
    truncated=0.44,
    signal=1 / 32,
    mixed=0.06,
    mixed_interval=(0.01, 0.22),
    mean_reward=0.008,
)
"""Prose in place of the layout, nearly half of it without an end."""
