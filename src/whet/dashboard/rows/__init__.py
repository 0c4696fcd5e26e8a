"""What the page, `whet show` and the report show of a run, as JSON-serialisable dicts: one function per view.

Shares are fractions, times are seconds, steps count from 0, what is absent is None. A share with its interval is
`{"value", "low", "high", "right", "n"}` (Wilson, 95 %).
"""
