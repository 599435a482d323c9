"""How far two machines' answers are apart, in figures."""

import pytest

from notochord.arm.compare import compare, header, line, same


def told(**changes):
    """The answers of one machine to three events."""
    event = [1, 60, 0.5, 80]
    answers = {name: [event, None, event] for name in ("all", "pitch", "time", "velocity")}
    nats = [[0.1, 1.0, 0.5, 0.4]] * 3
    return {"machine": "m", "engine": "e", "torch": "t", "nats": nats, **answers, **changes}


@pytest.mark.parametrize(("one", "other", "equal"), [
    ([1, 60, 0.5, 80], [1, 60, 0.5004, 80], True),
    ([1, 60, 0.5, 80], [1, 60, 0.502, 80], False),
    ([1, 60, 0.5, 80], [1, 61, 0.5, 80], False),
    ([1, 60, 0.5, 80], [2, 60, 0.5, 80], False),
    ([1, 60, 0.5, 80], [1, 60, 0.5, 0], False),
    (None, None, True),
    (None, [1, 60, 0.5, 80], False),
])  # fmt: skip
def test_answers_are_the_same_to_the_millisecond(one, other, equal):
    assert same(one, other) is equal and same(other, one) is equal


def test_a_machine_is_equal_to_itself():
    row = compare(told(), told())
    assert set(row["equal"].values()) == {1.0}
    assert row["costs"] == row["log_prob"]["largest"] == 0.0
    assert row["nats"] == pytest.approx(2.0) and row["events"] == 3


def test_differences_are_counted_where_they_are():
    event, other = [1, 60, 0.5, 80], [1, 62, 0.5, 80]
    worse = [[0.1, 1.0, 0.5, 0.4], [0.1, 1.6, 0.5, 0.4], [0.1, 1.0, 0.5, 0.4]]
    row = compare(told(), told(pitch=[event, other, other], nats=worse))
    assert row["equal"]["pitch"] == pytest.approx(1 / 3) and row["equal"]["time"] == 1.0
    assert row["log_prob"]["largest"] == pytest.approx(0.6)
    assert row["log_prob"]["mean"] == pytest.approx(0.6 / 12)
    assert row["costs"] == pytest.approx(0.2) and row["costs_within"] > 0.2


def test_answers_to_other_questions_are_refused():
    with pytest.raises(ValueError, match="different questions"):
        compare(told(), told(nats=[[0.0] * 4]))


def test_a_line_of_the_table_stands_below_its_header():
    text = line("there", compare(told(), told()))
    assert "\n" not in text and text.startswith("there") and text.count("100.0%") == 4
    assert header().index("pitch") + len("pitch") == text.index("100.0%", 33) + len("100.0%")
