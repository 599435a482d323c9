"""What was measured of a brain, as sections of its model card in Markdown.

Each section is made of the JSON that one command wrote: `evaluate`, `versus evaluate`, `judge`,
`roles`, `bench`. What was not measured has no section.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notochord.models.notochord import SUB_EVENTS

Figures = Mapping[str, Any]
WHOSE = ("ours", "true", "other")
MEASURES = {
    "density": "notes a second",
    "longest_gap": "longest silence, s",
    "polyphony": "melodic notes at once",
    "compass": "compass, semitones",
    "in_key": "share of the time in the best-fitting key",
    "consonance": "share of the time of pairs in consonance",
    "pulse": "clearness of the pulse",
    "repeats": "clearness of returns after 1 to 8 s",
    "parts": "instruments in 5 s",
    "pitch_classes": "pitch classes",
    "onset_intervals": "times between onsets",
    "lengths": "lengths of notes",
    "velocities": "velocities",
    "instruments": "instruments",
}
SPEEDS = {
    "feed": "tell an event",
    "ask": "ask all four sub-events",
    "ask_one": "ask a pitch",
    "stream": "pass as many bytes of weights through the core once",
    "chord": "four keys at once, each told, and answered with a pitch",
}

DRUMMING = {  # of a brain that makes patterns
    "ask": "answer a stroke of a bar that is made",
    "pattern": "make a bar of drums of a groove",
    "pattern_cpu": "the same, processor time",
    "turned": "with every control turned",
    "turned_cpu": "the same, processor time",
}


PERFORMED = {
    "repeated": "runs of 8 intervals that come again", "pitch_entropy": "entropy of the keys, bits",
    "notes_a_second": "notes a second", "notes_at_once": "notes at once", "in_key": "in key",
    "consonant": "consonant", "velocity_spread": "spread of velocity",
}  # fmt: skip


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table whose first column is words and whose others are numbers."""
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _interval(figure: Figures) -> str:
    return f"{figure['mean']:.3f} [{figure['lo']:.3f}, {figure['hi']:.3f}]"


def likelihood(result: Figures) -> list[str]:
    """From `notochord evaluate`: by order, by sub-event and what is given, by source; of a brain
    that makes drum patterns, what it plays too."""
    if "nats_per_token" in result:
        return _over_tokens(result)
    if "roll_outs" in result:
        return drumming(result)
    if result.get("unit") == "note":
        return _over_notes(result)
    plain = result.get("float")

    def row(name: str, *path: str) -> list[str]:
        return [name, _interval(_at(result, path))] + (
            [f"{_at(plain, path)['mean']:.3f}"] if plain else []
        )

    beside = ["float32"] if plain else []
    orders = sorted(
        result["nats_per_event"], key=lambda o: float(result["nats_per_event"][o]["mean"])
    )
    rows = [row("**mean of the 24 orders**", "mean")]
    rows += [row(order, "nats_per_event", order) for order in orders]
    parts = [
        row(f"{name} given {known or 'nothing'}", "sub_events", name, known)
        for name in SUB_EVENTS
        for known in result["sub_events"][name]
    ]
    sources = [
        [*row(source, "by_source", source, "mean"), str(block["pieces"]), f"{block['events']:,}"]
        for source, block in result["by_source"].items()
    ]
    return [
        "## Likelihood", "",
        f"Nats on the `{result['split']}` split ({result['pieces']:,} pieces, "
        f"{result['events']:,} events, at most {result['max_events']:,} a piece), with "
        f"{result['confidence']:.0%} bootstrap intervals over pieces; less is better "
        f"({result['precision']}).", "",
        *table(["one event, by order of drawing", "nats", *beside], rows), "",
        *table(["sub-event", "nats", *beside], parts), "",
        *table(["by source, mean of the orders", "nats", *beside, "pieces", "events"], sources),
    ]  # fmt: skip


def _over_tokens(result: Figures) -> list[str]:
    """The same of a network over tokens, which has one order and rates events as a whole."""
    rows = [
        ["one event", _interval(result["mean"])],
        ["one token", _interval(result["nats_per_token"])],
        ["one second", _interval(result["nats_per_second"])],
    ]
    sources = [
        [source, _interval(block["mean"]), str(block["pieces"]), f"{block['events']:,}"]
        for source, block in result["by_source"].items()
    ]
    return [
        "## Likelihood", "",
        f"Nats on the `{result['split']}` split ({result['pieces']:,} pieces, "
        f"{result['events']:,} events, {result['tokens']:,} tokens, at most "
        f"{result['max_events']:,} events a piece), with {result['confidence']:.0%} bootstrap "
        f"intervals over pieces; less is better ({result['precision']}). An event's nats are what "
        "all its tokens cost, and which velocity of its bin it has: the unit of every brain here.",
        "", *table(["of", "nats"], rows), "",
        *table(["an event, by source", "nats", "pieces", "events"], sources),
    ]  # fmt: skip


def _over_notes(result: Figures) -> list[str]:
    """The same of a network of notes in score time, which has one order."""
    parts = list(result["parts"])

    def row(name: str, block: Figures) -> list[str]:
        figures = (block["mean"], *(block["parts"][part] for part in parts))
        return [name, *map(_interval, figures), str(block["pieces"]), f"{block['events']:,}"]

    rows = [row("**all**", result)]
    rows += [row(source, block) for source, block in result["by_source"].items()]
    return [
        "## Likelihood", "",
        f"Nats a note on the `{result['split']}` split ({result['pieces']:,} pieces, "
        f"{result['events']:,} notes, at most {result['max_events']:,} a piece), with "
        f"{result['confidence']:.0%} bootstrap intervals over pieces; less is better "
        f"({result['precision']}).", "",
        *table(["source", "a note", *parts, "pieces", "notes"], rows),
    ]  # fmt: skip


def drumming(result: Figures) -> list[str]:
    """Of drum patterns: nats with and without memory, features by genre, roll-outs."""
    losses = [
        [f"memory {memory}", *(_interval(figure) for figure in parts.values())]
        for memory, parts in result["losses"].items()
    ]
    names = [name for name in result["features"]["all"] if name != "bars"]
    features = [
        [genre, str(rows["bars"]), *(
            f"{rows[n]['ours']:.2f} / {rows[n]['true']:.2f} / {rows[n]['overlap']:.2f}"
            for n in names
        )]
        for genre, rows in result["features"].items()
    ]  # fmt: skip
    rolls = {who: rows for who, rows in result["roll_outs"].items() if isinstance(rows, Mapping)}
    keys = list(next(iter(rolls.values()), {}))
    coherence = [[key, *(f"{rows[key]:.2f}" for rows in rolls.values())] for key in keys]
    return [
        "## What it foresees", "",
        f"Nats a step on the `{result['split']}` split ({result['patterns']:,} patterns of "
        f"{result['recordings']} recordings), no control given, with {result['confidence']:.0%} "
        "bootstrap intervals over recordings; less is better.", "",
        *table(["", *next(iter(result["losses"].values()))], losses), "",
        "## What it plays", "",
        "Of a bar: the brain's mean, the drummers', and the overlap of how they are spread.", "",
        *table(["genre", "bars", *names], features), "",
        f"{result['roll_outs']['recordings']} roll-outs of {result['roll_outs']['bars']} bars, "
        "each made of the two true bars before it:", "",
        *table(["mean", *rolls], coherence),
    ]  # fmt: skip


def _at(result: Figures | None, path: Sequence[str]) -> Figures:
    found: Any = result
    for key in path:
        found = found[key]
    return dict(found)


def versus(results: Sequence[Figures]) -> list[str]:
    """From `notochord versus evaluate`, a row for each training of the original."""
    rows = []
    for result in results:
        theirs, ours = result["original"], result["ours"]
        notes, less = theirs["notes"], result["lower"]
        rows.append([
            f"{theirs['parameters'] / 1e6:.1f} M parameters, {notes['events'] / 1e6:.1f} M events, "
            f"{notes['seconds'] / 60:.0f} min",
            _interval(theirs["mean"]), f"{ours['brain']}: {_interval(ours['mean'])}",
            f"{less['mean']:.1%} [{less['lo']:.1%}, {less['hi']:.1%}]",
        ])  # fmt: skip
    split = results[0]["original"]["split"]
    return [
        "## Beside the original Notochord", "",
        f"Its network, trained on our corpus with our batches, rated on the `{split}` split in our "
        "units (`notochord/versus/README.md` says how); nats an event, mean of the 24 orders.", "",
        *table(["the original, trained", "the original", "ours", "ours is lower by"], rows),
    ]  # fmt: skip


def music(result: Figures) -> list[str]:
    """From `notochord judge`: continuations beside the true ones, novelty, long runs."""
    numbers = [
        [MEASURES[name], *(f"{row[w]['mean']:.2f}" for w in WHOSE), f"{row['overlap']:.2f}"]
        for name, row in result["numbers"].items()
    ]
    histograms = [
        [MEASURES[name], *(f"{row['likeness_to_prompt'][w]:.2f}" for w in WHOSE),
         f"{row['overlap']:.2f}"]
        for name, row in result["histograms"].items()
    ]  # fmt: skip
    whose = {"ours": "the brain", "true": "the piece"}
    novelty = [
        [whose[name], *(f"{share:.0%}" for share in row["known"].values()),
         f"{row['shared_with_each_other']:.0%}"]
        for name, row in result["novelty"].items()
    ]  # fmt: skip
    lengths = list(result["novelty"]["ours"]["known"])
    temperature = result.get("temperature")
    at = f" at temperature {temperature:g}" if temperature is not None else ""
    lines = [
        "## Is it like music?", "",
        f"{result['continuations']} continuations of 30 s after 10 s of pieces of the "
        f"`{result['split']}` split{at}, beside what truly follows and beside other pieces. The "
        "overlap is that of the distances among the true ones and from ours to them: 1 is best.",
        "",
        *table(["mean", "the brain", "the piece", "another piece", "overlap"], numbers), "",
        *table(["in common with the prompt", "the brain", "the piece", "another piece", "overlap"],
               histograms), "",
        "Share of the melodies' runs of so many intervals that stand in the training set, and of "
        "runs of eight that stand in another of the same set:", "",
        *table(["intervals", *lengths, "shared"], novelty),
    ]  # fmt: skip
    return lines + (["", *_alone(result)] if result["free_runs"] else [])


def _alone(result: Figures) -> list[str]:
    rows = [
        [t, "yes" if run["healthy"] else "**no**", f"{run['longest_gap']:.1f}",
         f"{run['density_first_sixth']:.1f} to {run['density_last_sixth']:.1f}",
         str(run["busiest_second"]), str(run["most_sounding"]), str(run["longest_loop"])]
        for t, run in result["free_runs"].items()
    ]  # fmt: skip
    minutes = f"{result['minutes']:g} minutes" if "minutes" in result else "a long time"
    head = [
        f"{minutes} alone, temperature", "healthy", "longest silence, s",
        "notes a second, first to last sixth", "busiest second", "most notes at once",
        "one note in a row",
    ]  # fmt: skip
    return table(head, rows)


def roles(result: Figures) -> list[str]:
    """From `notochord roles`: ranks of what was truly played, and shares in the key."""
    rows = [
        [f"{role}: {whose}", f"{row['median']:.3f}", f"{row['mean']:.3f}", f"{row['first']:.0%}",
         f"{row['count']:,}"]
        for role in ("harmonise", "autopitch")
        for whose, row in result[role]["rank"].items()
    ]  # fmt: skip
    shares = ", ".join(f"{w} {s:.0%}" for w, s in result["harmonise"]["in_key"].items())
    return [
        "## Do the roles work?", "",
        f"Where the true pitch stands in the list, 0 first, 1 last ({result['pieces']} pieces of "
        f"`{result['split']}` a role). Harmonise: the other voices of chorales and hymns, given "
        "the highest, beside the simplest chord of the local key; autopitch: any note, given the "
        "rhythm, beside the pitches played lately.", "",
        *table(["list", "median", "mean", "first of all", "notes"], rows), "",
        f"Share of the added voices that lie in the local key: {shares}.",
    ]  # fmt: skip


def temperatures(result: Figures) -> list[str]:
    """From `notochord temperature`: performances drawn plainly at each temperature."""
    rows = [
        [t, *(f"{row[name]:.2f}" for name in PERFORMED), f"{row['healthy']:.0%}"]
        for t, row in result["temperatures"].items()
    ]
    return [
        "## What a temperature does", "",
        f"{result['performances']} performances of {result['seconds']:g} s at each, one "
        "temperature for every token and nothing else that bends the draw. Healthy: neither "
        "silent, nor run away, nor caught in a note.", "",
        *table(["temperature", *PERFORMED.values(), "healthy"], rows),
    ]  # fmt: skip


def speed(result: Figures) -> list[str]:
    """From `notochord bench`."""
    drums = "pattern_ms" in result
    rows = [
        [words, f"{result[f'{name}_ms']['p50']:.2f}", f"{result[f'{name}_ms']['p99']:.2f}"]
        for name, words in (SPEEDS | DRUMMING if drums else SPEEDS).items()
        if f"{name}_ms" in result
    ]
    read, first = result["weight_bytes"], ""
    if "load_ms" in result:
        first = f" Loaded in {result['load_ms']:.0f} ms, torch already imported"
        first += "." if drums else (
            f"; the first answer after that takes {result['first_ms']:.1f} ms."
        )
    return [
        "## Speed", "",
        f"One core of the x86-64 machine it was made on, torch {result['torch']}.{first} "
        f"{result['rss_mb']:.0f} MB of memory. "
        + (f"A bar reads {read['total'] / 1e6:.1f} MB of weights." if drums else
           f"A telling reads {read['feed'] / 1e6:.1f} MB of weights, an ask of all four "
           f"{read['ask'] / 1e6:.1f} MB."), "",
        *table(["ms", "p50", "p99"], rows),
    ]  # fmt: skip


SECTIONS: dict[str, Callable[[Any], list[str]]] = {
    "likelihood": likelihood, "versus": versus, "music": music, "roles": roles,
    "temperatures": temperatures, "speed": speed,
}  # fmt: skip
