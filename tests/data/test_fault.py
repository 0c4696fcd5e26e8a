"""What all readers share."""

from pathlib import Path

import pytest

from whet.data.fault import refuse_twice
from whet.errors import UserError


def test_a_name_that_stands_twice_is_refused() -> None:
    refuse_twice(Path("a.csv"), ["a", "b"])
    with pytest.raises(UserError, match="the column 'b' stands in the header twice"):
        refuse_twice(Path("a.csv"), ["a", "b", "b"])
