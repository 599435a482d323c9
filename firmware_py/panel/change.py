"""What a control may ask for, whichever it is: a knob, a key of the terminal, a pad far away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_py.presets.remote import Recall, Step


@dataclass(frozen=True)
class Turn:
    """Set a setting to a value."""

    setting: str
    value: float | str


@dataclass(frozen=True)
class StepMode:
    """So many modes on (negative: back), and round."""

    by: int


@dataclass(frozen=True)
class StepPalette:
    """So many palettes on (negative: back), and round."""

    by: int


@dataclass(frozen=True)
class StepBrain:
    """So many brains on, or back."""

    by: int


@dataclass(frozen=True)
class TakeOver:
    """Play alone; and again: the network is back."""


@dataclass(frozen=True)
class Tap:
    """The tempo was tapped, at a time in seconds."""

    at: float


@dataclass(frozen=True)
class Undo:
    """Take the last answer back, at a time in seconds; twice within a moment: and answer again."""

    at: float


@dataclass(frozen=True)
class Again:
    """Have another answer in the place of the last."""


@dataclass(frozen=True)
class Panic:
    """Silence everything."""


@dataclass(frozen=True)
class Restart:
    """Begin anew: the service ends, and whoever keeps it running starts it again."""


@dataclass(frozen=True)
class OpenAccess:
    """Open web access, for a while."""


@dataclass(frozen=True)
class StorePreset:
    """Store everything as it stands."""


@dataclass(frozen=True)
class PutPreset:
    """Have this preset under this number, whatever was there; `text` as it is stored."""

    number: int
    text: str


@dataclass(frozen=True)
class DropPreset:
    """Free this number."""

    number: int


@dataclass(frozen=True)
class TakeBrain:
    """Play with the brain file that was uploaded, whose bytes have this SHA-256, from the next
    start on; None: with the one that was shipped."""

    sha256: str | None


@dataclass(frozen=True)
class Keep:
    """Keep the last minutes of the performance."""


@dataclass(frozen=True)
class Listen:
    """Bind the MIDI controls that move from now on to `what`, a setting or an action, or to the
    control that was touched last; or (False) listen no more. `keys`: keys of every channel count as
    pads, not those of channel 10 alone."""

    on: bool
    what: str | None = None
    keys: bool = False


@dataclass(frozen=True)
class Learnt:
    """A MIDI control moved while the box listened: what is to be said of it, and whether it was
    bound or let go."""

    line: str
    done: bool = True


@dataclass(frozen=True)
class Forget:
    """Unbind a MIDI control, by its name."""

    source: str


@dataclass(frozen=True)
class Quit:
    """End the instrument."""


Change = (
    Turn | StepMode | StepPalette | StepBrain | TakeOver | Tap | Undo | Again | Panic | Step
    | Recall | StorePreset | Keep | Listen | Learnt | Forget | Quit | Restart | OpenAccess
    | PutPreset | DropPreset | TakeBrain
)  # fmt: skip

# What a button or a pad can do, by the name that pin maps and bindings give it; at a time.
ACTIONS: dict[str, Callable[[float], Change]] = {
    "take over": lambda at: TakeOver(),
    "tap tempo": Tap,
    "undo": Undo,
    "again": lambda at: Again(),
    "keep": lambda at: Keep(),
    "next mode": lambda at: StepMode(1),
    "previous mode": lambda at: StepMode(-1),
    "next palette": lambda at: StepPalette(1),
    "previous palette": lambda at: StepPalette(-1),
    "next brain": lambda at: StepBrain(1),
    "previous brain": lambda at: StepBrain(-1),
    "next preset": lambda at: Step(1),
    "previous preset": lambda at: Step(-1),
    "store preset": lambda at: StorePreset(),
    "panic": lambda at: Panic(),
}
AT_ONCE = ("tap tempo",)  # what counts when the button goes down


def name_of(change: Change) -> str | None:
    """What a binding would call this: a setting or an action; None for what cannot be bound."""
    match change:
        case Turn(setting):
            return setting
        case StepMode():
            return "mode"
        case StepPalette():
            return "palette"
        case Undo():
            return "undo"
        case Tap():
            return "tap tempo"
    return next((name for name, make in ACTIONS.items() if make(0.0) == change), None)
