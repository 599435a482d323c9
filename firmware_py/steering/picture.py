"""Small multiples: each knob's statistic over its travel: all runs, their spread, their mean."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from firmware_py.settings import FIELDS
from firmware_py.steering.measure import Curve
from notochord.wholefile import write_whole

ACROSS = 4


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Write the picture (PNG)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    across = min(ACROSS, len(curves))
    rows = -(-len(curves) // across)
    figure, axes = plt.subplots(rows, across, figsize=(3.1 * across, 2.4 * rows), squeeze=False)
    for axis, curve in zip(axes.flat, curves, strict=False):
        _one(axis, curve)
    for axis in list(axes.flat)[len(curves):]:
        axis.set_visible(False)
    figure.tight_layout()
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=72)
    plt.close(figure)
    write_whole(path, _in_few_colours(data))


def _in_few_colours(png: io.BytesIO) -> bytes:
    """The same picture in a quarter of the bytes, for a page."""
    from PIL import Image  # which matplotlib needs

    small = io.BytesIO()
    with Image.open(png) as picture:
        picture.convert("RGB").quantize(24).save(small, format="png", optimize=True)
    return small.getvalue()


def _one(axis: Any, curve: Curve) -> None:
    table, places = curve.table(), np.arange(len(curve.values))
    for row in table:
        axis.plot(places, row, color="#9ab", linewidth=0.6, alpha=0.6)
    spread = np.nanpercentile(np.where(np.isnan(table).all(0), 0.0, table), (25, 75), axis=0)
    axis.fill_between(places, *spread, color="#9ab", alpha=0.35)
    axis.plot(places, curve.mean(), color="#124", marker="o", markersize=3)
    unit = FIELDS[curve.sweep.knob].metadata["unit"] if curve.sweep.knob in FIELDS else ""
    name = curve.sweep.statistic.__name__.replace("_", " ")
    axis.set_title(f"{curve.sweep.name}: ρ = {curve.rho():.2f}", fontsize=9, loc="left")
    axis.set_ylabel(f"{name} ({curve.sweep.unit})", fontsize=7)
    axis.set_xlabel(unit, fontsize=7)
    axis.set_xticks(places[::2], [f"{v:.3g}" for v in curve.values[::2]])
    axis.tick_params(labelsize=7)
    if curve.sweep.by_ratio and (table[~np.isnan(table)] > 0).all():
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("")
