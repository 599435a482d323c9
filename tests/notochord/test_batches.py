"""Batches: lanes of pieces, each varied at every visit."""

from dataclasses import fields

import numpy as np
import pytest

from notochord.batches import (
    PLAIN,
    Augmentation,
    Lanes,
    augmented_events,
    augmented_instruments,
    cut_window,
    plain_instruments,
)
from notochord.corpus import Piece, piece_events
from notochord.event import is_anonymous, is_drums


def a_piece(programs, drums, notes=40, seed=0):
    """A piece whose parts take turns, a note every 100 ms, each 300 ms long."""
    rng = np.random.default_rng(seed)
    start = 100 * np.arange(notes)
    return Piece(
        path="", source="", program=np.array(programs), drums=np.array(drums),
        part=np.arange(notes) % len(programs), start=start, end=start + 300,
        pitch=rng.integers(40, 80, notes), velocity=rng.integers(1, 128, notes),
    )  # fmt: skip


def same(a, b):
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


def lanes(corpus, seed=0):
    return Lanes(corpus, "train", lanes=3, length=16, window=64, seed=seed)


def test_one_seed_gives_the_same_batches(corpus):
    a, b = lanes(corpus), lanes(corpus)
    assert all(same(a.next(), b.next()) for _ in range(12))


def test_another_seed_gives_other_batches(corpus):
    assert not same(lanes(corpus, 0).next(), lanes(corpus, 1).next())


@pytest.mark.parametrize("after", [1, 5, 17])
def test_a_restored_position_gives_the_same_batches(corpus, after):
    a, b = lanes(corpus), lanes(corpus)
    for _ in range(after):
        a.next()
    b.position = a.position
    assert all(same(a.next(), b.next()) for _ in range(10))


def test_a_lane_is_fresh_only_where_a_piece_begins(corpus):
    supply = lanes(corpus)
    assert supply.next().fresh.all()
    later = [supply.next().fresh for _ in range(30)]
    assert np.any(later) and not np.all(later)


def test_what_is_masked_out_is_at_the_end_of_a_lane(corpus):
    supply = lanes(corpus)
    for _ in range(30):
        mask = supply.next().mask
        assert np.all(np.diff(mask, axis=1) <= 0)


def test_drums_are_never_transposed():
    piece = a_piece([0, 0], [False, True])
    drums = set(piece.pitch[piece.drums[piece.part]].tolist())
    moved = set()
    for seed in range(20):
        events = augmented_events(piece, np.random.default_rng(seed), Augmentation())
        on = np.array([is_drums(i) for i in events.instrument])
        assert set(events.pitch[on].tolist()) == drums
        moved.add(int(events.pitch[~on].min()))
    assert len(moved) > 3


def test_a_transposed_piece_stays_within_the_keys():
    piece = a_piece([0], [False])
    piece.pitch[:2] = 0, 127
    for seed in range(20):
        events = augmented_events(piece, np.random.default_rng(seed), Augmentation())
        assert events.pitch.min() == 0 and events.pitch.max() == 127


def test_without_augmentation_a_piece_is_left_as_it_is():
    piece = a_piece([40, 33], [False, False])
    plain = piece_events(piece, plain_instruments(piece))
    assert same(augmented_events(piece, np.random.default_rng(3), PLAIN), plain)


def test_a_window_holds_no_note_off_without_its_note_on(corpus):
    supply = lanes(corpus)
    for number in range(40):
        events = supply.visit(number).events
        held = set()
        for i, p, v in zip(events.instrument, events.pitch, events.velocity, strict=True):
            assert v > 0 or (i, p) in held
            (held.add if v else held.discard)((i, p))


def test_a_window_has_the_notes_it_was_cut_for():
    piece = a_piece([0], [False])
    cut = cut_window(piece, 10, 5)
    assert cut.start.tolist() == piece.start[10:15].tolist()
    assert cut.pitch.tolist() == piece.pitch[10:15].tolist()


def test_parts_of_one_program_are_kept_apart():
    ids = plain_instruments(a_piece([40, 40, 41], [False] * 3))
    assert len(set(ids.tolist())) == 3 and ids[0] == 41 and is_anonymous(ids[1])


@pytest.mark.parametrize("seed", range(10))
def test_varied_parts_of_one_program_are_kept_apart(seed):
    piece = a_piece([40, 40, 40, 73], [False] * 4)
    ids = augmented_instruments(piece, np.random.default_rng(seed), Augmentation(family=0))
    assert len(set(ids.tolist())) == 4


def test_the_hands_of_a_keyboard_are_one_instrument():
    assert plain_instruments(a_piece([0, 0], [False] * 2)).tolist() == [1, 1]


def test_parts_without_a_program_are_anonymous():
    ids = plain_instruments(a_piece([-1, -1, -1], [False, True, False]))
    assert all(is_anonymous(i) for i in ids) and len(set(ids.tolist())) == 3
    assert [is_drums(i) for i in ids] == [False, True, False]
