"""A JACK server for the tests that want real ports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from firmware_py.midi.jack import JackServer


@pytest.fixture(scope="session")
def jackd() -> None:
    """There is a program to serve with: for tests that have a server of their own."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (jackd2)")


@pytest.fixture(scope="session")
def jack(jackd: None) -> Iterator[JackServer]:
    """One private server for the whole session."""
    with JackServer() as server:
        yield server
