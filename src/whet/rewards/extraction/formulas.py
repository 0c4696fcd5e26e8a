"""Finds the formulas of a text, and those that stand beside each other as two answers."""

import re

from whet.rewards.extraction.circumstances import COPULA
from whet.rewards.extraction.hedges import joins

MATHS = re.compile(r"\$\$?([^$]+)\$\$?(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
"""A formula; a dollar sign before a digit is money, and closes none."""


def inside(formula: re.Match[str]) -> str:
    """A formula without its marks."""
    return str(next(filter(None, formula.groups()))).strip()


def beside(claim: str, formula: re.Match[str]) -> bool:
    """Whether another formula stands right before one, as an answer, with no more than a comma between."""
    before = list(MATHS.finditer(claim[: formula.start()]))
    lead = claim[: before[-1].start()] if before else ""
    if not before or (lead.strip() and not COPULA.search(lead)):
        return False
    gap = claim[before[-1].end() : formula.start()]
    return joins(gap) and bool(gap.strip()) and "".join(before[-1][0].split()) != "".join(formula[0].split())
