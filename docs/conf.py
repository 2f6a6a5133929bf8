"""Configure Sphinx, which builds the site from this repository's Markdown and the docstrings of the public API.

`nox -s site` builds it. The source directory is the root of the repository, so that links between pages work both on
the site and in the repository.
"""

from __future__ import annotations

import functools
import html
import importlib
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import connector_core

PUBLIC = ["connector_core", "connector_core.client", "connector_core.service", "connector_core.testing"]
"""The modules that the API reference documents."""

project = "connector-core"
version = release = connector_core.__version__

root_doc = "docs/index"
# Sphinx does not enter these directories, which contain no pages.
exclude_patterns = [".*", "build", "connector_core", "tests"]
include_patterns = ["docs/**", "plugins/*/README.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinxcontrib.mermaid"]

myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]
# The build draws the diagrams, so a reader's browser loads no library and nothing from other hosts.
mermaid_output_format = "svg"
mermaid_cmd = f"{shlex.quote(sys.executable)} -m mermaidx"
mermaid_params = ["--quiet", "--theme", "neutral", "--config", str(Path(__file__).with_name("mermaid.json"))]

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
default_role = "py:obj"
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"connector-core {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "to-the-index.html"}
templates_path = ["templates"]
html_copy_source = False
html_show_copyright = False


def setup(app: Sphinx) -> None:
    """Connect the functions below to the steps of the build."""
    app.connect("source-read", link_within_site)
    app.connect("source-read", add_sidebar)
    app.connect("missing-reference", find_public_name)
    app.connect("html-page-context", box_diagrams)


def add_sidebar(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add a table of contents, shown as the sidebar, to the index: its sections, and the pages that they link to."""
    if docname == app.config.root_doc:
        for section in source[0].split("\n## ")[1:]:
            heading, _, text = section.partition("\n")
            targets = re.findall(r"\]\(([^)#]+\.md)\)", text)
            source[0] += "\n".join(["\n```{toctree}", ":hidden:", f":caption: {heading}", *targets, "```\n"])


def link_within_site(app: Sphinx, docname: str, source: list[str]) -> None:
    """Make the README's links relative; they are absolute because package indexes show the README, too."""
    if docname == "README":
        source[0] = source[0].replace(f"{_repository()}/blob/main/", "")


def find_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Resolve a private module's name, as it occurs in annotations, to the documented public name."""
    if node.get("refdomain") == "py" and (name := _public_names().get(node["reftarget"])):
        return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)
    return None


def box_diagrams(
    app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """Put each diagram into a box that can scroll, as an image with the diagram's text as its description."""

    def boxed(found: re.Match[str]) -> str:
        text = html.escape(html.unescape(found["text"]))
        return f'<div class="diagram"><img src="{found["source"]}" alt="{text}"></div>'

    diagram = r'<object data="(?P<source>[^"]+\.svg)"[^>]*>\s*<p class="warning">(?P<text>.*?)</p></object>'
    context["body"] = re.sub(diagram, boxed, context.get("body", ""), flags=re.DOTALL)


def _repository() -> str:
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    urls: dict[str, str] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["urls"]
    return urls["Repository"]


@functools.cache
def _public_names() -> dict[str, str]:
    found = {}
    for module_name in PUBLIC:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            member = getattr(module, name)
            if hasattr(member, "__qualname__"):
                found[f"{member.__module__}.{member.__qualname__}"] = f"{module_name}.{name}"
    return found
