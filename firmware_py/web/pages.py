"""The pages: HTML without a script, and without anything from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field
from html import escape
from typing import Any

from firmware_py.presets.preset import Preset
from firmware_py.settings import FIELDS, Settings

STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 44em; margin: 1em auto; padding: 0 1em; }
.fault { background: #fdd; padding: .5em; } .done { background: #dfd; padding: .5em; }
td, th { text-align: left; padding: .1em .8em .1em 0; vertical-align: top; }
textarea { width: 100%; height: 34em; font: 14px/1.4 monospace; } small { color: #555; }
form.here { display: inline; } pre { display: inline; }
"""
WAS = "was."  # before a setting's name: what it stood at when the page was made


def door(fault: str = "") -> str:
    """The page before the door."""
    return _page(
        f"{_said(fault, '')}<form method=post action=/enter><p>The last six digits of the number "
        "that the display shows, or the lamp blinks:<p><input name=code inputmode=numeric "
        "autocomplete=off autofocus maxlength=20> <button>Enter</button></form>"
    )


def home(
    settings: Settings, modes: tuple[str, ...], sessions: Iterable[tuple[int, str]],
    presets: Mapping[int, Preset], form: str, minutes: float, has_own_brain: bool,
    fault: str = "", done: str = "",
) -> str:  # fmt: skip
    """The page behind it: everything on one. `sessions`: number and line of each."""
    own = f"<form method=post action=/shipped-brain>{_token(form)}<button>Play with the brain " \
          "that was shipped</button></form>" if has_own_brain else ""  # fmt: skip
    return _page(
        f"{_said(fault, done)}<p>{minutes:.0f} minutes are left. <form class=here method=post "
        f"action=/leave>{_token(form)}<button>End web access</button></form>"
        f"<h2>Sessions</h2><table>{''.join(_session(*s) for s in sessions) or '<tr><td>none'}"
        f"</table><h2>Presets</h2><table>{''.join(map(_preset, sorted(presets.items())))}</table>"
        f"{_new_preset(presets)}<h2>Settings</h2>{_settings(settings, modes, form)}"
        f"<h2>Brain</h2>{_upload('brain', 'A brain file', form)}{own}"
        f"<h2>Update</h2>{_upload('update', 'An update (.update)', form)}"
    )


def preset(number: int, text: str, form: str, fault: str = "") -> str:
    """One preset, to be changed."""
    return _page(
        f"{_said(fault, '')}<h2>Preset {number}</h2><form method=post action=/presets/{number}>"
        f"{_token(form)}<textarea name=text spellcheck=false>\n{escape(text)}</textarea>"
        f"<p><button>Store</button></form><form method=post action=/presets/{number}/delete>"
        f"{_token(form)}<button>Delete</button></form><p><a href=/>Back</a>"
    )


def plain(text: str) -> str:
    """A page that says one thing."""
    return _page(f"<p>{escape(text)}<p><a href=/>Back</a>")


def _page(body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
        'content="width=device-width"><title>Notochord box</title><link rel=stylesheet '
        f"href=/style.css><h1>Notochord box</h1>{body}\n"
    )


def _said(fault: str, done: str) -> str:
    said = [f"<p class=fault>{escape(fault)}"] if fault else []
    return "".join(said + ([f"<p class=done>{escape(done)}"] if done else []))


def _token(form: str) -> str:
    return f'<input type=hidden name=form value="{escape(form)}">'


def _session(number: int, line: str) -> str:
    files = f"<a href=/sessions/{number}.mid>MIDI</a> <a href=/sessions/{number}.session>all</a>"
    return f"<tr><td><pre>{escape(line)}</pre><td>{files}"


def _preset(item: tuple[int, Preset]) -> str:
    number, preset = item
    return (f"<tr><td>{number}<td><a href=/presets/{number}>{escape(preset.name) or 'unnamed'}</a>"
            f"<td>{escape(preset.settings.mode)}")  # fmt: skip


def _new_preset(presets: Mapping[int, Preset]) -> str:
    free = next((n for n in range(1, 129) if n not in presets), None)
    if free is None:
        return ""
    return f"<p><a href=/presets/{free}>New preset {free}, of what is set</a>"


def _settings(settings: Settings, modes: tuple[str, ...], form: str) -> str:
    rows = "".join(_setting(FIELDS[n], _written(getattr(settings, n)), modes) for n in FIELDS)
    return (f"<form method=post action=/settings>{_token(form)}<table>{rows}</table>"
            "<p><button>Set</button></form>")  # fmt: skip


def _setting(field: Field[Any], value: str, modes: tuple[str, ...]) -> str:
    name, limits = field.name, field.metadata
    offered = modes if value in modes else (value, *modes)
    choices = offered if name == "mode" else limits.get("choices", ())
    if choices:
        options = "".join(
            f"<option{' selected' if c == value else ''}>{escape(c)}" for c in choices
        )
        control = f"<select name={name}>{options}</select>"
    else:
        control = f'<input name={name} value="{escape(value)}">'
    says = limits["help"]
    if "low" in limits:
        says += f" ({limits['low']:g} to {limits['high']:g} {limits['unit']})"
    was = f'<input type=hidden name={WAS}{name} value="{escape(value)}">'
    return f"<tr><td>{name}<td>{control}{was}<td><small>{escape(says)}</small>"


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _upload(kind: str, what: str, form: str) -> str:
    return (f"<form method=post action=/{kind} enctype=multipart/form-data>{_token(form)}"
            f"<p>{what}: <input type=file name=file> <button>Upload</button></form>")  # fmt: skip
