"""The command line: notochord prepare, train, evaluate, export, sample, judge, roles and more."""

from __future__ import annotations

import argparse
import errno
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

from notochord.arm.root import ArmError
from notochord.brain import BrainError
from notochord.corpus import CorpusError, prepare
from notochord.midifile import MidiFileError
from notochord.options import OneLineParser, brain_file, whole
from notochord.versus.link import OriginalError

# Commands whose options and work are in a module of their own, imported when it is called for.
MODULES = {
    "evaluate": "measure how well a brain foresees music it never heard",
    "export": "make a brain file, with its model card, from a checkpoint",
    "card": "write the card of a brain with all that was measured of it",
    "sample": "let a brain play into a MIDI file",
    "score": "let a brain in score time compose, as MIDI and MusicXML, and measure it",
    "judge": "measure whether what a brain plays is like music",
    "temperature": "measure what a temperature does to what a brain plays by itself",
    "roles": "measure whether a brain harmonises and chooses pitches well",
    "show": "draw what a brain thinks of a piece: how little it expected each note, and what next",
    "bench": "measure how fast a brain answers",
    "versus": "measure a brain beside the original Notochord",
    "arm": "compare a brain with itself on a Raspberry Pi, emulated; estimate its times there",
}
# Of modules that are not named as their command is.
PLACES = {"score": "compose", "versus": "versus.command", "arm": "arm.command"}
REMEDIES = {
    errno.ENOSPC: "free some space or name another place",
    errno.ENOENT: "make it, or name another",
    errno.EACCES: "name another place",
    errno.EROFS: "name another place",
    errno.EISDIR: "name a file in it",
    errno.ENOTDIR: "name another place",
}


def _prepare(args: argparse.Namespace) -> None:
    count = prepare(args.corpus, args.out, args.tier, args.processes)
    print(
        f"{args.out}: {count['read']} files, {count['notes']:,} notes, "
        f"{count['bytes'] / 2**20:.1f} MiB; {count['skipped']} skipped"
    )


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--tier", default="all", help="'open' leaves out sources with a doubt")
    parser.add_argument("--processes", type=whole(1, 256), default=2)


def _train(args: argparse.Namespace) -> None:
    from notochord.kinds import KINDS
    from notochord.train import Schedule, train, with_overrides

    values = {f.name: getattr(args, f.name) for f in fields(Schedule)}
    schedule = with_overrides(Schedule(), values)
    checkpoint = train(
        args.corpus, args.out, args.size, schedule, args.threads, not args.anew, not args.float32,
        args.begin_with, KINDS[args.network],
    )  # fmt: skip
    print(f"{checkpoint}: done")


def _add_train(parser: argparse.ArgumentParser) -> None:
    from notochord.kinds import KINDS, NOTOCHORD
    from notochord.train import Schedule

    parser.add_argument("--corpus", type=Path, required=True, help="the prepared corpus file")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log, plot")
    parser.add_argument("--network", choices=KINDS, default=NOTOCHORD.name, help="which kind")
    sizes = "; ".join(f"{kind.name}: {', '.join(kind.configs)}" for kind in KINDS.values())
    parser.add_argument("--size", help=f"{sizes}; the first, or base, by default")
    parser.add_argument(
        "--begin-with", type=brain_file, help="a brain file to train on from; cut down to --size"
    )
    parser.add_argument("--threads", type=whole(1, 256), default=2, help="processor threads")
    parser.add_argument("--float32", action="store_true", help="no bfloat16")
    parser.add_argument("--anew", action="store_true", help="begin anew, not from the checkpoint")
    kinds = get_type_hints(Schedule)
    for f in fields(Schedule):
        option = f"--{f.name.replace('_', '-')}"
        parser.add_argument(option, dest=f.name, type=kinds[f.name], help=f"default {f.default}")


def _fill(name: str, parser: argparse.ArgumentParser) -> None:
    """Give the command that was called its options and its work."""
    if name == "prepare":
        _add_prepare(parser)
        parser.set_defaults(run=_prepare)
    elif name == "train":
        _add_train(parser)
        parser.set_defaults(run=_train)
    else:
        module = import_module(f"notochord.{PLACES.get(name, name)}")
        module.add_arguments(parser)
        parser.set_defaults(run=module.run)


def _parser(argv: list[str]) -> argparse.ArgumentParser:
    """The parser; only the command that is called has its options, so that help is quick."""
    parser = OneLineParser(prog="notochord", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    helps = {
        "prepare": "read a corpus of MIDI files into one file",
        "train": "train a network on a prepared corpus",
        **MODULES,
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text, description=text)
        if argv[:1] == [name]:
            _fill(name, command)
    return parser


def _told(error: OSError) -> str:
    """What went wrong with a file, and what to do about it, in one line."""
    where = f"{error.filename}: " if error.filename else ""
    remedy = REMEDIES.get(error.errno or 0, "try again or name another place")
    return f"{where}{(error.strerror or str(error)).lower()}; {remedy}"


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code (2 for a mistake in what was asked)."""
    argv = sys.argv[1:] if argv is None else argv
    args = _parser(argv).parse_args(argv)
    try:
        args.run(args)
    except (ArmError, BrainError, CorpusError, MidiFileError, OriginalError) as error:
        message = str(error)
    except OSError as error:
        message = _told(error)
    except ValueError as error:
        from notochord.train import CheckpointError  # brings torch, so not before it is needed

        if not isinstance(error, CheckpointError):
            raise
        message = str(error)
    else:
        return 0
    print(f"notochord: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
