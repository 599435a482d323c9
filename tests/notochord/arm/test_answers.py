"""The questions that every machine is asked: the same, and all of them answered."""

import json

import numpy as np

from notochord.arm.answers import QUESTIONS, answers, main
from notochord.arm.music import composed, pieces
from notochord.ask import pitches_in
from notochord.event import MAX_DT


def asked(brain, seed=0, events=30):
    return {"brain": str(brain), "seed": seed, "pieces": [composed(3, events), composed(4, events)]}


def test_the_same_seed_gives_the_same_answers(int8_file):
    one, other = (answers(asked(int8_file)) for _ in range(2))
    assert all(one[name] == other[name] for name in (*QUESTIONS, "nats"))
    assert any(one[name] != answers(asked(int8_file, seed=9))[name] for name in QUESTIONS)


def test_every_question_is_answered_at_every_event(int8_file):
    told = answers(asked(int8_file))
    for name in QUESTIONS:
        assert len(told[name]) == 60 and all(answer is not None for answer in told[name])
    assert np.isfinite(told["nats"]).all() and len(told["nats"]) == 60


def test_what_is_given_is_kept(int8_file):
    question = asked(int8_file)
    told = answers(question)
    events = [event for piece in question["pieces"] for event in piece]
    for event, pitch, time in zip(events, told["pitch"], told["time"], strict=True):
        assert pitch.instrument == event.instrument and pitch.dt == 0.0
        assert (time.instrument, time.pitch, time.velocity) == (
            event.instrument, event.pitch, event.velocity
        )  # fmt: skip


def test_the_nats_are_those_of_the_chain(int8_brain, int8_file):
    """Velocity first, then instrument, pitch, time: each given those before."""
    told, events = answers(asked(int8_file)), composed(3, 30)
    first = int8_brain.likelihood(int8_brain.start(), events[0])
    assert -told["nats"][0][3] == first[3]  # velocity, given nothing
    assert -told["nats"][0][2] != first[2]


def test_questions_come_and_answers_go_as_files(int8_file, tmp_path, monkeypatch):
    source, out = tmp_path / "questions.json", tmp_path / "answers.json"
    source.write_text(json.dumps(asked(int8_file)))
    monkeypatch.setattr("sys.argv", ["answers", str(source), str(out)])
    main()
    told = json.loads(out.read_bytes())
    assert told["nats"] == answers(asked(int8_file))["nats"]


def test_a_written_band_is_music_of_its_seed():
    one = composed(5, 200)
    assert one == composed(5, 200) != composed(6, 200) and len(one) == 200
    assert len({event.instrument for event in one}) == 4
    assert all(0 <= event.dt <= MAX_DT and 0 <= event.velocity <= 127 for event in one)
    sounding: dict[int, int] = {}
    for i, p, _, v in one:
        bits = sounding.get(i, 0)
        assert v or p in pitches_in(bits)  # a note-off ends something
        sounding[i] = bits | 1 << p if v else bits & ~(1 << p)


def test_pieces_of_a_corpus_are_those_of_its_split(corpus_file, corpus):
    count = len(corpus.indices("valid"))
    music = pieces(corpus_file, "valid", 100, 25, seed=0)
    assert len(music) == count and all(len(piece) == 25 for piece in music)
