"""From a checkpoint to a brain file: quantised to int8, scripted, with its manifest.

A brain file is a TorchScript archive. It is frozen when it is loaded, in a few hundredths of a
second, and not before: so the weights can be had out of it again (notochord.recover). Its
manifest (JSON, an extra file in the archive) says what it is, what it was trained on and how good
it measured; a SHA-256 over every other record in the archive lets a reader refuse a file that was
cut short or altered.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import io
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from notochord.brain import BrainError
from notochord.event import N_INSTRUMENTS, N_PITCHES
from notochord.kinds import kind_of
from notochord.models.notochord import SUB_EVENTS
from notochord.wholefile import check_folder, write_whole

MANIFEST = "manifest.json"


def best_engine() -> str:
    """The int8 engine for this processor: fbgemm on x86, qnnpack elsewhere; or NOTOCHORD_ENGINE.

    Raises BrainError when this torch has no engine of that name.
    """
    supported = [name for name in torch.backends.quantized.supported_engines if name != "none"]
    best = "fbgemm" if "fbgemm" in supported else "qnnpack"
    engine = os.environ.get("NOTOCHORD_ENGINE") or best
    if engine not in supported:
        known = ", ".join(supported)
        raise BrainError(f"NOTOCHORD_ENGINE: no int8 engine '{engine}' here; name one of {known}")
    return engine


def script(net: torch.nn.Module, int8: bool) -> torch.jit.ScriptModule:
    """A trained network as it plays, scripted, its linear and recurrent layers in int8 if asked."""
    kind = kind_of(net)
    if not kind.is_played:
        raise BrainError(f"a {kind.name} can be trained, but not be played from a brain file yet")
    step = kind.step(net).eval()
    with warnings.catch_warnings():  # torch deprecates both tools; their output is what we ship
        warnings.simplefilter("ignore")
        if int8:
            torch.backends.quantized.engine = best_engine()
            step = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
                step,
                dict.fromkeys(kind.quantised, torch.ao.quantization.per_channel_dynamic_qconfig),
            )
        scripted: torch.jit.ScriptModule = torch.jit.script(step)
    return scripted


def weights_sha256(net: torch.nn.Module) -> str:
    """SHA-256 of the float weights, in order of name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(net.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def payload_sha256(archive: bytes) -> str:
    """SHA-256 over the archive's records, the manifest and torch's own marks left out.

    Raises zipfile.BadZipFile when the archive is cut short or a record is damaged.
    """
    digest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        for name in sorted(file.namelist()):
            inside = name.split("/", 1)[-1]
            if inside.startswith((".data/", "extra/")) or inside in ("byteorder", "version"):
                continue
            digest.update(inside.encode() + b"\0")
            digest.update(file.read(name))
    return digest.hexdigest()


def export(net: Any, out: Path, about: dict[str, Any], int8: bool = True) -> dict[str, Any]:
    """Write the brain file; returns its manifest.

    `about` holds what is known of the training: name, sources, seed, events, quality. The file is
    written beside its place and moved there whole. Raises BrainError for a kind of network that
    is not played yet.
    """
    kind, plain = kind_of(net), io.BytesIO()
    int8 = int8 and bool(kind.quantised)
    scripted = script(net, int8)
    torch.jit.save(scripted, plain)
    manifest = {
        "format": kind.format,
        "network": kind.name,
        **kind.asks(),
        "sub_events": list(SUB_EVENTS),
        "vocabulary": {"instruments": N_INSTRUMENTS, "pitches": N_PITCHES},
        "config": net.config.as_dict(),
        "parameters": sum(p.numel() for p in net.parameters()),
        "precision": "int8" if int8 else "float32",
        "weights_sha256": weights_sha256(net),
        "payload_sha256": payload_sha256(plain.getvalue()),
        "torch": torch.__version__,
        "date": datetime.date.today().isoformat(),
        **about,
    }
    whole = io.BytesIO()
    torch.jit.save(scripted, whole, _extra_files={MANIFEST: json.dumps(manifest, indent=1)})
    write_whole(out, whole.getvalue())
    return manifest


def read_evaluation(path: Path) -> dict[str, Any]:
    """The JSON that `notochord evaluate` wrote; raises BrainError when it is not."""
    from notochord.card import quality

    try:
        evaluation: dict[str, Any] = json.loads(path.read_bytes())
        quality(evaluation)
    except (ValueError, KeyError, TypeError) as error:
        raise BrainError(f"{path}: not the JSON of 'notochord evaluate'; write it again") from error
    return evaluation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord export`."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="from 'notochord train'")
    parser.add_argument("--out", type=Path, required=True, help="the .brain file to write")
    parser.add_argument("--name", default="base", help="what the brain is called")
    parser.add_argument("--corpus", type=Path, help="what it was trained on, for the model card")
    parser.add_argument("--float32", action="store_true", help="not quantised to int8")
    parser.add_argument("--evaluation", type=Path, help="JSON of 'notochord evaluate'")


def run(args: argparse.Namespace) -> None:
    """Write the brain file and, beside it, its model card."""
    # Imported here, so that loading a brain, which uses this module, stays quick.
    from notochord.card import about, model_card
    from notochord.corpus import Corpus
    from notochord.train import load_network

    check_folder(args.out)
    evaluation = read_evaluation(args.evaluation) if args.evaluation else None
    corpus = Corpus(args.corpus) if args.corpus else None
    net, checkpoint = load_network(args.checkpoint)
    facts = about(args.name, checkpoint, corpus, evaluation)
    manifest = export(net, args.out, facts, int8=not args.float32)
    size, card = args.out.stat().st_size, args.out.with_suffix(".md")
    write_whole(card, model_card(manifest, size).encode())
    print(f"{args.out}: {manifest['precision']}, {size / 1e6:.1f} MB; its card is {card}")
