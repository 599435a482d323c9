"""The kinds of network there are, and where the parts of each are to be found.

A network is one file and its vocabulary another; training, export, the brain file and what is asked
of it are written once, and look here for what differs. Nothing is imported before it is needed: the
player reads what a brain can be asked without torch.

    kind                config ▶ network ──training──▶ checkpoint ──step──▶ brain file ──▶ brain
    notochord           Config   Notochord          NotochordStudy  StepNetwork      NotochordBrain
    performance_rnn     Config   PerformanceRNN     TokenStudy      StepPerformance  TokenBrain
    groove_transformer  Config   GrooveTransformer  GrooveStudy     StepGroove       GrooveBrain
    bachprop            Config   BachProp           ScoreStudy      StepBachProp     ScoreBrain
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

# What Notochord plays, and so what a brain file plays that does not say what it does.
EVERY_MODE = (
    "continue", "harmonize", "autopitch", "duet", "echo", "solo", "accompany"
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of network. Places are written "module:name".

    `format` is that of its brain files, 0 where there are none: it is trained, not played yet;
    `modes` are the roles that it can take, `given` the sub-events (letters of instrument, pitch,
    time, velocity) that an ask may give it, and `any_order` whether it draws the others in the
    order that is asked for, or always in its own.
    `quantised` are the layers of its playing network that are brought to int8, `exported` the
    methods that a loaded brain calls. `sources`: what it learns from, the whole corpus if None;
    `instruments`: those that it has learnt, where these are not all; `dynamics`: whether it learns
    from no piece of these sources without any.
    """

    name: str
    about: str
    network_at: str
    study_at: str
    size: str  # by default
    step_at: str = ""
    brain_at: str = ""
    format: int = 0
    modes: tuple[str, ...] = ()
    given: str = ""
    any_order: bool = False
    exported: tuple[str, ...] = ()
    quantised: frozenset[str] = frozenset()
    unit: str = "events"  # that it foresees
    sources: tuple[str, ...] | None = None
    instruments: tuple[int, ...] | None = None
    dynamics: bool = True

    @property
    def configs(self) -> dict[str, Any]:
        """The sizes there are, by name."""
        sizes: dict[str, Any] = _found(self._beside("CONFIGS"))
        return sizes

    def config(self, values: Mapping[str, Any]) -> Any:
        """A network's sizes, as a checkpoint or a manifest has them."""
        return _found(self._beside("Config"))(**values)

    def network(self, config: Any) -> Any:
        """A new network of these sizes."""
        return _found(self.network_at)(config)

    @property
    def is_played(self) -> bool:
        """Whether there are brain files of it."""
        return self.format > 0

    @property
    def study(self) -> Any:
        """What it is to train one: see notochord.study."""
        return _found(self.study_at)

    @property
    def step(self) -> Any:
        """The network as it plays, made from a trained one."""
        return _found(self.step_at)

    @property
    def brain(self) -> Any:
        """What a brain file of it is loaded as: see notochord.brain."""
        return _found(self.brain_at)

    def asks(self) -> dict[str, Any]:
        """What a brain of it can be asked, as its manifest declares."""
        order = "any" if self.any_order else "its own"
        declared = {"modes": list(self.modes), "asks": {"given": self.given, "order": order}}
        return declared | ({"instruments": list(self.instruments)} if self.instruments else {})

    def _beside(self, name: str) -> str:
        return f"{self.network_at.partition(':')[0]}:{name}"


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


NOTOCHORD = Kind(
    name="notochord",
    about="foresees the next event of a piece (instrument, pitch, time, velocity), any of these "
    "given any of the others",
    network_at="notochord.models.notochord:Notochord",
    study_at="notochord.study:NotochordStudy",
    size="base",
    step_at="notochord.step:StepNetwork",
    brain_at="notochord.brain:NotochordBrain",
    format=3,
    modes=EVERY_MODE,
    given="iptv",
    any_order=True,
    exported=("start", "embed", "feed", "log_prob", "instruments", "pitches", "times",
              "velocities"),
    # Not the linear layers behind the sinusoids and those that choose what is copied: they are
    # small, and what they say must stay exact.
    quantised=frozenset({
        "cell", "project", "look_back", "head_instrument", "head_pitch", "head_time",
        "head_velocity",
    }),
)  # fmt: skip

PERFORMANCE_RNN = Kind(
    name="performance_rnn",
    about="foresees the next of a piano performance's tokens: a note begins, a note ends, time "
    "passes, the loudness changes",
    network_at="notochord.models.performance_rnn:PerformanceRNN",
    study_at="notochord.segments:TokenStudy",
    size="article",
    step_at="notochord.models.performance_rnn:StepPerformance",
    brain_at="notochord.token_brain:TokenBrain",
    format=4,
    modes=("continue", "echo", "solo"),
    given="itv",
    any_order=False,
    exported=("start", "feed", "rate"),
    quantised=frozenset({"cells", "head"}),
    unit="tokens",
    sources=("pianolatron_rolls", "pop909", "giantmidi_eval"),
    instruments=(1,),
)

GROOVE_TRANSFORMER = Kind(
    name="groove_transformer",
    about="makes two bars for a whole drum kit of a groove that is tapped",
    network_at="notochord.models.groove_transformer:GrooveTransformer",
    study_at="notochord.patterns:GrooveStudy",
    size="base",
    step_at="notochord.models.groove_transformer:StepGroove",
    brain_at="notochord.groove_brain:GrooveBrain",
    format=5,
    modes=("drums",),
    exported=("encode", "decode"),
    unit="steps",
    sources=("groove_gmd",),
)

BACHPROP = Kind(
    name="bachprop",
    about="foresees the next note of a score: when it begins, how long it lasts, its pitch",
    network_at="notochord.models.bachprop:BachProp",
    study_at="notochord.score_study:ScoreStudy",
    size="base",
    step_at="notochord.models.bachprop:StepBachProp",
    brain_at="notochord.score_brain:ScoreBrain",
    format=4,
    modes=("continue", "chorale"),
    given="itv",
    any_order=False,
    exported=("start", "feed", "wait_logits", "length_logits", "pitch_logits", "rate"),
    quantised=frozenset({"wait", "length", "pitch"}),
    unit="notes",
    sources=("js_fakes", "openhymnal", "openscore_quartets"),
    dynamics=False,
)

KINDS = {kind.name: kind for kind in (NOTOCHORD, PERFORMANCE_RNN, GROOVE_TRANSFORMER, BACHPROP)}


def kind_of(network: object) -> Kind:
    """The kind of a network in memory."""
    name = type(network).__name__
    return next(kind for kind in KINDS.values() if kind.network_at.partition(":")[2] == name)


def modes_of(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The modes that a brain can play; a file from before there were several kinds is a
    Notochord's."""
    modes = manifest.get("modes", EVERY_MODE)
    return tuple(mode for mode in modes if isinstance(mode, str))
