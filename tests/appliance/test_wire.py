"""What a machine takes by itself is told from what the box takes."""

from tests.appliance.inside.player import now
from tests.appliance.wire import Wire


def test_pings_go_all_the_time_and_those_of_another_time_do_not_count():
    began = now()
    wire = Wire()
    while wire.took(began, now()) == 0.0:
        pass
    wire.close()
    assert 0.0 < wire.took(began, now()) < 60.0
    assert wire.took(began - 20.0, began - 10.0) == 0.0


def test_what_is_under_way_counts_already():
    wire = Wire()
    wire.close()
    wire._trips.clear()
    wire._sent = now() - 3.0
    assert wire.took(now() - 1.0, now()) >= 3.0
