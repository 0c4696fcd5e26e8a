"""The pictures are of the views that the page has."""

import re

from benchmarks.page_pictures import VIEWS
from whet.dashboard.static_files import StaticFiles


def test_every_view_that_the_menu_names_is_pictured() -> None:
    frame = StaticFiles().response("frame.js")
    menu = set(re.findall(r'\["(\w+)", "[A-Z]\w+"\]', bytes(frame.body).decode()))
    assert {"overview", "chat"} <= menu
    assert menu | {"runs"} == set(VIEWS)
    assert all(query == f"view={name}" for name, query in VIEWS.items())
