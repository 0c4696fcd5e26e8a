"""Words of other languages than English that negate, bound or choose, a row for each language.

Without them `nicht 18`, `plus de 18`, `不到18` and `18 oder 20` would be read as 18.
"""

from typing import NamedTuple

_WHOLE = r"\b"


class Words(NamedTuple):
    """Patterns of one language; each matches whole words where its script has spaces."""

    negation: str
    """What before a number says that it is not the answer."""
    bound: str
    """What before a number makes a bound of it."""
    choice: str
    """Words, with a space between them, that make a hedge of any text with two values."""
    behind: str = ""
    """What right behind a number takes it back, bounds it or makes another number of it."""
    part: str = ""
    """What before a number makes another number of it."""


LANGUAGES: dict[str, Words] = {
    "de": Words(
        r"\b(?:nicht|kein\w*|niemals)",
        r"\b(?:mehr als|weniger als|größer als|kleiner als|höchstens"
        r"|mindestens|maximal|minimal|zwischen(?: \S+ und)?|über|unter|fast)",
        "oder entweder vielleicht beziehungsweise bzw",
        part=r"\b(?:hälfte von|das doppelte von|doppelt)",
    ),
    "fr": Words(
        r"\b(?:n['’]est pas|ne sont pas|pas|jamais)",
        r"\b(?:plus de|moins de|plus grande? que|plus petite? que|supérieure? à|inférieure? à"
        r"|au moins|au plus|entre(?: \S+ et)?|presque)",
        "ou soit",
        part=r"\b(?:moitié de|double de|tiers de|quart de)",
    ),
    "es": Words(
        r"\b(?:no es|no son|nunca)",
        r"\b(?:más de|menos de|mayor que|menor que|al menos|como máximo|como mínimo|entre(?: \S+ y)?|casi)",
        "ó quizá quizás",
        part=r"\b(?:mitad de|doble de|tercio de)",
    ),
    "it": Words(
        r"\b(?:non è|non sono)",
        r"\b(?:più di|meno di|almeno|al massimo|maggiore di|minore di|tra(?: \S+ e)?|quasi)",
        "oppure forse",
        part=r"\b(?:metà di|doppio di|terzo di)",
    ),
    "pt": Words(
        r"\b(?:não é|não são)",
        r"\b(?:mais de|menos de|maior que|menor que|pelo menos|no máximo|entre(?: \S+ e)?|quase)",
        "ou talvez",
        part=r"\b(?:metade de|dobro de|terço de)",
    ),
    "ru": Words(
        r"\b(?:не|нет)",
        r"\b(?:больше|меньше|более|менее|не менее|не более|между(?: \S+ и)?|почти)",
        "или либо возможно",
        part=r"\b(?:половин[ау](?: от)?|треть от|вдвое больше)",
    ),
    "zh": Words(
        r"(?:不是|不等于|不為|不为|並非|并非|非)",
        r"(?:大于|小于|大於|小於|超过|超過|多于|少于|至少|至多|最多|最少|不到|不足|接近|将近)",
        "或 还是 也许",
        r"\s*(?:[万亿萬億]|分之|以上|以下|以内|不对|不是|的一半|的两倍|的\S分之)",
    ),
    "ja": Words(
        r"(?:違って)",
        r"(?:約半分の)",
        "または もしくは あるいは かもしれ",
        r"\s*(?:では(?:ない|ありません)|じゃない|以上|以下|未満|より|の半分|の\S?倍)",
    ),
}
"""By the language's code; a row more is a language more."""


def any_of(*parts: str) -> str:
    """A pattern of some parts of all languages: `negation`, `bound`, `behind`."""
    patterns = [pattern for words in LANGUAGES.values() for part in parts if (pattern := getattr(words, part))]
    words = [pattern.removeprefix(_WHOLE) for pattern in patterns if pattern.startswith(_WHOLE)]
    rest = [pattern for pattern in patterns if not pattern.startswith(_WHOLE)]
    # one boundary for all words: amidst a word a search then tries none of them
    return "|".join([rf"{_WHOLE}(?:{'|'.join(words)})", *rest] if words else rest)


CHOICES = frozenset(word for words in LANGUAGES.values() for word in words.choice.split())
"""The words of choice of all languages."""
