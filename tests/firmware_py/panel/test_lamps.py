"""A number as blinks of the lamp: read off by eye, it is the number again."""

import pytest

from firmware_py.panel.lamps import AGAIN, BETWEEN, BETWEEN_GROUPS, BLINK, blinks, light_at


def read_by_eye(number, times=1):
    """The digits that somebody would count, looking fifty times a second."""
    seconds, step = times * sum(length for _, length in blinks(number)), 0.02
    counted, dark, was = [0], 0.0, False
    for n in range(int(seconds / step)):
        lit, _ = light_at(number, n * step)
        if lit and not was:
            if dark > (BLINK + BETWEEN) / 2:
                counted.append(0)
            counted[-1] += 1
        dark = 0.0 if lit else dark + step
        was = lit
    return "".join(str(count % 10) for count in counted)


@pytest.mark.parametrize("number", ["493027118204", "000000000000", "111111111111", "7"])
def test_what_is_counted_is_the_number(number):
    assert read_by_eye(number) == number


def test_it_begins_again_and_again():
    assert read_by_eye("302", times=3) == "302" * 3


def test_it_says_when_the_light_changes_next():
    lit, seconds = light_at("2", 0.1)
    assert lit and seconds == pytest.approx(BLINK - 0.1)
    assert light_at("2", 3 * BLINK + 1.0) == (False, pytest.approx(AGAIN - 1.0))


def test_groups_of_three_are_told_apart():
    lengths = [length for lit, length in blinks("111111") if not lit]
    assert lengths == [BETWEEN, BETWEEN, BETWEEN_GROUPS, BETWEEN, BETWEEN, AGAIN]
