from firmware_py.schedule import Schedule


def test_items_come_out_in_order_of_time():
    schedule = Schedule()
    for at in (3.0, 1.0, 2.0):
        schedule.put(at, str(at))
    assert schedule.due(2.5) == [(1.0, "1.0"), (2.0, "2.0")]


def test_items_of_one_moment_come_out_in_the_order_they_went_in():
    schedule = Schedule()
    for name in "abc":
        schedule.put(1.0, name)
    assert [item for _, item in schedule.due(1.0)] == ["a", "b", "c"]


def test_next_is_the_time_of_the_first_item():
    schedule = Schedule()
    assert schedule.next is None
    schedule.put(2.0, "x")
    schedule.put(1.0, "y")
    assert schedule.next == 1.0


def test_clearing_hands_back_what_was_not_due():
    schedule = Schedule()
    schedule.put(2.0, "later")
    schedule.put(1.0, "sooner")
    assert schedule.clear() == [(1.0, "sooner"), (2.0, "later")]
    assert len(schedule) == 0


def test_what_waits_can_be_looked_at_in_order_and_stays():
    schedule = Schedule()
    for at, item in ((3.0, "c"), (1.0, "a"), (1.0, "b")):
        schedule.put(at, item)
    assert schedule.waiting() == [(1.0, "a"), (1.0, "b"), (3.0, "c")]
    assert len(schedule) == 3
