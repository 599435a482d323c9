"""Drum patterns drawn: velocity heat maps, the latent space as a map with what is played at places
of it, and bars as a grid."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import numpy as np

from notochord.brain import BrainError
from notochord.groove import (
    CONTROLS,
    MEMORY_BEATS,
    MEMORY_WIDTH,
    STEPS,
    STEPS_PER_BAR,
    VOICES,
    WIDTH,
    N,
    tapped,
)
from notochord.groove_brain import GrooveBrain
from notochord.groove_evaluate import rolled
from notochord.patterns import Drumming

DRAWN = 4  # genres, the commonest
SHOWN = 8  # bars of a roll-out
PLACES = 5  # of the map whose patterns are drawn


def flat_map(points: np.ndarray) -> np.ndarray:
    """Points (B, Z) in two dimensions (B, 2), near ones near: UMAP (McInnes and others, 2018).

    Raises BrainError where umap-learn is not installed.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise BrainError(
            "the map of the latent space needs umap-learn: pip install 'notochord-box[map]', or "
            "leave out --png"
        ) from error
    umap = UMAP(n_neighbors=30, min_dist=0.1, random_state=0, n_jobs=1)
    flat: np.ndarray = umap.fit_transform(points)
    return flat


def heat(bars: np.ndarray) -> np.ndarray:
    """The mean velocity (9, 16) on each step of each voice; no stroke counts as 0."""
    mean: np.ndarray = bars[:, :, N : 2 * N].mean(0).T
    return mean


def draw(brain: GrooveBrain, drumming: Drumming, chosen: np.ndarray, made: np.ndarray) -> bytes:
    """All of it, as PNG. Raises BrainError."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(18, 19), layout="constrained")
    rows: Any = figure.subfigures(4, 1, height_ratios=(3, 5, 2, 4))
    genres = np.array(drumming.genres)[drumming.of[chosen]]
    common = [genre for genre, _ in Counter(genres.tolist()).most_common(DRAWN)]
    _heat_maps(rows[0], drumming.patterns(chosen)[:, :STEPS_PER_BAR], made, genres, common)
    axes = rows[1].subplots()
    mean, _ = brain.encode(tapped(drumming.patterns(chosen)))
    points = flat_map(mean)
    axes.set_prop_cycle(color=colormaps["tab20"](range(20)))
    for genre in sorted(set(genres.tolist())):
        here = points[genres == genre]
        axes.plot(here[:, 0], here[:, 1], "o", markersize=3, alpha=0.8, label=genre)
    axes.set(title="grooves in the latent space, by genre (UMAP)", xticks=[], yticks=[])
    axes.legend(fontsize=8, markerscale=2, ncols=2, loc="upper right")
    _rendered(axes, rows[2], brain, points, mean)
    _grids(rows[3], brain, drumming)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80)
    return png.getvalue()


def far_apart(points: np.ndarray, count: int) -> list[int]:
    """The numbers of so many of the points (B, 2), begun in the middle, each as far as can be from
    those before."""
    chosen = [int(np.linalg.norm(points - np.median(points, axis=0), axis=1).argmin())]
    while len(chosen) < min(count, len(points)):
        away = np.linalg.norm(points[:, None] - points[chosen], axis=2).min(1)
        chosen.append(int(away.argmax()))
    return chosen


def patterns_at(brain: GrooveBrain, z: np.ndarray) -> np.ndarray:
    """The likeliest patterns (B, 32, 27) at places (B, Z) of the latent space, nothing remembered
    and no control given."""
    memories = np.zeros((len(z), MEMORY_BEATS, MEMORY_WIDTH), dtype=np.float32)
    nothing = np.zeros((len(z), CONTROLS), dtype=np.float32)
    patterns = brain.decode(z.astype(np.float32), memories, nothing, nothing).copy()
    patterns[..., :N] = patterns[..., :N] > 0.0
    return patterns


def _rendered(
    map_axes: Any, figure: Any, brain: GrooveBrain, points: np.ndarray, mean: np.ndarray
) -> None:
    """Numbers on the map, and below it what is played there."""
    chosen = far_apart(points, PLACES)
    every = figure.subplots(1, len(chosen), squeeze=False)[0]
    for number, (axes, at) in enumerate(zip(every, chosen, strict=True), 1):
        map_axes.annotate(str(number), points[at], fontsize=14, weight="bold", ha="center")
        grid(axes, patterns_at(brain, mean[at : at + 1])[0])
        axes.set_title(f"{number}", fontsize=9)
        if number > 1:
            axes.set_yticks(range(N), [""] * N)


def _heat_maps(
    figure: Any, true: np.ndarray, made: np.ndarray, genres: np.ndarray, common: list[str]
) -> None:
    every = figure.subplots(2, len(common) + 1)
    for column, genre in enumerate(["all", *common]):
        mine = np.full(len(genres), True) if genre == "all" else genres == genre
        for axes, name, bars in zip(every[:, column], ("drummers", "ours"), (true, made),
                                    strict=True):  # fmt: skip
            axes.imshow(heat(bars[mine]), aspect="auto", origin="lower", vmin=0, vmax=0.5,
                        cmap="magma")  # fmt: skip
            axes.set_title(f"{genre}: {name}, velocity", fontsize=9)
            axes.set_yticks(range(N), VOICES if column == 0 else [""] * N, fontsize=7)
            axes.set_xticks(range(0, STEPS_PER_BAR, 4), "1234")


def _grids(figure: Any, brain: GrooveBrain, drumming: Drumming) -> None:
    """Eight bars of the longest recordings of two genres: the drummer's, ours."""
    long = sorted(range(len(drumming.rows)), key=lambda n: -int(np.diff(drumming.rows[n])[0]))
    shown: dict[str, int] = {}
    for n in long:
        shown.setdefault(drumming.genres[n], n)
    chosen = list(shown.items())[:2]
    every = figure.subplots(len(chosen), 2, squeeze=False)
    for row, (genre, n) in enumerate(chosen):
        begin = drumming.rows[n][0]
        steps = drumming.steps[begin : begin + STEPS + SHOWN * STEPS_PER_BAR]
        for axes, name, bars in zip(
            every[row], ("drummer", "ours, to the groove of the bars before"),
            (steps[STEPS:], rolled(brain, steps, True, 0)), strict=True,
        ):  # fmt: skip
            grid(axes, bars)
            axes.set_title(f"{genre}: {name}", fontsize=9)


def grid(axes: Any, steps: np.ndarray) -> None:
    """Bars (T, 27) as a grid: a dot a stroke, where it falls, the larger the louder."""
    hits, velocities, offsets = steps.reshape(len(steps), WIDTH // N, N).transpose(1, 0, 2)
    step, voice = np.nonzero(hits)
    axes.scatter(step + offsets[step, voice], voice, s=40 * velocities[step, voice] ** 2 + 1,
                 c="black")  # fmt: skip
    axes.set_yticks(range(N), VOICES, fontsize=7)
    axes.set_xticks(range(0, len(steps), STEPS_PER_BAR), range(1, len(steps) // STEPS_PER_BAR + 1))
    axes.grid(axis="x", alpha=0.6)
    axes.set_xlim(-1, len(steps))
