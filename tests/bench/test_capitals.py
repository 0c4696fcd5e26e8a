"""Questions with options, answered again from what they show."""

import re

import pytest

from benchmarks.capitals import CAPITALS, countries, rows


def known() -> dict[str, str]:
    """Capitals by country, read from the table by another way than the module's."""
    return dict(re.findall(r"([^:,]+): ([^,]+)", re.sub(r"\s+", " ", CAPITALS).strip().replace(", ", ",")))


@pytest.mark.parametrize("part", ["train", "test"])
def test_the_letter_is_that_of_the_capital(part: str) -> None:
    for row in rows(part):
        first, *listed = row["question"].split("\n")
        country = re.fullmatch(r"What is the capital of (.+)\?", first)
        assert country is not None
        options = dict(line.split(") ") for line in listed)
        assert list(options) == ["A", "B", "C", "D"]
        assert len(set(options.values())) == 4
        assert options[row["solution"]] == row["answer"] == known()[country[1]]


def test_no_country_is_both_trained_on_and_held_out() -> None:
    asked = [{row["question"].split("\n")[0] for row in rows(part)} for part in ("train", "test")]
    assert not asked[0] & asked[1]
    assert len(asked[0]) + len(asked[1]) == len(countries()) == len({capital for _, capital in countries()})
    assert len({row["question"] for row in [*rows("train"), *rows("test")]}) == 4 * len(asked[0]) + 3 * len(asked[1])


def test_letters_are_about_equally_frequent() -> None:
    letters = [row["solution"] for row in rows("train")]
    assert all(60 <= letters.count(letter) <= 120 for letter in "ABCD")  # 90 each, within four standard deviations
