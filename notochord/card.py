"""What a brain says of itself: the facts kept in its manifest, and the model card made of them."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notochord.brain import BrainError, read_manifest
from notochord.corpus import Corpus, expressive, of_sources
from notochord.findings import SECTIONS
from notochord.kinds import KINDS
from notochord.options import DEFAULT_BRAIN, brain_file, number
from notochord.wholefile import write_whole


@dataclass(frozen=True)
class Source:
    """One source of music in the corpus: what it is, where it is from, and any doubt about it."""

    holds: str
    repository: str
    doubt: str = ""


SOURCES = {
    "freedoom": Source("soundtrack of Freedoom, full bands", "freedoom/freedoom"),
    "simutrans": Source("soundtrack of Simutrans, band, jazz, orchestra", "simutrans/simutrans"),
    "easyrpg_rtp": Source("role-playing game music", "EasyRPG/RTP"),
    "blasphemer": Source("soundtrack of Blasphemer, full bands", "Catoptromancy/blasphemer"),
    "openscore_orchestra": Source("orchestral movements", "MarkGotham/Hauptstimme"),
    "openscore_quartets": Source("string quartets", "OpenScore/StringQuartets"),
    "openscore_lieder": Source("songs for voice and piano", "OpenScore/Lieder"),
    "mutopia_pd_by": Source("classical scores", "MutopiaProject/MutopiaProject"),
    "openhymnal": Source("hymns in four parts", "mzealey/openhymnal"),
    "openewld_mma": Source(
        "lead sheets with generated band accompaniment (MMA)", "00sapo/OpenEWLD"
    ),
    "js_fakes": Source("generated chorales in Bach's style", "omarperacha/js-fakes"),
    "groove_gmd": Source(
        "human drumming (Groove MIDI Dataset)", "behzadhaki/GrooveTransformer"
    ),
    "musetrainer": Source(
        "piano pieces", "musetrainer/library",
        "its README calls the scores public domain; the repository holds no licence file",
    ),
    "pianolatron_rolls": Source(
        "piano-roll performances", "pianoroll/pianolatron-data",
        "the same group's older SUPRA repository puts its Welte-red MIDI under CC BY-NC-SA 4.0",
    ),
    "pop909": Source(
        "piano arrangements of pop songs", "music-x-lab/POP909-Dataset",
        "the licence covers the laboratory's data; the songs themselves are under copyright",
    ),
    "giantmidi_eval": Source(
        "transcribed piano recordings (56 sample files)", "bytedance/GiantMIDI-Piano",
        "transcribed from YouTube audio, with a disclaimer on rights",
    ),
}  # fmt: skip
UNKNOWN = Source("", "", "not described in this project")

LIMITS = {"notochord": """\
- It hears notes, not sound, and knows music only as the sources below have it.
- It may repeat passages that it has learned; check before you publish what it plays.
- It has no plan of form: training looks back over a short run of events at a time.
- Left to begin by itself it often finds no clear beat; after a few bars of a player it does.
- In a dense band with drums the beat blurs within seconds, and bars return less than they should.
- Waits over 10 s are heard as 10 s; times are told apart at 10 ms, though drawn finer.
- Much of the corpus has even timing and few shades of loudness, and its playing inherits that.""",
"performance_rnn": """\
- It plays a piano and nothing else; every melodic instrument is a piano to it, drums are not heard.
- It may repeat passages that it has learned; check before you publish what it plays.
- It learns from half a minute at a time: its phrases are shaped, its pieces wander.
- It keeps no clear beat, and where it is late with the end of a note, notes pile up.
- It draws an event in its own order (time, velocity, pitch), so it can go on from what it heard,
  but cannot fill in one part of an event that you give it another part of.
- Times are multiples of 10 ms, velocities 32 shades.""",
"bachprop": """\
- It knows scores, not performances: note values of a dictionary, no loudness, no instruments; every
  melodic instrument is the same hand to it, drums are not heard.
- It knows chorales, hymns and string quartets, and nothing else.
- It counts no bars, and has no plan of form: its cadences are where they fall.
- A length is foreseen when a note begins; what you hold longer is told to it anew, eight notes back
  at most.
- It may repeat passages that it has learned; check before you publish what it plays.""",
"groove_transformer": """\
- It plays drums and nothing else, in four-four, to a beat that it is given.
- It hears when and how hard you strike, and no pitches: it knows no harmony and no form.
- It expects that what you played in the last two bars goes on; a change is heard a bar later.
- It remembers eight bars of its own: a kit stays, a piece has no sections.
- What drummers seldom do (toms, crashes, fills) it does more seldom than they.
- All that it knows was played by ten drummers on one electronic kit."""}  # fmt: skip
SIZES = {
    "notochord": "a GRU of {hidden}, embeddings of {embedding}, a look back at {memory} notes",
    "performance_rnn": "{layers} layers of {cell} of {hidden}, pitches {low} to {high}",
    "bachprop": "three heads, each {layers} layers of GRU, of {rhythm} for dT and for T and of "
    "{pitch} for P",
    "groove_transformer": "{encoder} and {decoder} blocks of attention of {width}, {heads} heads, "
    "a bottleneck of {latent}",
}
CALLED = {
    "notochord": "Notochord", "performance_rnn": "Performance RNN",
    "groove_transformer": "Groove Transformer", "bachprop": "BachProp",
}  # fmt: skip
VARIED = {
    "notochord": "Every visit to a piece varies its key, tempo, dynamics, instruments and the "
    "order within chords.",
    "performance_rnn": "Every visit takes another half minute of a piece, up to 5 % faster or "
    "slower and up to a major third higher or lower.",
    "bachprop": "Every visit takes at most 512 notes of a piece in any of the twelve keys, half of "
    "them with their rhythm dilated.",
    "groove_transformer": "Every visit takes any two bars, remembers none to eight before them, "
    "and is told about half of the controls.",
}


def sources_of(
    corpus: Corpus, names: tuple[str, ...] | None = None, dynamics: bool = True
) -> list[dict[str, Any]]:
    """Each source in the train split: name, licences, tier, pieces, notes; the largest first.

    `names`: only these, and with `dynamics` of them only the pieces that have some, for a kind of
    network that learns from no others.
    """
    pieces = expressive if names is not None and dynamics else of_sources
    found: dict[str, dict[str, Any]] = {}
    for index in pieces(corpus, "train", names):
        name, tier = str(corpus.sources[index]), str(corpus.tiers[index])
        row = found.setdefault(
            name, {"source": name, "tier": tier, "licences": [], "pieces": 0, "notes": 0}
        )
        licence = str(corpus.licences[index])
        row["licences"] = sorted({*row["licences"], licence})
        row["pieces"] += 1
        row["notes"] += corpus.notes(index)
    return sorted(found.values(), key=lambda row: -row["notes"])


def about(
    name: str, checkpoint: Mapping[str, Any], corpus: Corpus | None = None,
    evaluation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the manifest tells of the training: name, sources, seed, events, schedule, quality."""
    schedule, kind = checkpoint["schedule"], KINDS[checkpoint.get("network", "notochord")]
    per_update = schedule["lanes"] * schedule["length"]
    facts: dict[str, Any] = {
        "name": name,
        "seed": schedule["seed"],
        "events_trained": checkpoint["update"] * per_update,
        "schedule": dict(schedule),
        "cpu_seconds": checkpoint.get("cpu_seconds"),
        "begun_with": checkpoint.get("begun_with"),
        "sources": sources_of(corpus, kind.sources, kind.dynamics) if corpus else [],
    }
    if evaluation is not None:
        facts["quality"] = quality(evaluation)
    return facts


def quality(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of an evaluation that travel with the brain.

    Raises ValueError when it is not one.
    """
    kept = ("split", "pieces", "events", "confidence", "mean", "nats_per_event", "sub_events",
            "unit", "parts")
    if not isinstance(evaluation, dict) or not {"mean", "nats_per_event"} <= set(evaluation):
        raise ValueError("not the JSON of 'notochord evaluate'")
    figures = {key: evaluation[key] for key in kept if key in evaluation}
    if "float" in evaluation:
        figures["float"] = {key: evaluation["float"][key] for key in ("mean", "nats_per_event")}
    return figures


def model_card(
    manifest: Mapping[str, Any], size: int, findings: Sequence[str] | None = None
) -> str:
    """The card in Markdown, from the manifest of a brain file of `size` bytes.

    `findings` are lines that take the place of what the manifest says of its quality.
    """
    kind = KINDS[manifest.get("network", "notochord")]
    return "\n".join([
        f"# The brain \"{manifest.get('name', '')}\"",
        "",
        f"A {CALLED[kind.name]} network that plays along with a musician: it {kind.about}.",
        "",
        f"- {manifest['parameters']:,} parameters in {manifest['precision']}, "
        f"{size / 1e6:.1f} MB; {SIZES[kind.name].format(**manifest['config'])}",
        f"- exported on {manifest['date']} with torch {manifest['torch']}",
        f"- SHA-256 of the float weights: `{manifest['weights_sha256']}`",
        "",
        *_training(manifest), "",
        *_sources(manifest.get("sources", [])), "",
        *(findings or _quality(manifest.get("quality"))), "",
        "## Limits", "", LIMITS[kind.name], "",
    ])  # fmt: skip


def _training(manifest: Mapping[str, Any]) -> list[str]:
    schedule, name = manifest["schedule"], manifest.get("network", "notochord")
    unit = KINDS[name].unit
    return [
        "## Training",
        "",
        f"{manifest['events_trained'] / 1e6:.1f} million {unit}, {schedule['lanes']} sequences "
        f"side by side, {schedule['length']} {unit} between two updates; AdamW, peak rate "
        f"{schedule['rate']:g}, warm-up and cosine decay; seed {manifest['seed']}. {VARIED[name]}"
        + _cost(manifest),
        *_begun(manifest.get("begun_with")),
    ]


def _begun(before: Mapping[str, Any] | None, which: str = "It") -> list[str]:
    if not before:
        return []
    return [
        "",
        f"{which} began with the weights of an earlier brain, \"{before['name']}\", trained on "
        f"{(before['events_trained'] or 0) / 1e6:.1f} million events "
        f"(SHA-256 of its float weights: `{before['weights_sha256']}`)." + _cost(before),
        *_cut(before.get("cut")),
        *_begun(before.get("begun_with"), "That one"),
    ]


def _cost(trained: Mapping[str, Any]) -> str:
    """How long one core was busy with it, where that is known."""
    seconds = trained.get("cpu_seconds")
    return f" That took {seconds / 3600:.1f} hours of one core." if seconds else ""


def _cut(larger: Mapping[str, Any] | None) -> list[str]:
    if not larger:
        return []
    return [
        f"It was cut out of that one (a GRU of {larger['hidden']}, embeddings of "
        f"{larger['embedding']}): of its units those that mattered most for the loss."
    ]


def _sources(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["## Sources", "", "Not told when the brain was exported."]
    lines = [
        "## Sources", "",
        "Pieces and notes trained on. Music whose licence asks for attribution is attributed "
        "here. Tier `open`: the licence clearly lets trained weights be passed on. Tier "
        "`open_flagged`: its publisher states a permissive licence, with the doubt told below.",
        "", "| source | what it holds | from | licence | tier | pieces | notes |",
        "| --- | --- | --- | --- | --- | ---: | ---: |",
    ]  # fmt: skip
    doubts = []
    for row in rows:
        source = SOURCES.get(row["source"], UNKNOWN)
        lines.append(
            f"| {row['source']} | {source.holds} | {source.repository} | "
            f"{'; '.join(row['licences'])} | {row['tier']} | {row['pieces']:,} | {row['notes']:,} |"
        )
        if row["tier"] != "open":
            doubts.append(f"- **{row['source']}**: {source.doubt or UNKNOWN.doubt}")
    return lines + (["", "### Doubts about `open_flagged` sources", "", *doubts] if doubts else [])


def _quality(figures: Mapping[str, Any] | None) -> list[str]:
    if figures is None:
        return ["## Measured quality", "", "Not measured when the brain was exported."]
    by_order, parts = figures["nats_per_event"], figures.get("parts", {})
    best = min(by_order, key=lambda order: by_order[order]["mean"])
    plain, unit = figures.get("float"), figures.get("unit", "event")
    lines = [
        "## Measured quality", "",
        f"Nats per {unit} on the `{figures['split']}` split ({figures['pieces']:,} pieces, "
        f"{figures['events']:,} {unit}s), with {figures['confidence']:.0%} bootstrap intervals "
        "over pieces; less is better.",
        "", "| | this brain | interval | float32 |", "| --- | ---: | --- | ---: |",
    ]  # fmt: skip
    rows = [("mean of the 24 orders", figures["mean"], plain and plain["mean"])]
    rows.append((f"best order, {best}", by_order[best], plain and plain["nats_per_event"][best]))
    if len(by_order) == 1:
        rows = [(f"in its own order, {best}", by_order[best], None)]
        rows += [(f"of these {part}", figure, None) for part, figure in parts.items()]
    for name, ours, theirs in rows:
        beside = f"{theirs['mean']:.3f}" if theirs else "not measured"
        lines.append(
            f"| {name} | {ours['mean']:.3f} | {ours['lo']:.3f} to {ours['hi']:.3f} | {beside} |"
        )
    return lines


MEASURED = {  # the option of `notochord card`, and of which section it is the JSON
    "evaluation": "likelihood", "versus": "versus", "judge": "music", "roles": "roles",
    "temperature": "temperatures", "bench": "speed",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord card`."""
    add = parser.add_argument
    add("--brain", type=brain_file, default=DEFAULT_BRAIN, help="its card lies beside it")
    for name in MEASURED:
        add(f"--{name}", type=Path, nargs="+" if name == "versus" else None, help="JSON of it")
    add("--hours", type=number(0.01, 1e6), help="of one core that training took, if unknown")
    add("--pictures", nargs="+", default=[], help="what it plays, as files beside the card")


def _read(path: Path, section: str, brain: str) -> Any:
    """The JSON of a measurement; raises BrainError when it is of another brain or none."""
    try:
        figures = json.loads(path.read_bytes())
        SECTIONS[section]([figures] if section == "versus" else figures)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrainError(f"{path}: not the JSON that the card needs; measure again") from error
    if section != "versus" and figures["brain_sha256"] != brain:
        raise BrainError(f"{path}: measured of another brain file; measure this one")
    return figures


def run(args: argparse.Namespace) -> None:
    """Write the card of a brain file, with all that was measured of it."""
    try:
        archive = args.brain.read_bytes()
    except OSError as error:
        raise BrainError(f"{args.brain}: cannot be read; name a brain file") from error
    manifest, lines = read_manifest(args.brain, archive), []
    sha256 = hashlib.sha256(archive).hexdigest()
    for option, section in MEASURED.items():
        paths = getattr(args, option)
        if paths is None:
            continue
        many = section == "versus"
        found = [_read(path, section, sha256) for path in (paths if many else [paths])]
        lines += [*SECTIONS[section](found if many else found[0]), ""]
    if not lines:  # nothing else was measured: what the manifest tells stays
        lines += [*_quality(manifest.get("quality")), ""]
    for name in args.pictures:
        if not (args.brain.parent / name).exists():
            raise BrainError(f"--pictures {name}: no such file beside the card")
    if args.pictures:
        lines += ["## What it plays", ""]
        lines += [f"![{Path(name).stem}]({name})" for name in args.pictures]
    if args.hours is not None and not manifest.get("cpu_seconds"):
        manifest["cpu_seconds"] = 3600 * args.hours
    out = args.brain.with_suffix(".md")
    write_whole(out, model_card(manifest, len(archive), lines).encode())
    print(f"{out}: written")
