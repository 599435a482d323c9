"""An open web access, on a real socket of this machine."""

import pytest

from firmware_py.clock import CrankedClock
from tests.firmware_py.web.house import Open


@pytest.fixture
def opened(tmp_path):
    made = Open(tmp_path, CrankedClock(1000.0))
    yield made
    made.close()


@pytest.fixture
def inside(opened):
    assert opened.enter() == 303
    return opened
