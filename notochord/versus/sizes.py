"""How many parameters the original's network has at given sizes, and which sizes have how many."""

from __future__ import annotations

INSTRUMENTS, PITCHES = 321, 129  # ways, its start tokens among them
TIME, VELOCITY = 3 * 32, 3 * 16  # numbers that its mixtures of 32 and 16 components need
SINES, LAYERS, STEP = 128, 2, 8
DEFAULT = {"emb_size": 512, "rnn_hidden": 1024}
SLENDER, STOUT = 1.75, 2.25  # the state is twice as wide as the embeddings, or nearly


def _linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def _gated(inputs: int, width: int, outputs: int) -> int:
    """Two gated layers, each with its norm, and one to the output."""
    layers = _linear(inputs, 2 * width) + _linear(width, 2 * width) + 4 * width
    return layers + _linear(width, outputs)


def parameters(emb_size: int, rnn_hidden: int) -> int:
    """Parameters of the original's network, all else as it is by default."""
    e, h = emb_size, rnn_hidden
    tables = (INSTRUMENTS + PITCHES) * e + 2 * _linear(SINES, e)
    gru = 3 * (_linear(e, h) + 3 * _linear(h, h)) + LAYERS * h  # with its learnt initial state
    heads = sum(_gated(e, e, outputs) for outputs in (INSTRUMENTS, PITCHES, TIME, VELOCITY))
    return tables + gru + _gated(h, e, e) + heads + _linear(h, 2) + TIME + VELOCITY


def sizes_of(wanted: int) -> dict[str, int]:
    """The sizes, multiples of 8, whose count is nearest to `wanted`, in about its proportions."""
    widest = int(wanted**0.5) // 6 + 2 * STEP  # at default proportions, 67 parameters a square
    pairs = [
        (e, h)
        for e in range(STEP, widest, STEP)
        for h in range(STEP, int(STOUT * widest), STEP)
        if SLENDER <= h / e <= STOUT
    ]
    e, h = min(pairs, key=lambda pair: (abs(parameters(*pair) - wanted), pair))
    return {"emb_size": e, "rnn_hidden": h}
