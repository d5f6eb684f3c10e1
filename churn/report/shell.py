"""What every page of ours is made of: its templates, one style, one script that its security policy knows by hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.display import format_amount, format_count, format_percent

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
STYLES = ("theme.css", "page.css", "list.css", "customer.css", "print.css")


def render_page(template: str, scripts: Sequence[str], **values: Any) -> str:
    """Return a page that holds everything it needs.

    Parameters
    ----------
    template : str
        Name in ``templates/``.
    scripts : sequence of str
        Names in ``static/``; together they are the page's only script.
    **values
        What the template shows; all of it is escaped.
    """
    script = _script(tuple(scripts))
    page: str = (
        _templates()
        .get_template(template)
        .render(
            style="\n".join(_static(name) for name in STYLES),
            script=script,
            script_hash=_hash(script),
            **values,
        )
    )
    return page


@cache
def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")


@cache
def _script(names: tuple[str, ...]) -> str:
    """Return JavaScript as one script with one scope."""
    parts = "\n".join(_static(name) for name in names)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _hash(script: str) -> str:
    """Return what the page's content security policy knows its only script by."""
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


@cache
def _templates() -> Environment:
    import jinja2
    from markupsafe import Markup

    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["count"] = lambda v: format_count(v or 0)
    env.filters["percent"] = format_percent
    env.filters["amount"] = format_amount
    env.filters["raw"] = Markup  # only for the page's own style, script and pictures
    return env
