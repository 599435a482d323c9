"""A JACK server for the tests that want real ports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from firmware_py.midi.jack import JackServer


@pytest.fixture(scope="session")
def jack() -> Iterator[JackServer]:
    """One private server for the whole session."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (jackd2)")
    with JackServer() as server:
        yield server
