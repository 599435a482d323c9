"""Messages between the two environments."""

import io

import numpy as np
import pytest

from notochord.versus.wire import receive, send

EVENTS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
FRESH = np.array([True, False])


def written(words, arrays=None):
    """A message as bytes."""
    stream = io.BytesIO()
    send(stream, words, arrays)
    return stream.getvalue()


def test_words_and_arrays_arrive_as_they_were_sent():
    words, arrays = receive(io.BytesIO(written({"do": "ä\n"}, {"e": EVENTS, "f": FRESH})))
    assert words == {"do": "ä\n"} and list(arrays) == ["e", "f"]
    for name, sent in (("e", EVENTS), ("f", FRESH)):
        assert arrays[name].dtype == sent.dtype and np.array_equal(arrays[name], sent)


def test_messages_follow_each_other():
    stream = io.BytesIO(written({"n": 1}, {"e": EVENTS}) + written({"n": 2}))
    assert [receive(stream)[0]["n"] for _ in range(2)] == [1, 2]
    assert receive(stream) is None


def test_an_array_with_nothing_in_it_arrives():
    _, arrays = receive(io.BytesIO(written({}, {"e": EVENTS[:0]})))
    assert arrays["e"].shape == (0, 3, 4)


def test_an_array_that_lies_across_memory_arrives():
    _, arrays = receive(io.BytesIO(written({}, {"e": EVENTS.transpose(2, 0, 1)})))
    assert np.array_equal(arrays["e"], EVENTS.transpose(2, 0, 1))


@pytest.mark.parametrize("kept", [0, 5, -1])
def test_a_message_cut_short_is_the_end(kept):
    assert receive(io.BytesIO(written({"n": 1}, {"e": EVENTS})[:kept])) is None


def test_what_arrives_can_be_written_to():
    _, arrays = receive(io.BytesIO(written({}, {"e": EVENTS})))
    arrays["e"][0] = 0
    assert not arrays["e"][0].any()
