from firmware_py.keys import Key, Keys

C, E = Key("kbd", 0, 60), Key("kbd", 0, 64)


def test_a_key_ends_when_it_is_let_go():
    keys = Keys()
    keys.down(C)
    assert keys.up(C) == [C]


def test_the_pedal_holds_a_key_that_was_let_go():
    keys = Keys()
    keys.down(C)
    keys.pedal("kbd", 0, True)
    assert keys.up(C) == []
    assert keys.pedal("kbd", 0, False) == [C]


def test_a_key_still_pressed_outlives_the_pedal():
    keys = Keys()
    keys.down(C)
    keys.pedal("kbd", 0, True)
    assert keys.pedal("kbd", 0, False) == []
    assert C in keys.pressed


def test_striking_a_sustained_key_again_ends_it_first():
    keys = Keys()
    keys.pedal("kbd", 0, True)
    keys.down(C)
    keys.up(C)
    assert keys.down(C) == [C]


def test_the_pedal_of_another_channel_holds_nothing():
    keys = Keys()
    keys.pedal("kbd", 5, True)
    keys.down(C)
    assert keys.up(C) == [C]


def test_unplugging_ends_pressed_and_sustained_keys_of_that_keyboard_alone():
    keys, other = Keys(), Key("other", 0, 60)
    keys.pedal("kbd", 0, True)
    for key in (C, E, other):
        keys.down(key)
    keys.up(E)
    assert keys.unplugged("kbd") == [C, E]
    assert keys.pressed == {other}


def test_a_pedal_left_down_by_an_unplugged_keyboard_holds_nothing_after():
    keys = Keys()
    keys.pedal("kbd", 0, True)
    keys.unplugged("kbd")
    keys.down(C)
    assert keys.up(C) == [C]
