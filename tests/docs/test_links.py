"""Links to files of this repository resolve; those of a README are absolute."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.markdown import all_links, anchors, links, name_of, pages
from support.wheels import ROOT

WITH_LINKS = [*pages(), *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))]
ON_A_PACKAGE_INDEX = [page for page in pages() if page.name == "README.md"]


@pytest.mark.parametrize("page", WITH_LINKS, ids=name_of)
def test_links_within_the_repository_resolve(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)} links to {target}"
        assert file.is_relative_to(ROOT), f"{name_of(page)} links out of the repository: {target}"
        assert not anchor or anchor in anchors(file), f"{name_of(page)} links to {target}"


@pytest.mark.parametrize("page", ON_A_PACKAGE_INDEX, ids=name_of)
def test_a_readme_has_absolute_links_because_a_package_index_shows_it(page: Path) -> None:
    assert [target for target in all_links(page) if not target.startswith("https://")] == []


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
