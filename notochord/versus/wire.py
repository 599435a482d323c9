"""Messages between the two environments: a line of JSON, then the bytes of the arrays it names."""

from __future__ import annotations

import json
from typing import IO, Any

import numpy as np

Words = dict[str, Any]
Arrays = dict[str, np.ndarray]


def send(stream: IO[bytes], words: Words, arrays: Arrays | None = None) -> None:
    """Write a message. Raises OSError (BrokenPipeError when nobody reads any more)."""
    plain = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    named = [(name, array.dtype.str, array.shape) for name, array in plain.items()]
    stream.write(json.dumps({"words": words, "arrays": named}).encode() + b"\n")
    for array in plain.values():
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Words, Arrays] | None:
    """Read a message; None when the other end has closed, also in the middle of one."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    head, arrays = json.loads(line), {}
    for name, kind, shape in head["arrays"]:
        dtype = np.dtype(kind)
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        data = stream.read(size)
        if len(data) < size:
            return None
        arrays[name] = np.frombuffer(bytearray(data), dtype=dtype).reshape(shape)
    return head["words"], arrays
