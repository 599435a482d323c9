"""What a brain thinks of a piece, drawn."""

import numpy as np
import pytest

from notochord.brain import CHAIN, Brain
from notochord.cli import main
from notochord.event import Event, Note
from notochord.midifile import midi_file, notes_to_events
from notochord.show import ORDER, expected, nats_a_second, surprise_png, surprising
from tests.notochord.music import piece, random_events


def test_a_surprise_is_what_the_sub_events_cost_one_after_another(brain):
    events = random_events(6, 3)
    state, costs = brain.start(), []
    for event in events:
        costs.append(-sum(brain.likelihood(state, event, CHAIN)))
        state = brain.tell(state, event)
    assert brain.surprises(events) == pytest.approx(costs, rel=1e-5)


def test_an_event_over_tokens_costs_what_its_tokens_cost(token_brain):
    brain = Brain.load(token_brain)
    events = notes_to_events([n for n in piece(0) if n.instrument == 1] or piece(0))
    found = brain.surprises(events)
    assert len(found) == len(events)
    assert found.sum() == pytest.approx(brain.token_nats(events)[0].sum(), rel=1e-6)


def test_what_is_not_heard_surprises_nobody(token_brain):
    drum, key = Event(129, 38, 0.1, 90), Event(1, 60, 0.1, 90)
    found = Brain.load(token_brain).surprises([key, drum, key._replace(velocity=0)])
    assert found[1] == 0.0 and found[0] > 0.0 < found[2]


def test_what_is_expected_adds_up_to_one(brain):
    state = brain.tell(brain.start(), Event(1, 60, 0.0, 80))
    likely = expected(brain, state, Event(1, 64, 0.25, 70))
    assert list(likely) == list(ORDER)
    for letter in "pv":
        assert likely[letter][1].sum() == pytest.approx(1.0, abs=0.02)
    assert 0.9 < likely["i"][1].sum() <= 1.001  # no event is of instrument 0


def test_every_note_has_its_own_surprise(brain):
    notes, nats = surprising(brain, notes_to_events(piece(0)))
    assert len(notes) == len(nats) and (nats > 0).all()
    assert {(n.instrument, n.pitch) for n in notes} == {(n.instrument, n.pitch) for n in piece(0)}


def test_nats_a_second_are_those_of_the_notes_near_by():
    notes = [Note(1, 60, 1.0, 1.5, 80), Note(1, 62, 5.0, 5.5, 80)]
    at, rate = nats_a_second(notes, np.array([4.0, 8.0]), 8.0)
    assert rate[at == 1.0] == 2.0 and rate[at == 5.0] == 4.0 and rate[at == 3.0] == 0.0


def test_silence_can_be_drawn():
    assert surprise_png([], np.zeros(0)).startswith(b"\x89PNG")


@pytest.mark.parametrize("more", [[], ["--at", "2", "--events", "2"]])
def test_the_command_draws_a_picture(float_file, tmp_path, more, capsys):
    midi_file(piece(0)).save(tmp_path / "a.mid")
    out = tmp_path / "a.png"
    options = ["--midi", str(tmp_path / "a.mid"), "--out", str(out), "--brain", str(float_file)]
    assert main(["show", *options, *more]) == 0
    assert out.read_bytes().startswith(b"\x89PNG") and "a.png: " in capsys.readouterr().out


def test_a_place_after_the_end_of_the_piece_is_refused(float_file, tmp_path, capsys):
    midi_file(piece(0)).save(tmp_path / "a.mid")
    options = ["--midi", str(tmp_path / "a.mid"), "--brain", str(float_file), "--at", "500"]
    assert main(["show", "--out", str(tmp_path / "a.png"), *options]) == 2
    assert "name an earlier --at" in capsys.readouterr().err


def test_a_brain_that_cannot_rate_sub_events_says_so(token_brain, tmp_path, capsys):
    midi_file(piece(0)).save(tmp_path / "a.mid")
    options = ["--midi", str(tmp_path / "a.mid"), "--brain", str(token_brain), "--at", "1"]
    assert main(["show", "--out", str(tmp_path / "a.png"), *options]) == 2
    assert "name another" in capsys.readouterr().err
