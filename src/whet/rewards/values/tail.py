r"""Reads what stands behind a number: a unit, prose, or a word that makes another value of it.

`5 cm`, `5 apples in total` and `36 more votes to reach 100` state the number before; `9 squared`, `5 hundredths` and
`82 or 83` do not.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from whet.rewards.units import CANONICAL, CURRENCIES, SYMBOLS, VARIABLES, Unit, factor, known_unit, read_unit


@dataclass(frozen=True, slots=True)
class Tail:
    """The unit behind a number, or else the nouns behind it."""

    unit: Unit = ()
    nouns: frozenset[str] = frozenset()

    def factor_to(self, gold: "Tail") -> Fraction | None:
        """What a number with this tail is multiplied by to compare it with the gold one; None for another dimension.

        A bare number stands for any unit. Where both have nouns, they must have one in common.
        """
        if self == gold or BARE in (self, gold):
            return Fraction(1)
        if self.nouns & gold.nouns:
            return Fraction(1)
        given, wanted = self._as_unit(), gold._as_unit()
        return factor(given, wanted) if given and wanted else None

    def _as_unit(self) -> Unit:
        """The unit; where it is in no table here, the first noun that pint knows."""
        return self.unit or next(filter(None, map(known_unit, sorted(self.nouns))), ())


BARE = Tail()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHANGES = _words(
    "squared cubed half halves third thirds fourths fifths sixths sevenths eighths ninths tenths hundredths "
    "thousandths millionths factorial power root mod modulo plus minus divided multiplied remainder negative choose "
    "log ln sin cos tan sec cot exp sqrt below under dozen dozens hundred hundreds thousand thousands million "
    "lakh lakhs crore crores doubled tripled quadrupled halved millions billion billions trillion trillions score "
    "gross not no never neither nor none wrong incorrect false "
    "isn't wasn't instead"
)
"""Words that make another value of the number before them, or take it back."""
_ALSO_NOUNS = frozenset({"half", "third", "under", "below"})
"""Those that mean nothing of the kind further behind."""
_CHOICES = _words(
    "or and but either else then otherwise alternatively maybe perhaps possibly versus vs than rather instead "
    "though although however unless if through thru until till also wait actually"
)
"""Words after which another number is another answer."""
_PREPOSITIONS = _words("after in for over by at with within during before on of per from every the all these those")
"""Words behind which a number belongs to something else than the answer."""
_FUNCTION_WORDS = _words(
    "a an the in on at by of to for from per each every all total totals altogether overall left remaining over "
    "more less fewer extra other others another same exactly only just about approximately roughly around long wide "
    "tall high deep old away apart far so as is are was were be been being will would can could should must has "
    "have had that this these those it its they them their he him his she her we our you your i with without "
    "between among into onto out up down off than then there here when where while which who whom whose what how "
    "and or if per answer units unit whole different possible needed required worth ones one"
)
_SPELLED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
NUMBER_WORDS = tuple(_SPELLED.split())
"""Zero to nineteen, then the tens."""
_SCALES = re.compile("\\s*(?:[万亿萬億만억半倍]|[百千](?![米克瓦]))")
"""Chinese, Japanese and Korean words that make another value of the number right before them."""
_COUNTED = frozenset(NUMBER_WORDS) - {"one"}
"""Those that are never a pronoun."""
_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d[\d,.:]*|\S")
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
"""Chinese, Japanese and Korean writing, in which a single character is a word."""
_PUNCTUATION = frozenset("。、，()[].,;:'\"!?/$-#–—…✅✔✓&")
_UNIT_NOTATION = (
    (re.compile(r"\\frac\s*\{((?:[^{}\d\\]|\\text\s*\{[^{}]*\})+)\}\s*\{((?:[^{}]|\{[^{}]*\})+)\}"), r" \1/\2"),
    (re.compile(r"\\Omega(?![A-Za-z])|\u2126"), "Ω"),
    (re.compile(r"\\mu\s*\\text\s*\{\s*([A-Za-z]+)\s*\}"), r"µ\1"),
    (re.compile(r"\\mu\s*(?=[A-Za-z])|\u03bc"), "µ"),
    (re.compile(r"(?<=[A-Za-z\d}])\s*\\cdot\s*(?=\\text|[A-Za-z])"), " "),
)
"""Notation within a unit, and what stands for it: `\\frac{m}{s^2}` is `m/s^2`."""
_TEXT = re.compile(r"\\text\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_HARMLESS = re.compile(r"\bwith no\b|\bnot (?:counting|including)\b|\bno (?:more|longer)\b", re.IGNORECASE)
_BOUND = re.compile(
    r"\s*(?:or|and)\s+(?:more|less|fewer|above|below|over|under|\w+er|up|so)\b|.*\bat\s+(?:least|most)\b", re.IGNORECASE
)
"""What makes a bound of a number: 5 or more, 5 at least."""
_UNFINISHED = re.compile(r"\b(?:and|or)[\s.,]{0,3}$", re.IGNORECASE)
"""A word behind which another number was to follow: `one hundred and`."""
_MOST_WORDS = 40


@lru_cache(maxsize=4096)
def read_tail(text: str, seen: bool = False) -> Tail | None:
    r"""What stands behind a number; None where it changes the number, takes it back or adds another answer.

    `seen` tells that a unit, such as a currency sign, stood before the number.

    >>> read_tail(" cm^2 of tin").unit, read_tail(" apples in total").nouns
    ((('centimeter', 2),), frozenset({'apple'}))
    >>> read_tail(" squared"), read_tail(" or 6"), read_tail("x"), read_tail("!")
    (None, None, None, None)
    """
    if not text.strip():
        return BARE
    for pattern, plain in _UNIT_NOTATION:
        text = pattern.sub(plain, text)
    text = _HARMLESS.sub(" ", _TEXT.sub(r" \1 ", text))
    if not text.strip():
        return BARE
    if _UNFINISHED.search(text):
        return None
    if _BOUND.match(text) or _SCALES.match(text):
        return None
    if "\\" in text or "=" in text or text.lstrip()[:1] in "!+*^_<>|{}])" or not _attached(text):
        return None
    unit, rest = read_unit(text)
    nouns = _nouns(rest, unit, seen or bool(unit))
    return None if nouns is None else Tail(unit, frozenset() if unit else frozenset(nouns))


def _attached(text: str) -> bool:
    """Whether letters right behind the digits can be a unit: two letters and more, or one with a power or a noun."""
    letters = re.match(r"[A-Za-z]+", text)
    if not letters:
        return True
    word, behind = letters[0], text[letters.end() :]
    if word in SYMBOLS and len(word) > 1 and word not in VARIABLES:
        return True
    if word.lower() not in CANONICAL and word.lower() not in ("in", "mph", "kmh", "kph", "pm", "am"):
        return bool(len(word) > 2 and known_unit(word))
    return word not in VARIABLES or bool(re.match(r"\s*\^\s*\{?[23]|\s*/|\s+of\b", behind))


def _nouns(text: str, unit: Unit, seen: bool) -> set[str] | None:
    """The nouns of the prose behind a number and its unit; None where it is none. `seen`: a unit stood before."""
    tokens = _TOKEN.findall(text)
    words: list[str] = []
    nouns: set[str] = set()
    if len(tokens) > _MOST_WORDS:
        return None
    for place, token in enumerate(tokens):
        word = token.lower()
        if token[0].isdigit() or not _COUNTED.isdisjoint(word.split("-")):
            if not (seen or nouns) or not _belongs(
                words, tokens[place - 1], tokens[place + 1 : place + 2], nouns | {name for name, _ in unit}
            ):
                return None
        elif not token[0].isalpha():
            if token not in _PUNCTUATION:
                return None
            continue
        elif (word in _CHANGES and not (nouns and word in _ALSO_NOUNS)) or not _is_word(token):
            return None
        elif word not in _FUNCTION_WORDS | _CHOICES | _PREPOSITIONS:
            nouns.add(_stem(word))
        words.append(word)
    return nouns


def _belongs(words: list[str], before: str, behind: list[str], taken: set[str]) -> bool:
    """Whether a number behind these words is part of the prose, as in `after 60 days` or `to reach 100`.

    It must count something of its own: what counts the same as the answer is another answer.
    """
    if not words or not before.isalpha() or _CHOICES.intersection(words):
        return False
    if len(words) > 1 and words[-2] == "to":
        return True
    own = behind[0].lower() if behind and behind[0].isalpha() else ""
    if not own or words[-1] not in _PREPOSITIONS:
        return False
    return CANONICAL.get(own, _stem(own)) not in taken | CURRENCIES


def _is_word(token: str) -> bool:
    """Letters that are no variable: one letter only where it is a word."""
    return (
        token in ("a", "A", "I", "pm", "PM")
        or _IDEOGRAPHS.match(token) is not None
        or (
            len(token) > 1
            and (
                token in SYMBOLS
                or not token.isascii()
                or bool(re.search("[aeiouyAEIOUY]", token))
                or token.lower() in CANONICAL
            )
        )
    )


def _stem(word: str) -> str:
    for ending, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + instead
    return word
