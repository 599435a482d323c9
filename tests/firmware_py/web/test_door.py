"""The door: one number, once, few attempts, ten minutes."""

import pytest

from firmware_py.clock import CrankedClock
from firmware_py.web.door import ATTEMPTS, LASTS, LOCKED, TAKEN, Door, Refused

NUMBER = "493027118204"


@pytest.fixture
def door():
    made = Door(NUMBER, CrankedClock(50.0).now)
    made.clock = made._now.__self__
    return made


def test_the_last_six_digits_open_it_with_or_without_spaces(door):
    assert door.knows(door.enter(" 118 204 "))


@pytest.mark.parametrize("code", ["", "118205", NUMBER, "49302711", "１１８２０４", "118204\x00"])
def test_nothing_else_opens_it(door, code):
    with pytest.raises(Refused, match="4 more attempts"):
        door.enter(code)
    assert not door.entered


def test_the_number_works_once_for_whoever_has_it(door):
    visitor = door.enter("118204")
    with pytest.raises(Refused, match=TAKEN):
        door.enter("118204")
    assert door.knows(visitor) and not door.knows("") and not door.knows(visitor[:-1])


def test_after_a_few_wrong_numbers_the_right_one_opens_nothing(door):
    for _ in range(ATTEMPTS):
        with pytest.raises(Refused):
            door.enter("000000")
    door.clock.set(50.0 + 0.9 * LASTS)
    with pytest.raises(Refused, match=LOCKED):
        door.enter("118204")


def test_after_ten_minutes_nobody_gets_in_and_nobody_is_in(door):
    visitor = door.enter("118204")
    door.clock.set(50.0 + 0.999 * LASTS)
    assert door.knows(visitor)
    door.clock.set(50.0 + LASTS)
    assert not door.knows(visitor) and door.left == 0
    with pytest.raises(Refused, match="over"):
        door.enter("118204")


def test_every_visitor_and_every_form_has_another_secret():
    secrets = set()
    for _ in range(50):
        door = Door(NUMBER, CrankedClock().now)
        secrets |= {door.enter("118204"), door.form}
    assert len(secrets) == 100 and min(map(len, secrets)) >= 40
