"""Reads times of day, `3:30 pm`, and ratios, `3:2`."""

import re
from dataclasses import dataclass
from fractions import Fraction

_TIME = re.compile(
    r"(?:at\s+)?(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d))?(?::(?P<second>[0-5]\d))?\s*"
    r"(?:(?P<half>[ap])\.?\s?m\b\.?|(?P<noon>noon)|(?P<midnight>midnight)|(?:o'clock|h|hrs)(?=$))?",
    re.IGNORECASE,
)
_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")
_TO = r"\s*(?::|\\colon\b|\bto\b|\\text\s*\{\s*to\s*\})\s*"
_RATIO = re.compile(rf"(\d+(?:\.\d+)?){_TO}(\d+(?:\.\d+)?)(?:{_TO}(\d+(?:\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day as written."""

    hour: int
    minute: int
    second: int
    half: str = ""
    """`a` or `p` for am or pm; empty where neither is said."""

    def equals(self, gold: "Time") -> bool:
        """Whether two times are one: 15:30 is 3:30 pm; 3:30 may be am or pm, but is not 15:30."""
        if (self.minute, self.second) != (gold.minute, gold.second):
            return False
        if (self.half and gold.half) or self._by_24 or gold._by_24:
            return self._of_day == gold._of_day
        return self.hour == gold.hour

    @property
    def _by_24(self) -> bool:
        return not self.half and (self.hour > 12 or self.hour == 0)

    @property
    def _of_day(self) -> int:
        return self.hour if not self.half else self.hour % 12 + 12 * (self.half == "p")


def read_time(text: str) -> Time | None:
    """A time in plain notation; None for anything else, and for an hour alone without am or pm.

    >>> read_time("3:30 p.m."), read_time("3")
    (Time(hour=3, minute=30, second=0, half='p'), None)
    """
    text = _TEXT.sub(r" \1", text).strip()
    found = _TIME.fullmatch("12 " + text if text.lower() in ("noon", "midnight") else text)
    if not found or int(found["hour"]) > 24:
        return None
    half = "p" if found["noon"] else "a" if found["midnight"] else (found["half"] or "").lower()
    if (not half and not found["minute"]) or (half and not 1 <= int(found["hour"]) <= 12):
        return None
    return Time(int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0), half)


def read_ratio(text: str) -> tuple[Fraction, ...] | None:
    """A ratio of two or three numbers, scaled so that the first is 1; None for anything else.

    >>> read_ratio("6:4") == read_ratio("3 : 2"), read_ratio("3/2")
    (True, None)
    """
    found = _RATIO.fullmatch(text.strip())
    numbers = [Fraction(number) for number in found.groups() if number] if found else []
    return tuple(number / numbers[0] for number in numbers) if numbers and numbers[0] else None
