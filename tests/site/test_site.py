"""Sphinx builds the documentation site from the pages and the docstrings, without a warning.

Each diagram becomes an empty picture, because drawing them takes half of the time. `nox -s site` draws them.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from support.markdown import blocks, name_of, pages
from support.venvs import unmeasured
from support.wheels import ROOT

pytest.importorskip("sphinx", reason="the group `docs` is not installed")
pytestmark = pytest.mark.xdist_group("site")  # One worker builds the site once.

INDEX = ROOT / "docs" / "index.md"
ON_THE_SITE = [*pages(), *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))]
EMPTY_PICTURE = "import sys; open(sys.argv[sys.argv.index('-o') + 1], 'w').write('<svg/>')"
CLIENT = "connector_core.client.ConnectorClient"
PUBLIC = [CLIENT] + [
    f"{module}.{name}"
    for module in ("connector_core", "connector_core.hookspecs", "connector_core.service", "connector_core.testing")
    for name in import_module(module).__all__
    if (module, name) != ("connector_core.hookspecs", "hookimpl")  # It is public in connector_core.
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, and return its directory."""
    made = tmp_path_factory.mktemp("site")
    trees, html = made / "trees", made / "html"
    draw = shlex.join([sys.executable, "-c", EMPTY_PICTURE])
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs", "-d", trees, ".", html]
    sphinx += ["-D", f"mermaid_cmd={draw}"]
    completed = subprocess.run(sphinx, cwd=ROOT, env=unmeasured(), capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, "")
    return html


def html_of(page: Path, site: Path) -> str:
    return (site / name_of(page)).with_suffix(".html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("page", ON_THE_SITE, ids=name_of)
def test_a_page_is_on_the_site_in_its_sidebar_and_in_its_search(page: Path, site: Path) -> None:
    name = name_of(page).removesuffix(".md")
    assert 'name="viewport"' in html_of(page, site)
    assert f'"{name}"' in (site / "searchindex.js").read_text(encoding="utf-8")
    if name != "docs/index":
        entry = rf'class="toctree-l1"><a [^>]*href="[./]*{name.removeprefix("docs/")}.html"'
        assert re.search(entry, html_of(INDEX, site))


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_documented_from_its_docstring(name: str, site: Path) -> None:
    assert any(f'id="{name}"' in page.read_text(encoding="utf-8") for page in site.glob("docs/reference/api/*.html"))


@pytest.mark.slow
def test_the_front_page_leads_to_the_index(site: Path) -> None:
    assert "url=docs/index.html" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("page", ON_THE_SITE, ids=name_of)
def test_a_diagram_is_a_picture(page: Path, site: Path) -> None:
    diagrams = [block for block in blocks(page) if block.language == "mermaid"]
    pictures = re.findall(r'<div class="diagram"><img src="([^"]+\.svg)"', html_of(page, site))
    assert len(set(pictures)) == len(diagrams)
    for picture in pictures:
        assert (site / name_of(page)).parent.joinpath(picture).resolve().is_file()


@pytest.mark.slow
def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = r'<(?:script|img|iframe|link rel="stylesheet")[^>]+(?:src|href)="([^"]+)"'
        assert not [url for url in re.findall(loaded, page.read_text(encoding="utf-8")) if "//" in url], page.name
