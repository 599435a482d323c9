"""Glances and changes as bytes, for a panel in a process of its own.

    player → panel   what has changed since the last glance, as JSON
    panel → player   {"change": "Turn", "setting": "temperature", "value": 1.1}
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, get_args

from firmware_py.panel.change import Change
from firmware_py.panel.glance import Glance, NoteSeen
from firmware_py.panel.lamps import Sign
from firmware_py.settings import Settings

LARGEST = 1 << 17  # bytes of one message
_KINDS = {kind.__name__: kind for kind in get_args(Change)}
_FIELDS = tuple(f.name for f in fields(Glance))


def glance_bytes(glance: Glance, last: Glance | None) -> bytes:
    """What differs from the last glance that was sent; with no last one, all of it."""
    news: dict[str, Any] = {"lines": glance.lines}
    for name in _FIELDS:
        value = getattr(glance, name)
        if last is None or value != getattr(last, name):
            news[name] = value
    if "settings" in news:
        news["settings"] = vars(glance.settings)
    if "sign" in news:
        news["sign"] = glance.sign.name
    news["notes"] = [[n.at, n.owner, n.channel, n.pitch, n.velocity] for n in glance.notes]
    return json.dumps(news).encode()


def glance_in(data: bytes, last: Glance) -> Glance:
    """The glance that follows the last one."""
    news: dict[str, Any] = json.loads(data)
    if "settings" in news:
        news["settings"] = Settings(**news["settings"])
    if "sign" in news:
        news["sign"] = Sign[news["sign"]]
    news["notes"] = tuple(NoteSeen(*note) for note in news["notes"])
    for name in ("turned", "lines", "modes"):
        if news.get(name) is not None:
            news[name] = tuple(news[name])
    if "bound" in news:
        news["bound"] = tuple((source, does) for source, does in news["bound"])
    return replace(last, **news)


def change_bytes(change: Change) -> bytes:
    """A change."""
    return json.dumps({"change": type(change).__name__, **vars(change)}).encode()


def change_in(data: bytes) -> Change | None:
    """The change that was sent; None for what is none."""
    try:
        given = json.loads(data)
        change: Change = _KINDS[given.pop("change")](**given)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return change
