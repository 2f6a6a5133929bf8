"""Links within the repository lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.markdown import anchors, links, name_of, pages
from support.wheels import ROOT

WITH_LINKS = [*pages(), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


@pytest.mark.parametrize("page", WITH_LINKS, ids=name_of)
def test_relative_links_resolve(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)} links to {target}"
        assert file.is_relative_to(ROOT), f"{name_of(page)} links out of the repository: {target}"
        assert not anchor or anchor in anchors(file), f"{name_of(page)} links to {target}"


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    seen: set[Path] = set()
    waiting = [index]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        waiting += [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]
    assert {name_of(page) for page in pages()[1:]} <= {name_of(page) for page in seen}
    assert index in {(ROOT / target).resolve() for target in links(ROOT / "README.md")}
