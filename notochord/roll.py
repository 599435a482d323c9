"""A piano roll of notes as a picture: time across, pitch up, a colour an instrument."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from notochord.event import Note, is_drums, name_of
from notochord.wholefile import write_whole

INCHES_PER_SECOND = 0.22
NARROWEST, WIDEST = 10.0, 60.0  # inches
YOU = "you"  # the layer that is drawn in greys
COLOURS = (
    "tab:orange", "tab:blue", "tab:green", "tab:red", "tab:purple", "tab:brown", "tab:pink",
    "tab:olive", "tab:cyan", "teal", "navy", "maroon", "goldenrod", "indigo", "crimson",
)  # fmt: skip
GREYS = ("black", "dimgrey", "slategrey", "darkgrey", "silver")

Layer = tuple[str, str, list[Note]]  # label, colour, notes
Layers = Mapping[str, list[Note]]  # by whose they are: "you", or "" for nobody's in particular


def _layers(layers: Layers) -> list[Layer]:
    """One layer for each instrument of each player, with a label and a colour."""
    out: list[Layer] = []
    for who, notes in layers.items():
        colours = GREYS if who == YOU else COLOURS
        for n, instrument in enumerate(sorted({note.instrument for note in notes})):
            mine = [note for note in notes if note.instrument == instrument]
            label = f"{name_of(instrument)} ({who})" if who else name_of(instrument)
            out.append((label, colours[n % len(colours)], mine))
    return out


def _draw_layer(axes: Any, layer: Layer) -> None:
    """Each note as a bar, the harder struck the stronger."""
    from matplotlib.colors import to_rgba

    _, colour, notes = layer
    axes.barh(
        [note.pitch for note in notes],
        [max(note.end - note.start, 0.02) for note in notes],
        left=[note.start for note in notes],
        height=0.9,
        color=[to_rgba(colour, 0.35 + 0.65 * note.velocity / 127) for note in notes],
        linewidth=0,
    )


def _legend(axes: Any, layers: Iterable[Layer]) -> None:
    from matplotlib.patches import Patch

    patches = [Patch(color=colour, label=label) for label, colour, _ in layers]
    axes.legend(handles=patches, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _name_octaves(axes: Any) -> None:
    """A line and a name at every C."""
    low, high = axes.get_ylim()
    cs = [pitch for pitch in range(0, 128, 12) if low <= pitch <= high]
    axes.set_yticks(cs, [f"C{pitch // 12 - 1}" for pitch in cs])
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)


def _draw_strip(axes: Any, layers: list[Layer], drums: bool) -> None:
    for layer in layers:
        _draw_layer(axes, layer)
    pitches = [note.pitch for _, _, notes in layers for note in notes]
    axes.set_ylim(min(pitches) - 1.5, max(pitches) + 1.5)
    _legend(axes, layers)
    if drums:
        axes.set_ylabel("drum key")
        axes.grid(alpha=0.3)
    else:
        _name_octaves(axes)


def roll_png(layers: Layers, title: str = "") -> bytes:
    """The piano roll as PNG; drums have a strip of their own below the melodic parts.

    `layers` are the notes by who plays them; the player's own ("you") are drawn in greys. The
    picture grows with the music, up to a limit.
    """
    from matplotlib.figure import Figure

    every = _layers(layers)
    strips = [[a for a in every if is_drums(a[2][0].instrument) == drums] for drums in (0, 1)]
    shown = [(n == 1, strip) for n, strip in enumerate(strips) if strip]
    seconds = max((note.end for _, _, notes in every for note in notes), default=0.0)
    width = min(max(INCHES_PER_SECOND * seconds, NARROWEST), WIDEST)
    heights = [1.6 if drums else 5.0 for drums, _ in shown] or [5.0]
    figure = Figure(figsize=(width, sum(heights) + 1), layout="constrained")
    rows = figure.subplots(
        len(heights), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for axes, (drums, strip) in zip(rows, shown, strict=False):
        _draw_strip(axes, strip, drums)
    rows[-1].set(xlabel="seconds", xlim=(0, max(seconds, 1.0)))
    figure.suptitle(title)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100)
    return png.getvalue()


def draw_roll(layers: Layers, path: Path, title: str = "") -> None:
    """Write the piano roll to a PNG file, whole or not at all. Raises OSError."""
    write_whole(Path(path), roll_png(layers, title))
