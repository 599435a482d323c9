"""Chorale: you play a line, and four voices answer it in score time, as long as it was.

    keys      ▂▂ ▂▂▂ ▂
    soprano             ▂▂ ▂▂ ▂▂▂▂ ▂▂▂▂
    alto                ▂▂▂▂▂ ▂▂ ▂ ▂▂▂▂
    tenor               ▂▂ ▂▂▂▂▂▂▂ ▂▂▂▂
    bass                ▂▂▂ ▂ ▂▂▂▂ ▂▂▂▂        ends together, on a chord

Each voice has an instrument, and so a channel, of its own, sings one note at a time, and does not
cross another. The palette names them from soprano to bass. Where fewer are named, voices share.

No voice rests while others begin: of a moment the lowest that is free is asked for first, as chords
are written, then those above it, at once. Left to itself the network answers a line that you play
alone with one or two voices, as what it has heard had one.
"""

from __future__ import annotations

from firmware_py.modes.echo import Echo
from firmware_py.modes.mode import Actions, Scene
from notochord.ask import Answer, pitch_set
from notochord.event import instrument_named, is_drums
from notochord.voice_leading import MIDDLES, VOICES, sung_by, voice_for

DEFAULT = tuple(instrument_named(name) for name in ("violin", "viola", "cello", "contrabass"))
SHORTEST_ANSWER = 4.0  # seconds
LONGER = 4.0  # seconds for which it may look for a chord to end on, at most
CHORD = 3  # voices that begin together, at least, where it ends
AT_ONCE = 0.01  # seconds


class Chorale(Echo):
    """Answers your phrases in four parts."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._last = list(MIDDLES)

    def _masks(self) -> dict[int, int]:
        """The pitches of the voice whose turn it is, by instrument."""
        singers = self._singers()
        sounding = self._sung(singers)
        masks = dict.fromkeys(singers, 0)
        turn = self._next_of(sounding)
        if turn is not None:
            free = self.scene.free(singers[turn])
            takes = (p for p in range(128) if voice_for(p, self._last, sounding) == turn)
            masks[singers[turn]] = free & pitch_set(takes)
        return masks

    def _next_of(self, sounding: list[int | None]) -> int | None:
        """The lowest voice that is free, above those that have just begun."""
        improviser = self._improviser
        new = {p for (_, p), at in improviser.own.items() if at >= improviser.tip_time - AT_ONCE}
        begun = [voice for voice, pitch in enumerate(sounding) if pitch in new]
        least = max(begun, default=-1)
        return next((v for v, p in enumerate(sounding) if p is None and v > least), None)

    def _gathers(self) -> bool:
        """Whether a moment has begun in which other voices are to join."""
        improviser = self._improviser
        begun = any(at >= improviser.tip_time - AT_ONCE for at in improviser.own.values())
        return begun and self._next_of(self._sung(self._singers())) is not None

    def _singers(self) -> list[int]:
        """The instrument of each voice, bass to soprano."""
        played = list(self._instruments)
        chosen = [i for i in self.scene.palette(DEFAULT, played) if not is_drums(i)] or [*DEFAULT]
        named = chosen[: len(VOICES)]
        return [named[n * len(named) // len(VOICES)] for n in reversed(range(len(VOICES)))]

    def _sung(self, singers: list[int]) -> list[int | None]:
        """What each voice sings where the plan ends; its last pitch is kept in mind."""
        sounding: list[int | None] = [None] * len(VOICES)
        for instrument in dict.fromkeys(singers):
            mine = [v for v, singer in enumerate(singers) if singer == instrument]
            pitches = sorted(pitch for i, pitch in self._improviser.own if i == instrument)
            voices = sung_by(mine, pitches, self._last)
            for voice, pitch in zip(voices, pitches, strict=False):
                sounding[voice] = self._last[voice] = pitch
        return sounding

    def _answer_length(self, phrase: float) -> float:
        return max(phrase, SHORTEST_ANSWER)

    def _ends_at(self, since: float) -> float:
        return since + self._length + LONGER

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        actions = super().answered(tag, answer, now)
        self._end_on_a_chord()
        return actions

    def _end_on_a_chord(self) -> None:
        """Once it is as long as your phrase, the next chord is the last."""
        improviser, since = self._improviser, self._answers_since
        if since is None or improviser.tip_time < since + self._length:
            return
        at = improviser.tip_time
        together = sum(abs(begun - at) < AT_ONCE for begun in improviser.own.values())
        if together >= CHORD:
            improviser.until = min(improviser.until or at + AT_ONCE, at + AT_ONCE)
