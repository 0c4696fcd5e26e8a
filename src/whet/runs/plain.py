"""A model's text where people read it: it must not move the terminal's cursor or break a table."""


def one_line(text: str, width: int = 100) -> str:
    r"""`text` on one line of at most `width` characters, control characters shown as a dot.

    >>> one_line("37 + 45\n= \x1b[2J82"), one_line("abcdef", 4)
    ('37 + 45 = ·[2J82', 'abc…')
    """
    line = " ".join(text.split())
    clean = "".join(letter if letter.isprintable() else "·" for letter in line)
    return clean if len(clean) <= width else clean[: width - 1] + "…"
