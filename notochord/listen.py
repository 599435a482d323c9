"""Listening by numbers: what can be said of a stretch of music without hearing it.

Every measure takes notes and how many seconds they span (from 0), and gives a number or a
histogram (an array that sums to 1, or zeros for silence). Drums count for rhythm, not for pitch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from notochord.event import N_INSTRUMENTS, Note, is_drums

MOMENT = 0.03  # seconds within which onsets are one moment: a chord is seldom tighter when played
STEP = 0.01  # seconds of the grid on which rhythm is compared with itself
SMEAR = 0.02  # seconds of the bell that each onset becomes
BEATS = (0.25, 2.0)  # seconds between which a pulse is looked for
BARS = (1.0, 8.0)  # seconds between which a repeat is looked for
DIATONIC = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], dtype=bool)
CONSONANT = np.array([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0], dtype=bool)  # by interval class 0..11
TIMES = np.geomspace(0.02, 8.0, 21)  # edges in seconds, for onset intervals and lengths
PRESENT = 0.05  # least share of the notes that makes an instrument one of the parts

Notes = Sequence[Note]


def excerpt(notes: Notes, start: float, end: float) -> list[Note]:
    """The notes begun from start to end, told from start, cut at end."""
    return [
        n._replace(start=n.start - start, end=min(n.end, end) - start)
        for n in notes
        if start <= n.start < end
    ]


def _melodic(notes: Notes) -> list[Note]:
    return [note for note in notes if not is_drums(note.instrument)]


def _share(counts: np.ndarray) -> np.ndarray:
    total = counts.sum()
    return counts / total if total > 0 else counts.astype(float)


def moments(notes: Notes) -> np.ndarray:
    """The moments at which something begins, ascending, in seconds."""
    onsets = np.sort([note.start for note in notes])
    if not len(onsets):
        return onsets
    return onsets[np.concatenate([[True], np.diff(onsets) > MOMENT])]


def density(notes: Notes, seconds: float) -> float:
    """Notes begun in a second."""
    return len(notes) / seconds


def longest_gap(notes: Notes, seconds: float) -> float:
    """The longest time in which no note begins, in seconds."""
    edges = np.concatenate([[0.0], moments(notes), [seconds]])
    return float(np.diff(edges).max())


def polyphony(notes: Notes, seconds: float) -> float:
    """Melodic notes that sound at once, on average."""
    return sum(min(n.end, seconds) - n.start for n in _melodic(notes)) / seconds


def compass(notes: Notes, seconds: float) -> float:
    """Semitones from the lowest to the highest melodic pitch, a twentieth left out at each end."""
    pitches = [note.pitch for note in _melodic(notes)]
    return float(np.subtract(*np.percentile(pitches, [95, 5]))) if pitches else 0.0


def pitch_classes(notes: Notes, seconds: float) -> np.ndarray:
    """How long each pitch class sounds: (12,)."""
    counts = np.zeros(12)
    for note in _melodic(notes):
        counts[note.pitch % 12] += note.end - note.start
    return _share(counts)


def in_key(notes: Notes, seconds: float) -> float:
    """Share of the sounding time that lies in the major scale (or its modes) that fits best."""
    classes = pitch_classes(notes, seconds)
    return float(max(classes[np.roll(DIATONIC, k)].sum() for k in range(12)))


def consonance(notes: Notes, seconds: float) -> float:
    """Share of the time of all pairs of melodic notes that sound together, at a consonance.

    Unisons, thirds, fourths, fifths, sixths and octaves count; 1 when nothing sounds together.
    """
    found = np.zeros(12)
    sounding: list[Note] = []
    for note in sorted(_melodic(notes), key=lambda n: n.start):
        sounding = [other for other in sounding if other.end > note.start]
        for other in sounding:
            found[abs(note.pitch - other.pitch) % 12] += min(note.end, other.end) - note.start
        sounding.append(note)
    return float(found[CONSONANT].sum() / found.sum()) if found.sum() > 0 else 1.0


def _rhythm(notes: Notes, seconds: float) -> np.ndarray:
    """Onsets as bells on a grid of STEP, the mean taken away."""
    grid = np.zeros(int(np.ceil(seconds / STEP)) + 1)
    for note in notes:
        grid[int(round(note.start / STEP))] += 1
    reach = np.arange(-int(4 * SMEAR / STEP), int(4 * SMEAR / STEP) + 1) * STEP
    smeared = np.convolve(np.sqrt(grid), np.exp(-0.5 * (reach / SMEAR) ** 2), mode="same")
    return smeared - smeared.mean()


def _autocorrelation(rows: np.ndarray, lags: range) -> np.ndarray:
    """How alike (1, T) or (R, T) is to itself, so many steps later: one number a lag, at most 1."""
    whole = rows.shape[-1]
    alike = []
    for lag in lags:
        a, b = rows[..., lag:], rows[..., : whole - lag]
        alike.append((a * b).sum() / max(np.sqrt((a**2).sum() * (b**2).sum()), 1e-9))
    return np.array(alike)


def pulse(notes: Notes, seconds: float, window: float = 10.0) -> float:
    """How clearly a beat is heard: the rhythm's likeness to itself a beat or two later.

    The mean over windows of 10 s, since a tempo may change; about 0 for onsets at random, 1 for a
    metronome.
    """
    low, high = (int(b / STEP) for b in BEATS)
    found = []
    for start in np.arange(0.0, max(seconds - window / 2, 0.1), window):
        part = excerpt(notes, start, start + window)
        if len(moments(part)) >= 4:
            rhythm = _rhythm(part, min(window, seconds - start))[None]
            found.append(float(_autocorrelation(rhythm, range(low, high)).max()))
    return float(np.mean(found)) if found else 0.0


def repeats(notes: Notes, seconds: float) -> float:
    """How clearly a bar or phrase comes again: pitch classes struck, against those 1 to 8 s later.

    The best likeness over all lags less the mean over them; 0 for music without any return.
    """
    step = 0.05
    grid = np.zeros((12, int(np.ceil(seconds / step)) + 1))
    for note in _melodic(notes):
        grid[note.pitch % 12, int(round(note.start / step))] += 1
    bell = np.array([0.5, 1.0, 0.5])
    rows = np.stack([np.convolve(row, bell, mode="same") for row in np.sqrt(grid)])
    low, high = (int(b / step) for b in BARS)
    if not rows.any() or rows.shape[1] <= 2 * high:
        return 0.0
    alike = _autocorrelation(rows, range(low, high))
    return float(alike.max() - alike.mean())


def onset_intervals(notes: Notes, seconds: float) -> np.ndarray:
    """Times between moments, in bins from 20 ms to 8 s: (20,)."""
    return _share(np.histogram(np.diff(moments(notes)), TIMES)[0])


def lengths(notes: Notes, seconds: float) -> np.ndarray:
    """Lengths of melodic notes, in bins from 20 ms to 8 s: (20,)."""
    last = np.clip([n.end - n.start for n in _melodic(notes)], TIMES[0], TIMES[-1])
    return _share(np.histogram(last, TIMES)[0])


def velocities(notes: Notes, seconds: float) -> np.ndarray:
    """How hard notes are struck, in bins of 8: (16,)."""
    return _share(np.histogram([n.velocity for n in notes], np.arange(0, 129, 8))[0])


def instruments(notes: Notes, seconds: float) -> np.ndarray:
    """Each instrument's share of the notes: (321,)."""
    return _share(np.bincount([n.instrument for n in notes], minlength=N_INSTRUMENTS))


def parts(notes: Notes, seconds: float, window: float = 5.0) -> float:
    """Instruments that play in a stretch of 5 s, those with a twentieth of its notes or more."""
    found = []
    for start in np.arange(0.0, seconds, window):
        share = instruments(excerpt(notes, start, start + window), window)
        found.append(int((share >= PRESENT).sum()))
    return float(np.mean(found)) if found else 0.0


Measure = Callable[[Notes, float], "float | np.ndarray"]
NUMBERS: dict[str, Measure] = {
    f.__name__: f
    for f in (density, longest_gap, polyphony, compass, in_key, consonance, pulse, repeats, parts)
}
HISTOGRAMS: dict[str, Measure] = {
    f.__name__: f for f in (pitch_classes, onset_intervals, lengths, velocities, instruments)
}


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """The part that two histograms have in common, 0..1."""
    return float(np.minimum(a, b).sum())
