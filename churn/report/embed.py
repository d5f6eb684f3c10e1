"""Data inside an HTML page: small, and so that no content can end the script it stands in."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def safe_json(value: Any) -> str:
    """Return JSON that may stand in a script element: no ``</``, no ``<!--``, no line separators.

    Examples
    --------
    >>> json.loads(safe_json("</script>")), "<" in safe_json("</script>")
    ('</script>', False)
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char, escape in _ESCAPES.items():
        text = text.replace(char, escape)
    return text


def packed(value: Any) -> str:
    """Return JSON as deflated base64, which the page inflates when it needs it.

    Examples
    --------
    >>> unpacked(packed({"id": "Müller"}))
    {'id': 'Müller'}
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8"), 7)).decode("ascii")


def unpacked(text: str) -> Any:
    """Return what was packed."""
    return json.loads(zlib.decompress(base64.b64decode(text)))
