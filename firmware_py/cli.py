"""The command line of notochord-box: play, run, perform, rig, sessions, presets, doctor ..."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_py import settings as knobs
from firmware_py.bindings import commands as bindings
from firmware_py.bindings.binding import BindingError
from firmware_py.box import brains
from firmware_py.box import commands as box
from firmware_py.box.claims import lock_memory, own_core, place_brain
from firmware_py.box.folder import usable
from firmware_py.box.health import Watch
from firmware_py.box.notify import Notifier
from firmware_py.brain_choice import BrainChoice
from firmware_py.brain_link import ProcessLink
from firmware_py.cables import Cables, Wishes
from firmware_py.changing_link import ChangingLink
from firmware_py.clock import MonotonicClock
from firmware_py.live import Loop, PlannedTimes
from firmware_py.memory import Memory
from firmware_py.message import Message, note_off, note_on
from firmware_py.midi.backend import Backend, PortError, absent_backend, open_backend
from firmware_py.midi.din import find_uart
from firmware_py.midi.ports import keyboards, list_ports
from firmware_py.midi.tap import Tap
from firmware_py.panel import pinmap
from firmware_py.panel.access import Access
from firmware_py.panel.find import PANELS, PanelError, check_terminal, find_panels
from firmware_py.panel.panel import Panel
from firmware_py.panel.viewer import Viewer
from firmware_py.places import state_folder
from firmware_py.presets import commands as presets
from firmware_py.presets.preset import PresetError
from firmware_py.rig import commands as rigs
from firmware_py.rig.curve import CurveError
from firmware_py.rig.rig import RigError
from firmware_py.saved import Saved
from firmware_py.sessions import commands as sessions
from firmware_py.sessions.budget import BUDGET
from firmware_py.sessions.session import SessionError
from firmware_py.settings import AUTO_BRAIN, MODES, SettingError, Settings
from firmware_py.soak import commands as soaks
from firmware_py.steering import commands as steering
from firmware_py.story import Voice
from firmware_py.synths import commands as synths
from firmware_py.synths import shelf
from firmware_py.synths.layout import SynthError
from notochord.event import Note
from notochord.options import BRAINS, DEFAULT_BRAIN, OneLineParser, add_brain, number, whole
from notochord.wholefile import check_folder

if TYPE_CHECKING:
    from firmware_py.perform import Performed

log = logging.getLogger(__name__)

SAVED = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "notochord-box.json"
Timed = list[tuple[float, str, Message]]


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code (2 for a mistake in what was asked)."""
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="notochord-box: %(message)s")
    try:
        run: Callable[[argparse.Namespace], int] = args.run
        return run(args)
    except ValueError as error:
        if not isinstance(error, _mistakes()):
            raise
        print(f"notochord-box: {error}", file=sys.stderr)
    except BrokenPipeError:  # whoever read what we print has read enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = (error.strerror or str(error)).lower()
        print(f"notochord-box: {where}{reason}; name another place", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2


def _mistakes() -> tuple[type[ValueError], ...]:
    """What is told in one line. Not imported before there is one: the first note would wait."""
    from firmware_py.box.update import UpdateError
    from firmware_py.outfile import SoundError
    from firmware_py.perform import BrainUnusable
    from notochord.midifile import MidiFileError

    return (
        SettingError, MidiFileError, PortError, BrainUnusable, SoundError, pinmap.PinMapError,
        PresetError, SessionError, RigError, CurveError, PanelError, BindingError,
        SynthError, UpdateError,
    )  # fmt: skip


def _settings(args: argparse.Namespace, base: Settings | None = None) -> Settings:
    settings = base or Settings()
    if args.mode is not None:
        settings = knobs.changed(settings, "mode", args.mode)
    for text in args.knob:
        settings = knobs.parsed(settings, text)
    if args.synth is not None:
        settings = knobs.changed(settings, "synth", shelf.setting(args.synth))
    return settings


def _awake(args: argparse.Namespace, settings: Settings) -> tuple[ChangingLink, BrainChoice]:
    """A link to a brain that is ready, and the choice among all; for performing, where nothing can
    be played before. Raises SettingError when it cannot play the mode."""
    from firmware_py.perform import wake

    files, settings = _brains(args, state_folder(), settings)

    def make(path: Path) -> ProcessLink:
        return ProcessLink(path, MonotonicClock().now, timely=False)

    link = ChangingLink(make(files[settings.brain]), make, MonotonicClock().now)
    choice = BrainChoice(link, files, settings.brain)
    try:
        wake(link)
        refusal = choice.refusal("mode", settings.mode)
        if refusal is not None:
            raise SettingError(f"{refusal}; name another --mode")
    except BaseException:
        link.close()
        raise
    return link, choice


def _perform(args: argparse.Namespace) -> int:
    from firmware_py import outfile
    from firmware_py.perform import perform
    from firmware_py.turns import Turn, Turning
    from notochord.midifile import read_messages

    settings = _settings(args)
    messages = [(at, f"track {n}", data) for at, n, data in read_messages(args.input)]
    wanted = [path for path in (args.out, args.png, args.wav, args.json) if path is not None]
    for path in wanted:
        check_folder(path)
    if args.wav is not None:
        outfile.check_sound()
    turns = [Turn.read(*words) for words in args.turn]
    link, choice = _awake(args, settings)
    about = _about(link, args.seed, settings) | {"turns": [str(turn) for turn in turns]}
    turning = Turning(link, choice)
    also = [(turn.at, turning.happening(turn)) for turn in turns]
    try:
        performed = perform(messages, settings, link, args.seed, args.answer_ms, args.tail, also)
    finally:
        link.close()
    figures = {**performed.report(), **about}
    _write(performed, figures, args.out, args.png, args.wav, args.json, args.input.stem)
    for name, value in figures.items():
        print(f"{name}: {value}")
    return 0


def _about(link: ChangingLink, seed: int, settings: Settings) -> dict[str, Any]:
    brain = str(link.manifest.get("name", ""))
    return {"brain": brain, "brain_sha256": link.sha256, "seed": seed, "mode": settings.mode}


def _write(
    performed: Performed, figures: dict[str, Any], midi: Path, png: Path | None,
    wav: Path | None, json: Path | None, title: str,
) -> None:  # fmt: skip
    from firmware_py import outfile

    outfile.write_midi(performed, midi)
    if png is not None:
        outfile.write_roll(performed, png, f"{title} · {figures['mode']}")
    if wav is not None:
        outfile.write_wav(performed, wav)
    if json is not None:
        outfile.write_json(figures, json)


def _as_messages(notes: list[Note]) -> Timed:
    timed: Timed = []
    for note in notes:
        timed.append((note.start, "keyboard", note_on(0, note.pitch, note.velocity)))
        timed.append((note.end, "keyboard", note_off(0, note.pitch)))
    return sorted(timed, key=lambda item: (item[0], item[2][0]))


def _play(args: argparse.Namespace) -> int:
    """Live where a keyboard is plugged in; else a tune of ours, to files."""
    from firmware_py import outfile
    found = keyboards()
    if found:
        print(f"keyboard found: {', '.join(found)}")
        args.input, args.output, args.api = [], None, "auto"
        args.virtual, args.times, args.pins, args.panel = False, None, pinmap.DEFAULT, "auto"
        args.box, args.sent = False, None
        args.state, args.record, args.budget = state_folder(), True, BUDGET >> 20
        args.rig, args.din, args.no_din = None, None, False
        return _run(args)
    from firmware_py.perform import perform
    from firmware_py.tune import tune

    out = args.folder
    out.mkdir(parents=True, exist_ok=True)
    settings = _settings(args)
    print("no keyboard is plugged in, so the box plays with a tune of its own: Greensleeves")
    print("waking the network ...")
    link, _ = _awake(args, settings)
    about = _about(link, args.seed, settings)
    print(f"{about['brain']} performs in mode '{settings.mode}' ...")
    try:
        performed = perform(_as_messages(tune()), settings, link, args.seed)
    finally:
        link.close()
    figures = {**performed.report(), **about}
    stem = f"greensleeves-{settings.mode}"
    midi, png, wav = (out / f"{stem}.{kind}" for kind in ("mid", "png", "wav"))
    sound = wav if outfile.can_sound() else None
    _write(performed, figures, midi, png, sound, None, "Greensleeves")
    theirs = figures["notes_of_the_network"]
    print(f"you: {figures['notes_in']} notes; the network: {theirs} notes; "
          f"left sounding: {figures['hanging_notes']}")  # fmt: skip
    print(f"an answer took {figures['answer_ms']['p50']} ms (median)")
    print(f"music:   {midi}\npicture: {png}")
    print(f"sound:   {sound or 'install fluidsynth and fluid-soundfont-gm, and run this again'}")
    print("to play it yourself: plug in a MIDI keyboard and a synth, and run this again")
    return 0


def _run(args: argparse.Namespace) -> int:
    saved = Saved(SAVED)
    settings, pin_map = _settings(args, saved.load()), pinmap.load(args.pins)
    if args.panel == "terminal":
        check_terminal()
    folder = usable(args.state)
    shelf, settings = _brains(args, folder, settings)
    rig, wishes = rigs.for_playing(args.rig, folder), _wishes(args)
    tap = None if args.sent is None else Tap(args.sent)
    with _backend(args.api, wishes) as backend:
        cables = Cables(backend, MonotonicClock().now, rig, wishes)
        cables.outputs.tap = tap
        try:
            memory = Memory(folder, args.record, args.budget << 20)
            _live(args, settings, cables, pin_map, memory, saved, shelf)
        finally:
            cables.close()
    return 0


def _wishes(args: argparse.Namespace) -> Wishes:
    found = None if args.din or args.no_din or args.virtual else find_uart()
    return Wishes(args.input, args.output, args.virtual, args.din or found, found is not None)


def _backend(api: str, wishes: Wishes) -> Backend:
    """The MIDI system; where there is none yet but DIN there is, it may come later."""
    try:
        return open_backend(api)
    except PortError:
        if wishes.din is None or wishes.inputs or wishes.output or wishes.virtual:
            raise
        return absent_backend(api)


def _live(
    args: argparse.Namespace, settings: Settings, cables: Cables, pin_map: pinmap.PinMap,
    memory: Memory, saved: Saved, shelf: dict[str, Path],
) -> None:  # fmt: skip
    """Play until stopped. `shelf`: the brain files there are, by name."""
    place = partial(place_brain, cores=own_core()) if args.box else int
    clock, access = MonotonicClock(), Access()
    viewer = Viewer(memory.session, lambda: access.code)
    times = PlannedTimes(clock.now)

    def send(message: Message) -> None:
        cables.send(message)
        times.sent(message)
        viewer.sent(message, clock.now())

    def watch(owner: str, voice: Voice, due: float | None) -> None:
        cables.watch(owner, voice, due)
        times.watch(owner, voice, due)
        viewer.watch(owner, voice, due)

    instead = None if args.brain else DEFAULT_BRAIN
    first = ProcessLink(shelf[settings.brain], clock.now, place=place, instead=instead)
    link = ChangingLink(first, lambda path: ProcessLink(path, clock.now, place=place), clock.now)
    instrument = memory.instrument(
        settings, send, link, args.seed, watch, clock.now,
        brain=lambda: {"name": link.manifest.get("name", ""), "sha256": link.sha256},
    )  # fmt: skip
    saved.follow(lambda: instrument.scene.settings)
    notifier, strain = Notifier.from_environment(), Watch()
    memory.regularly(saved.turn)
    memory.regularly(strain.turn)
    with ExitStack() as ends:
        show, panels = _panels(args, pin_map, settings, clock, viewer, ends)
        if panels and pin_map.web is not None:  # there may be a button that asks for it
            panels.append(access)
            ends.callback(access.close)

        def told(text: str) -> None:
            show(text)
            notifier.status(text)

        heard, played_on = (", ".join(names) for names in (cables.heard_from, cables.played_on))
        show(f"playing: {heard or 'no keyboard yet'} → {played_on or 'no synth yet'}")
        show(f"mode {settings.mode}: keys sound now, the network wakes (Ctrl-C ends)")
        if args.box:
            lock_memory()
        ends.enter_context(memory)
        Loop(
            instrument, cables, link, clock, told, panels, memory.bank, memory.keep, memory.book,
            viewer, notifier, strain, memory.renewed, memory.take_brain,
            BrainChoice(link, shelf, settings.brain),
        ).run()  # fmt: skip
    if args.times is not None:
        times.write(args.times)


def _brains(
    args: argparse.Namespace, state: Path, settings: Settings
) -> tuple[dict[str, Path], Settings]:
    """The brain files there are, by name, and the settings with the name of one of them. Raises
    SettingError where one was asked for that is not there."""
    shelf = brains.shelf(state, BRAINS, DEFAULT_BRAIN)
    asked = "brain" in (knobs.pair(text)[0] for text in args.knob)
    wanted = args.brain if args.brain and not args.brain.is_file() else None
    if wanted is None and asked and settings.brain not in shelf:
        wanted = settings.brain
    if wanted is not None:
        raise SettingError(f"there is no brain and no file '{wanted}'; "
                           f"there are {', '.join(shelf)}")  # fmt: skip
    if args.brain:
        shelf[AUTO_BRAIN] = args.brain
    if settings.brain not in shelf:
        log.warning("there is no brain called '%s' here; the usual one plays", settings.brain)
    if (args.brain and not asked) or settings.brain not in shelf:
        settings = knobs.changed(settings, "brain", AUTO_BRAIN)
    return shelf, settings


def _panels(
    args: argparse.Namespace, pin_map: pinmap.PinMap, settings: Settings, clock: MonotonicClock,
    viewer: Viewer, ends: ExitStack,
) -> tuple[Callable[[str], None], list[Panel]]:  # fmt: skip
    """Who is told what happens, and the panels, which close with `ends`."""
    panels = [] if args.panel == "none" else find_panels(pin_map, settings, clock.now)
    for panel in panels:
        ends.callback(panel.close)
    if args.panel != "terminal":
        return lambda text: print(text, flush=True), panels
    from firmware_py.panel.terminal.screen import terminal

    return viewer.told, [*panels, ends.enter_context(terminal(clock.now, viewer.told))]


def _ports(args: argparse.Namespace) -> int:
    ports = list_ports(args.api)
    for kind, names in (("inputs", ports.inputs), ("outputs", ports.outputs)):
        print(f"{kind}:")
        for name in names or ["(none)"]:
            print(f"  {name}")
    return 0


def _latency(args: argparse.Namespace) -> int:
    from firmware_py.loopback import measured
    from firmware_py.outfile import write_json

    knobs.changed(Settings(), "mode", args.mode)
    if args.json is not None:
        check_folder(args.json)
    figures = measured(args.mode, args.notes, args.brain, args.api, args.seed)
    for name, value in figures.items():
        print(f"{name}: {value}")
    if args.json is not None:
        write_json(figures, args.json)
    return 0


def _add_common(parser: argparse.ArgumentParser, mode: str | None) -> None:
    parser.add_argument("--mode", default=mode, help=f"one of {', '.join(MODES)}")
    add_brain(parser)
    parser.add_argument("--seed", type=whole(0, 2**31), default=0, help="of everything random")
    parser.add_argument("--synth", metavar="NAME|FILE", help="which synth is connected: the name "
                        "of a layout that 'notochord-box synths' lists, or a file of your own")
    parser.add_argument("--knob", action="append", default=[], metavar="NAME=VALUE",
                        help=f"set one of {', '.join(knobs.FIELDS)}")  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="notochord-box", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    play = commands.add_parser("play", help="play live, or a tune where no keyboard is there")
    _add_common(play, "duet")
    play.add_argument("--folder", type=Path, default=Path("performance"), help="for the files")
    play.set_defaults(run=_play)

    to_file = commands.add_parser("perform", help="play a MIDI file through the instrument")
    to_file.add_argument("input", type=Path, metavar="IN.mid")
    _add_common(to_file, "duet")
    to_file.add_argument("--out", type=Path, required=True, help="the MIDI file to write")
    to_file.add_argument("--png", type=Path, help="a piano roll to draw")
    to_file.add_argument("--wav", type=Path, help="sound to make (with fluidsynth)")
    to_file.add_argument("--json", type=Path, help="the figures")
    to_file.add_argument("--answer-ms", type=number(0, 10_000), default=3.0,
                         help="simulated time that an answer takes")  # fmt: skip
    to_file.add_argument("--turn", nargs=2, action="append", default=[],
                         metavar=("SECONDS", "NAME=VALUE"),
                         help="turn a knob then, or to another brain")  # fmt: skip
    to_file.add_argument("--tail", type=number(0, 3600), help="seconds of music after the end")
    to_file.set_defaults(run=_perform)

    run = commands.add_parser("run", help="play live")
    _add_common(run, None)
    run.add_argument("--input", action="append", default=[], help="keyboards, by name or pattern")
    run.add_argument("--output", help="the synth, by name or pattern")
    run.add_argument("--virtual", action="store_true", help="offer ports for others to connect to")
    run.add_argument("--rig", type=Path, help="a file that says which device is what")
    run.add_argument("--din", type=Path, metavar="UART", help="a DIN port, as /dev/serial0")
    run.add_argument("--no-din", action="store_true", help="leave the UART of a Pi alone")
    run.add_argument("--panel", default="auto", choices=PANELS,
                     help="what is wired to the pins (auto), a panel in this terminal, or none")
    run.add_argument("--pins", type=Path, default=pinmap.DEFAULT, help="the panel's pin map")
    run.add_argument("--times", type=Path, help="write when each planned note and tick was sent")
    run.add_argument("--sent", type=Path, help="a named pipe: told what each synth is sent")
    run.add_argument("--state", type=Path, default=state_folder(), help="for presets and sessions")
    run.add_argument("--no-record", dest="record", action="store_false", help="no session is kept")
    run.add_argument("--budget", type=whole(1, 1_000_000), default=BUDGET >> 20, metavar="MB",
                     help="room that all sessions together may take")  # fmt: skip
    run.add_argument("--api", default="auto", choices=("auto", "alsa", "jack"))
    run.add_argument("--box", action="store_true", help="the machine is all ours: the player "
                     "has a core for itself, and its memory is locked")  # fmt: skip
    run.set_defaults(run=_run, brain=None)  # the one that was brought to it, else the shipped one

    sessions.add_to(commands)
    presets.add_to(commands)
    rigs.add_to(commands)
    bindings.add_to(commands)
    box.add_to(commands, DEFAULT_BRAIN)
    synths.add_to(commands)
    steering.add_to(commands, DEFAULT_BRAIN)
    soaks.add_to(commands)

    ports = commands.add_parser("ports", help="list the MIDI ports")
    ports.add_argument("--api", default="auto", choices=("auto", "alsa", "jack"))
    ports.set_defaults(run=_ports)

    latency = commands.add_parser("latency", help="measure the box through real ports")
    latency.add_argument("--mode", default="harmonize", help=f"one of {', '.join(MODES)}")
    latency.add_argument("--notes", type=whole(1, 1_000_000), default=1000)
    add_brain(latency)
    latency.add_argument("--seed", type=whole(0, 2**31), default=0)
    latency.add_argument("--api", default="auto", choices=("auto", "alsa", "jack"))
    latency.add_argument("--json", type=Path, help="the figures")
    latency.set_defaults(run=_latency)
    return parser


if __name__ == "__main__":
    sys.exit(main())
