"""The network plays alone: music drawn event by event into a MIDI file.

What may be drawn next is exact: note-ons of the chosen instruments where they do not sound yet,
note-offs of what sounds. A note that sounds too long is ended, and so is everything at the end. An
instrument that has rested too long is the next to come in, or one that plays alone would go on so.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from notochord.ask import N_UNIFORMS, Ask, Temperatures, pitch_range, pitch_set
from notochord.brain import Brain
from notochord.event import FIRST_KIT, MAX_DT, Event, Note, is_drums, name_of
from notochord.midifile import events_to_notes, midi_file, notes_to_events, read_notes
from notochord.options import add_brain, instruments, number, whole
from notochord.roll import draw_roll
from notochord.wholefile import check_folder, write_whole

DRUM_KEYS = pitch_range(27, 87)  # the keys of General MIDI's percussion map
MOST_PARTS = 8  # of a piece whose instruments are drawn freely
ANY_INSTRUMENT = [*range(1, FIRST_KIT), FIRST_KIT]  # every melodic one, and the standard kit


@dataclass(frozen=True)
class Manner:
    """How to play: which sub-events first, how freely, and what is not let happen."""

    order: str = "tvip"
    temperature: float = 0.95  # instrument and pitch; lower runs into loops
    rhythm_temperature: float = 0.7  # short or long; lower keeps the beat better
    timing_temperature: float = 0.2  # how exactly a time is met
    velocity_temperature: float = 0.6
    groove: float = 4.0  # how much likelier a wait is that keeps to the rhythm heard
    top_p: float = 0.95
    busiest: int = 24  # notes begun within a second; beyond that the next event comes later
    longest_note: float = 12.0  # seconds
    longest_drum: float = 1.0  # seconds; drums ring by themselves
    most_voices: int = 8  # notes that one instrument may hold
    longest_wait: float = 4.0  # seconds in which no note begins
    longest_rest: float = 2.0  # seconds after which an instrument asked for has a turn coming
    share: float = 0.3  # least share that such instruments get of who plays next

    @property
    def temperatures(self) -> Temperatures:
        """As the brain takes them."""
        return Temperatures(
            pitch=self.temperature, rhythm=self.rhythm_temperature,
            timing=self.timing_temperature, velocity=self.velocity_temperature,
        )  # fmt: skip


# Nothing bends the draw but what no performance does: notes held for ever, silence for ever.
PLAIN = Manner(
    top_p=1.0, groove=0.0, busiest=128, longest_note=30.0, most_voices=32, longest_wait=10.0,
    longest_rest=600.0, share=0.0,
)  # fmt: skip


def plainly(temperature: float) -> Manner:
    """One temperature for everything."""
    return replace(
        PLAIN, temperature=temperature, rhythm_temperature=temperature,
        timing_temperature=temperature, velocity_temperature=temperature,
    )  # fmt: skip


@dataclass
class Playing:
    """Which notes sound and since when, and when each instrument last struck one (seconds)."""

    now: float = 0.0
    since: dict[tuple[int, int], float] = field(default_factory=dict)
    struck: dict[int, float] = field(default_factory=dict)
    begun: deque[float] = field(default_factory=lambda: deque(maxlen=128))

    def take(self, event: Event) -> None:
        """Note an event that sounded."""
        self.now += event.dt
        self.since.pop((event.instrument, event.pitch), None)
        if event.velocity > 0:
            self.since[event.instrument, event.pitch] = self.now
            self.struck[event.instrument] = self.now
            self.begun.append(self.now)

    def quiet(self) -> float:
        """Seconds since a note began."""
        return self.now - self.begun[-1] if self.begun else 0.0

    def freed_in(self, busiest: int) -> float:
        """Seconds until another note may begin without making it busier than that."""
        if len(self.begun) < busiest:
            return 0.0
        return max(self.begun[-busiest] + 1.0 - self.now, 0.0)

    def resting(self, band: list[int], longest: float) -> list[int]:
        """Those of the band who struck no note for so long, or none at all yet."""
        return [i for i in band if self.now - self.struck.get(i, -longest) >= longest]

    def held(self) -> dict[int, int]:
        """The pitches that each instrument holds."""
        by_instrument: dict[int, list[int]] = {}
        for instrument, pitch in self.since:
            by_instrument.setdefault(instrument, []).append(pitch)
        return {instrument: pitch_set(pitches) for instrument, pitches in by_instrument.items()}

    def next_to_end(self, manner: Manner) -> tuple[float, tuple[int, int]] | None:
        """How long until some note has sounded as long as it may, and which it is."""
        longest = manner.longest_note
        drum = min(manner.longest_drum, longest)
        ends = [
            (since + (drum if is_drums(key[0]) else longest), key)
            for key, since in self.since.items()
        ]
        end, key = min(ends, default=(0.0, None))
        return None if key is None else (max(end - self.now, 0.0), key)


def next_event(
    brain: Brain, state: object, playing: Playing, band: list[int], manner: Manner,
    uniforms: list[float], rested: list[int] | None = None,
) -> Event | None:  # fmt: skip
    """What the network plays next; a note that has sounded too long ends before anything else."""
    held = playing.held()
    free = [i for i in band if held.get(i, 0).bit_count() < manner.most_voices]
    every = {i: DRUM_KEYS if is_drums(i) else pitch_range(0, 127) for i in free}
    on = {instrument: keys & ~held.get(instrument, 0) for instrument, keys in every.items()}
    low, left = playing.freed_in(manner.busiest), manner.longest_wait - playing.quiet()
    overdue = left <= 0.0 and any(on.values())
    ask = Ask(
        order=manner.order, on=on, off={} if overdue else held,
        time=(low, min(max(left, low), MAX_DT)),
        temperature=manner.temperatures, top_p=manner.top_p,
        favoured=tuple(rested or ()), share=manner.share, groove=manner.groove,
    )  # fmt: skip
    event = brain.ask(state, ask, uniforms)  # type: ignore[arg-type]
    due = playing.next_to_end(manner)
    if due and (event is None or event.dt > due[0]):
        return Event(*due[1], dt=min(due[0], MAX_DT), velocity=0)
    return event


def sample(
    brain: Brain, band: list[int] | None, seconds: float, manner: Manner, seed: int = 0,
    prompt: list[Event] | None = None, progress: bool = True,
) -> list[Note]:  # fmt: skip
    """Notes of a piece `seconds` long, the prompt's included; one seed always gives one piece.

    `band` are the instrument ids that may play; None draws them as it goes, up to MOST_PARTS.
    """
    rng = np.random.default_rng(seed)
    state, playing, events = brain.start(), Playing(), list(prompt or [])
    for event in events:
        state = brain.tell(state, event)
        playing.take(event)
    playable = band or ANY_INSTRUMENT
    bar = tqdm(total=round(seconds), initial=round(playing.now), unit=" s", leave=False,
               disable=not progress)  # fmt: skip
    while True:
        uniforms = rng.random(N_UNIFORMS).tolist()
        rested = playing.resting(band, manner.longest_rest) if band else []
        drawn = next_event(brain, state, playing, playable, manner, uniforms, rested)
        if drawn is None or playing.now + drawn.dt >= seconds:
            break
        events.append(drawn)
        playing.take(drawn)
        state = brain.tell(state, drawn)
        bar.update(round(playing.now) - bar.n)
        if band is None and len(parts := {e.instrument for e in events}) >= MOST_PARTS:
            playable = sorted(parts)
    bar.close()
    return _ended(events, playing, seconds)


def _ended(events: list[Event], playing: Playing, seconds: float) -> list[Note]:
    """The events as notes, those still sounding ended at the end of the piece."""
    rest = max(seconds - playing.now, 0.0)
    last = [Event(*key, dt=0.0, velocity=0) for key in playing.since]
    if last:
        last[0] = last[0]._replace(dt=rest)
    return events_to_notes(events + last)


def read_prompt(path: Path, seconds: float) -> list[Event]:
    """The first seconds of a MIDI file, from its first note on. Raises MidiFileError."""
    events = notes_to_events(read_notes(path))
    at = np.cumsum([event.dt for event in events])
    return events[: int(np.searchsorted(at, seconds))]


def midi_bytes(notes: list[Note]) -> bytes:
    """A MIDI file's bytes."""
    buffer = io.BytesIO()
    midi_file(notes).save(file=buffer)
    return buffer.getvalue()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord sample`."""
    m = Manner()
    add = parser.add_argument
    add("--out", type=Path, required=True, help="the MIDI file to write")
    add("--png", type=Path, help="draw the piano roll here")
    add_brain(parser)
    add("--prompt", type=Path, help="a MIDI file to go on from")
    add("--prompt-seconds", type=number(0.1, 600), default=10.0, help="how much of it is heard")
    add("--instruments", type=instruments, help='"piano, violin, fingered bass, drums"')
    add("--seconds", type=number(1, 3600), default=60.0, help="how long, the prompt included")
    add("--temperature", type=number(0, 10), default=m.temperature, help="how freely; 1 as learnt")
    add("--rhythm-temperature", type=number(0, 10), default=m.rhythm_temperature)
    add("--timing-temperature", type=number(0, 10), default=m.timing_temperature)
    add("--velocity-temperature", type=number(0, 10), default=m.velocity_temperature)
    add("--groove", type=number(0, 16), default=m.groove, help="how closely the rhythm is kept")
    add("--top-p", type=number(0.01, 1), default=m.top_p, help="share of choices kept")
    add("--longest-note", type=number(0.1, 600), default=m.longest_note, help="seconds")
    add("--most-voices", type=whole(1, 128), default=m.most_voices, help="of one instrument")
    add("--longest-wait", type=number(0.1, MAX_DT), default=m.longest_wait, help="seconds")
    add("--longest-rest", type=number(0.1, 600), default=m.longest_rest, help="of an instrument")
    add("--seed", type=whole(0, 2**63 - 1), default=0, help="one seed always gives one piece")


def run(args: argparse.Namespace) -> None:
    """Play, write, and say what was written."""
    for path in filter(None, (args.out, args.png)):
        check_folder(path)
    heard = min(args.prompt_seconds, args.seconds)
    prompt = read_prompt(args.prompt, heard) if args.prompt else []
    band = args.instruments or sorted({event.instrument for event in prompt})
    manner = Manner(
        temperature=args.temperature, rhythm_temperature=args.rhythm_temperature,
        timing_temperature=args.timing_temperature, velocity_temperature=args.velocity_temperature,
        groove=args.groove, top_p=args.top_p, longest_note=args.longest_note,
        longest_wait=args.longest_wait, longest_rest=args.longest_rest,
        most_voices=args.most_voices,
    )  # fmt: skip
    brain = Brain.load(args.brain)
    brain.must_play_alone()
    band = band or brain.manifest.get("instruments")  # those that it has learnt, or any
    notes = sample(brain, band, args.seconds, manner, args.seed, prompt)
    write_whole(args.out, midi_bytes(notes))
    if args.png:
        draw_roll({"": notes}, args.png, f"{args.out.name}, seed {args.seed}")
    count = Counter(name_of(note.instrument) for note in notes)
    parts = ", ".join(f"{name} {n}" for name, n in count.most_common())
    length = max((note.end for note in notes), default=0.0)
    print(f"{args.out}: {len(notes)} notes in {length:.1f} s ({parts or 'silence'})")
