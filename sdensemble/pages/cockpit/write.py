"""Writes the page: one HTML file, with the same bytes for the same contents."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import math
import re
from pathlib import Path
from typing import Any

from sdensemble.lang import LANGS, say
from sdensemble.pages.cockpit.facts import Contents

HERE = Path(__file__).parent
WORKER = ("kernel", "forcing", "ensemble")
PAGE = ("settings", "stats", "charts", "pool", "answers", "views", "files", "app")


def page(contents: Contents) -> str:
    """Return the page of some contents."""
    facts = dict(contents.facts)
    facts["digests"] = {
        name: hashlib.sha256(data).hexdigest() for name, data in contents.blobs.items()
    }
    text = json.dumps(_finite(facts), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    blobs = [
        f'<script type="application/gzip" id="{html.escape(name)}">'
        f"{base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()}</script>"
        for name, data in contents.blobs.items()
    ]
    lang = facts["lang"]
    parts = {
        "lang": say("cockpit.code", lang),
        "title": html.escape(facts["title"][lang]),
        "css": _file("cockpit.css"),
        "incomplete": html.escape(" ".join(say("cockpit.incomplete", one) for one in LANGS)),
        "noscript": html.escape(" ".join(say("cockpit.no-script", one) for one in LANGS)),
        "study": text.replace("<", "\\u003c"),
        "blobs": "\n".join(blobs),
        "worker": "".join(_file(f"{name}.js") for name in WORKER),
        "app": "".join(_file(f"{name}.js") for name in PAGE),
    }
    return re.sub(r"@(\w+)", lambda found: parts[found[1]], _file("page.html"))


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _finite(value: Any) -> Any:
    """Return a value for JSON, in which what is not finite is null."""
    if isinstance(value, dict):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
