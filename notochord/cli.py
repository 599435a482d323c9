"""The command line: notochord prepare, train, evaluate, export, sample, bench."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from notochord.corpus import CorpusError, prepare


def _prepare(args: argparse.Namespace) -> None:
    count = prepare(args.corpus, args.out, args.tier, args.processes)
    print(
        f"{args.out}: {count['read']} files, {count['notes']:,} notes, "
        f"{count['bytes'] / 2**20:.1f} MiB; {count['skipped']} skipped"
    )


def _train(args: argparse.Namespace) -> None:
    from notochord.train import Schedule, train, with_overrides

    values = {f.name: getattr(args, f.name) for f in fields(Schedule)}
    schedule = with_overrides(Schedule(), values)
    checkpoint = train(
        args.corpus, args.out, args.size, schedule, args.threads, not args.anew, not args.float32
    )
    print(f"{checkpoint}: done")


def _add_train(commands) -> None:
    from typing import get_type_hints

    train = commands.add_parser("train", help="train a network on a prepared corpus")
    train.add_argument("--corpus", type=Path, required=True, help="the prepared corpus file")
    train.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log and plot")
    train.add_argument("--size", default="base", help="base or tiny")
    train.add_argument("--threads", type=int, default=2, help="processor threads")
    train.add_argument("--float32", action="store_true", help="no bfloat16")
    train.add_argument("--anew", action="store_true", help="begin anew, not from the checkpoint")
    from notochord.train import Schedule

    kinds = get_type_hints(Schedule)
    for f in fields(Schedule):
        train.add_argument(f"--{f.name.replace('_', '-')}", dest=f.name, type=kinds[f.name])
    train.set_defaults(run=_train)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code (2 for a mistake in what was asked)."""
    parser = argparse.ArgumentParser(prog="notochord", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    prep = commands.add_parser("prepare", help="read a corpus of MIDI files into one file")
    prep.add_argument("--corpus", type=Path, required=True, help="folder with manifest.csv")
    prep.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    prep.add_argument("--tier", default="all", help="'open' leaves out sources with a doubt")
    prep.add_argument("--processes", type=int, default=2)
    prep.set_defaults(run=_prepare)
    _add_train(commands)
    args = parser.parse_args(argv)
    try:
        args.run(args)
    except CorpusError as error:
        print(f"notochord: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
