"""The private JACK server."""

from __future__ import annotations

import os
import shutil

import pytest

from firmware_py.midi.backend import PortError, available_apis, open_backend
from firmware_py.midi.jack import JackServer


@pytest.mark.jack
def test_the_server_is_there_inside_and_gone_outside(jack: JackServer) -> None:
    outside = os.environ.get("JACK_DEFAULT_SERVER")
    with JackServer("notochord-test-inner") as server:
        assert os.environ["JACK_DEFAULT_SERVER"] == server.name == "notochord-test-inner"
        assert "jack" in available_apis()
    assert os.environ.get("JACK_DEFAULT_SERVER") == outside == jack.name
    os.environ["JACK_DEFAULT_SERVER"] = "notochord-test-inner"
    try:
        with pytest.raises(PortError, match="no JACK server"):
            open_backend("jack")
    finally:
        os.environ["JACK_DEFAULT_SERVER"] = jack.name


def test_without_jackd_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(PortError, match="install jackd2"), JackServer():
        raise AssertionError("entered without a server")


def test_a_server_that_ends_at_once_is_an_error_and_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside = os.environ.get("JACK_DEFAULT_SERVER")
    monkeypatch.setattr(shutil, "which", lambda program: "/bin/false")
    with pytest.raises(PortError, match="does not start"), JackServer("notochord-test-never"):
        raise AssertionError("entered without a server")
    assert os.environ.get("JACK_DEFAULT_SERVER") == outside
