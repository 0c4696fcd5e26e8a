"""An answer as it was found in a completion: by which rule, and what it can be compared as."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What kind of answer is looked for: a sentence is read for a number or a letter only where the gold is one."""

    NUMBER = "a number"
    """A number without a unit, so that what is found may lose its unit."""
    AMOUNT = "a number with a currency or percent sign"
    """As a number, but a unit behind what is found counts: `4.50 cents` is no $4.50."""
    LETTER = "the letter of an option"
    SINGLE = "one formula, word or quantity"
    SEVERAL = "several values, a set or an interval"
    ANY = "any"
    """The gold answer is not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a completion where the answer can stand."""

    rule: str
    """The rule that found it."""
    start: int
    end: int
    text: str
    """What stands there, with a sign or factor around the mark put back: `-256` for `-\\boxed{256}`."""
    notes: tuple[str, ...] = ()
    """What stood around it."""
    strong: bool = True
    """Whether the place is marked as the final answer: of all such places, the last one counts."""
    refused: str = ""
    """Why no answer can be taken from it."""

    def holds(self, other: "Place") -> bool:
        """Whether another place lies within this one, as a box within `The answer is …`."""
        return self.start <= other.start < self.end


@dataclass(frozen=True, slots=True)
class Reading:
    """What the text of a place says."""

    forms: tuple[str, ...] = ()
    """What it can be compared as, the most literal first; empty where it holds no answer, such as `\\boxed{?}`."""
    notes: tuple[str, ...] = ()
    refused: str = ""
    """Why it is no answer: two answers for one, or a negation."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The answer of a completion with its evidence."""

    rule: str
    """The rule that found it, such as `\\boxed` or `last sentence`."""
    text: str
    """What stands there."""
    forms: tuple[str, ...] = ()
    """What it can be compared as, the most literal first."""
    notes: tuple[str, ...] = ()
    """What stood around it: a sign, a label, a sentence, emphasis, a closing brace that never came."""
    refused: str = ""
    """Why it is no answer; nothing is compared then."""
    strict: bool = False
    """Whether it stands in the place that the response format has for it."""

    @property
    def given(self) -> str:
        """What a problem's own verifier gets: the answer as it stands in the format, or else its shortest form."""
        return self.text if self.strict else self.answer

    @property
    def answer(self) -> str:
        """The shortest form: the number of a sentence, the letter of an option."""
        return self.forms[-1] if self.forms else self.text
