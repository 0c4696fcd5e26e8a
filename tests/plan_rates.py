"""Rates of a machine that is easy to reckon with."""

from whet.compute.limit import Limit, Machine, Shape
from whet.plan.rates import Rates

LIMIT = Limit(
    Shape(body=1000, head=100, layers=1, heads=1, kv_heads=1, head_size=1, bytes_per_weight=2), Machine(1e6, 1e5)
)
RATES = Rates(
    limit=LIMIT,
    grouped=0.5,
    single=0.25,
    learn=0.2,
    imitate=0.1,
    copy_seconds=1.0,
    optimizer_seconds=2.0,
    grade_seconds=0.5,
    gold_seconds=0.1,
    load_seconds=3.0,
    bytes_per_second=100.0,
)
