"""How far two machines' answers to the same questions are apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from notochord.arm.answers import QUESTIONS

MILLISECOND = 1e-3  # as finely as times are told to the brain


def same(one: list[Any] | None, other: list[Any] | None) -> bool:
    """Whether two answers are one event: to the millisecond, all else exactly."""
    if one is None or other is None:
        return one is other
    (i, p, t, v), (j, q, u, w) = one, other
    return (i, p, v) == (j, q, w) and abs(t - u) < MILLISECOND


def apart(one: list[list[float]], other: list[list[float]]) -> dict[str, float]:
    """Differences of log-probability in nats, over all sub-events of all events."""
    differences = np.abs(np.subtract(one, other))
    return {"mean": float(differences.mean()), "largest": float(differences.max())}


def spread(differences: np.ndarray) -> float:
    """Half the 99 % interval of a mean of these, taken as independent."""
    return float(2.576 * differences.std(ddof=1) / len(differences) ** 0.5)


def compare(reference: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Shares of equal answers by question; distance of the log-probabilities; nats an event.

    `costs` is how many nats an event the other needs more than the reference, with half the 99 %
    interval. Raises ValueError when they did not answer the same number of questions.
    """
    if len(reference["nats"]) != len(other["nats"]):
        raise ValueError("answers to different questions cannot be compared")
    pairs = {name: zip(reference[name], other[name], strict=True) for name in QUESTIONS}
    equal = {name: float(np.mean([same(*pair) for pair in pairs[name]])) for name in QUESTIONS}
    more = np.sum(other["nats"], axis=1) - np.sum(reference["nats"], axis=1)
    return {
        "machine": other["machine"], "engine": other["engine"], "torch": other["torch"],
        "equal": equal, "log_prob": apart(reference["nats"], other["nats"]),
        "nats": float(np.sum(other["nats"], axis=1).mean()),
        "costs": float(more.mean()), "costs_within": spread(more), "events": len(more),
    }  # fmt: skip


def header() -> str:
    """What stands above the lines of the table."""
    names = "".join(f"{name:>10}" for name in QUESTIONS)
    return (
        f"{'equal answers':<22}{names}{'log-prob. mean':>16}{'largest':>9}{'nats/event':>12}"
        f"{'costs':>9}"
    )


def line(run: str, row: dict[str, Any]) -> str:
    """The comparison of one run as a line of the table."""
    shares = "".join(f"{row['equal'][name]:>10.1%}" for name in QUESTIONS)
    nats = row["log_prob"]
    return (
        f"{run:<22}{shares}{nats['mean']:>16.2e}{nats['largest']:>9.2g}{row['nats']:>12.4f}"
        f"{row['costs']:>+9.4f} ± {row['costs_within']:.4f}"
    )
