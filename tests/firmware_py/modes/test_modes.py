"""Each role, with a cranked clock and a scripted brain."""

from dataclasses import replace

import pytest

from notochord.ask import pitches_in
from notochord.event import Event, instrument_named
from tests.firmware_py.stage import Stage, obedient

PIANO = instrument_named("piano")


def pitch_below(interval):
    """A brain that answers with the highest allowed pitch at least `interval` below the key."""

    def script(ask, uniforms):
        instrument, bits = next(iter(ask.on.items()))
        allowed = [p for p in pitches_in(bits) if p <= 60 - interval]
        return Event(instrument, allowed[-1], 0.0, ask.velocity) if allowed else None

    return script


# ── thru ────────────────────────────────────────────────────────────────────────────────────────


def test_thru_asks_nothing_and_tells_everything():
    stage = Stage(mode="thru")
    stage.down(60)
    stage.crank(5.0)
    stage.up(60)
    assert stage.instrument.questions.asked == 0
    assert [told.event.velocity for told in stage.told] == [80, 0]


# ── harmonize ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("voices", [1, 2, 5])
def test_harmonize_adds_as_many_voices_as_the_knob_says(voices):
    stage = Stage(mode="harmonize", voices=voices)
    stage.down(60)
    stage.answer()
    assert len(stage.struck()) == 1 + voices


def test_harmonize_sounds_its_voices_at_the_time_of_the_key():
    stage = Stage(script=pitch_below(3), mode="harmonize")
    stage.down(60)
    ask = stage.asked[0][1]
    assert ask.dt == 0.0
    stage.answer()
    assert stage.struck() == [60, 57, 56]


def test_harmonize_ends_the_voices_with_their_key():
    stage = Stage(mode="harmonize", voices=3)
    stage.down(60)
    stage.down(67)
    stage.answer()
    stage.up(60)
    left = len(stage.sounding())
    assert left == 4
    stage.up(67)
    assert stage.sounding() == set()


def test_harmonize_holds_the_voices_while_the_pedal_holds_the_key():
    stage = Stage(mode="harmonize", voices=2)
    stage.pedal(True)
    stage.down(60)
    stage.answer()
    stage.up(60)
    assert len(stage.sounding()) == 2
    stage.pedal(False)
    assert stage.sounding() == set()


def test_harmonize_never_doubles_a_pitch_that_sounds():
    stage = Stage(mode="harmonize", voices=8)
    for pitch in (60, 85, 110):
        stage.down(pitch)
        stage.answer()
    assert len(stage.struck()) == len(set(stage.struck())) == 27


def test_harmonize_drops_an_answer_for_a_key_that_was_let_go():
    stage = Stage(mode="harmonize")
    stage.down(60)
    stage.up(60)
    stage.answer()
    assert stage.struck() == [60]


def test_harmonize_lets_drums_be():
    stage = Stage(mode="harmonize")
    stage.down(38, channel=9)
    assert stage.asked == []


def test_harmonize_plays_the_palette():
    stage = Stage(mode="harmonize", palette="cello")
    stage.down(60)
    stage.answer()
    cello = instrument_named("cello")
    assert {told.event.instrument for told in stage.told} == {PIANO, cello}


# ── autopitch ───────────────────────────────────────────────────────────────────────────────────


def always(pitch):
    return lambda ask, uniforms: Event(ask.instrument, pitch, ask.dt, ask.velocity)


def test_autopitch_sounds_the_networks_pitch_with_the_keys_touch():
    stage = Stage(script=always(64), mode="autopitch")
    stage.down(60, 93)
    stage.answer()
    assert stage.sent[-1][1] == (0x90, 64, 93)
    stage.up(60)
    assert stage.sounding() == set()


def test_autopitch_asks_for_pitches_near_the_key():
    stage = Stage(mode="autopitch", span=5)
    stage.down(60)
    assert pitches_in(stage.asked[0][1].on[PIANO]) == list(range(55, 66))


def test_autopitch_gives_a_key_let_go_early_its_length_all_the_same():
    stage = Stage(script=always(64), mode="autopitch")
    stage.down(60)
    stage.now = 0.008
    stage.up(60)
    stage.now = 0.010
    stage.answer()
    assert stage.sounding() == {(0, 64)}
    stage.crank(0.0079)
    assert stage.sounding() == {(0, 64)}
    stage.crank(0.001)
    assert stage.sounding() == set()


def test_autopitch_sounds_the_key_itself_when_the_answer_is_late():
    stage = Stage(mode="autopitch", deadline=20.0)
    stage.down(60)
    stage.crank(0.021, answering=False)
    assert stage.struck() == [60]
    stage.answer()
    assert stage.struck() == [60]
    stage.up(60)
    assert stage.sounding() == set()


def test_autopitch_sounds_waiting_keys_when_the_brain_is_lost():
    stage = Stage(mode="autopitch")
    stage.down(60)
    stage.instrument.brain_lost(0.01)
    assert stage.struck() == [60]


def test_two_keys_that_get_one_pitch_leave_nothing_sounding():
    stage = Stage(script=always(64), mode="autopitch")
    stage.down(60)
    stage.answer()
    stage.down(62)
    stage.answer()
    stage.up(60)
    stage.up(62)
    assert stage.sounding() == set()


# ── continue ────────────────────────────────────────────────────────────────────────────────────


def phrase(stage):
    for pitch in (60, 64, 67):
        stage.down(pitch)
        stage.crank(0.2)
        stage.up(pitch)


def test_continue_waits_for_your_rest():
    stage = Stage(mode="continue", rest=1.0)
    phrase(stage)
    stage.crank(0.9)
    assert stage.struck() == [60, 64, 67]
    stage.crank(3.0)
    assert len(stage.struck()) > 4


def test_continue_does_not_begin_while_a_key_is_held():
    stage = Stage(mode="continue", rest=0.5)
    phrase(stage)
    stage.down(72)
    stage.crank(5.0)
    assert stage.struck() == [60, 64, 67, 72]


def test_continue_is_yours_again_at_the_touch_of_a_key():
    stage = Stage(mode="continue", rest=0.5)
    phrase(stage)
    stage.crank(3.0)
    stage.down(50)
    assert stage.sounding() == {(0, 50)}
    stage.crank(3.0)
    assert stage.sounding() == {(0, 50)}


def test_continue_plays_your_instruments():
    stage = Stage(mode="continue", rest=0.5)
    stage.instrument.heard("kbd", (0xC0, 40), 0.0)
    phrase(stage)
    stage.crank(3.0)
    assert {told.event.instrument for told in stage.told} == {instrument_named("violin")}


def test_continue_does_not_fall_silent_where_the_network_would_end():
    last = lambda ask, u: obedient(ask, u)._replace(dt=ask.time[1])  # noqa: E731
    stage = Stage(script=last, mode="continue", rest=0.5)
    phrase(stage)
    stage.crank(30.0)
    times = [at for at, message in stage.sent if message[0] & 0xF0 in (0x80, 0x90)]
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= 3.0 + 1e-6


def test_continue_begins_only_after_something_was_played():
    stage = Stage(mode="continue", rest=0.5)
    stage.crank(5.0)
    assert stage.struck() == []


def test_continue_plays_no_answer_that_came_after_you_took_over():
    stage = Stage(mode="continue", rest=0.5)
    phrase(stage)
    stage.crank(0.6, answering=False)
    stage.down(50)
    stage.answer()
    stage.crank(2.0)
    assert stage.struck() == [60, 64, 67, 50]


# ── duet ────────────────────────────────────────────────────────────────────────────────────────


def test_duet_plays_other_instruments_than_yours():
    stage = Stage(mode="duet")
    stage.down(60)
    stage.crank(4.0)
    network = {told.event.instrument for told in stage.told if told.event.pitch != 60}
    assert network and PIANO not in network


def test_duet_begins_only_when_you_begin():
    stage = Stage(mode="duet")
    stage.crank(3.0)
    assert stage.struck() == []


def test_duet_forgets_its_plan_when_you_play():
    late = lambda ask, u: Event(instrument_named("drums"), 38, ask.time[0] + 0.2, 70)  # noqa: E731
    stage = Stage(script=late, mode="duet")
    stage.down(60)
    stage.answer()
    stage.crank(0.1, answering=False)
    stage.down(62)
    stage.crank(0.15, answering=False)
    assert stage.struck() == [60, 62]


def test_duet_plays_what_was_about_to_sound_together_with_you():
    drum = instrument_named("drums")
    answers = [Event(drum, 38, 0.2, 70)]
    stage = Stage(script=lambda ask, u: answers.pop(0) if answers else None, mode="duet")
    stage.down(60)
    stage.crank(0.15)
    stage.down(62)
    stage.crank(0.15)
    struck = [(at, message[1]) for at, message in stage.sent if message[0] & 0xF0 == 0x90]
    assert struck == [(0.0, 60), (0.15, 62), (pytest.approx(0.2), 38)]
    drummed = [told for told in stage.told if told.event.instrument == drum]
    assert drummed[-1].event.dt == pytest.approx(0.05)  # told anew, after your key


def test_an_instrument_that_has_rested_has_a_turn_coming():
    stage = Stage(mode="duet", palette="violin, cello", share=0.4)
    stage.down(60)
    ask = stage.asked[0][1]
    assert set(ask.favoured) == {instrument_named("violin"), instrument_named("cello")}
    assert ask.share == 0.4


@pytest.mark.parametrize(("share", "favoured"), [(0.5, True), (0.2, False)])
def test_who_plays_fewer_notes_beside_you_than_its_share_is_favoured(share, favoured):
    violin = instrument_named("violin")
    answers = [Event(violin, 76, 0.05, 70)]
    stage = Stage(
        script=lambda ask, u: answers.pop(0) if answers else None,
        mode="duet", palette="violin", share=share,
    )  # fmt: skip
    for pitch in (60, 62, 64):  # three of yours, and one of the violin's, which sounds on
        stage.down(pitch)
        stage.crank(0.1)
    stage.down(65)
    assert (violin in stage.asked[-1][1].favoured) is favoured


def test_duet_leaves_your_turns_to_you():
    yours = lambda ask, u: Event(PIANO, 64, ask.time[0] + 0.1, 70)  # noqa: E731
    stage = Stage(script=yours, mode="duet")
    stage.down(60)
    stage.crank(1.5)
    assert stage.struck() == [60]


def test_a_planned_event_sounds_at_its_time_and_is_told_once():
    drum = instrument_named("drums")
    answers = [Event(drum, 38, 0.15, 70), Event(drum, 38, 0.2, 0)]
    stage = Stage(script=lambda ask, u: answers.pop(0) if answers else None, mode="duet")
    stage.down(60)
    stage.crank(0.5)
    struck = [at for at, message in stage.sent if message == (0x99, 38, 63)]
    assert struck == [pytest.approx(0.15)]
    assert sum(told.event.instrument == drum for told in stage.told) == 2


def test_no_note_of_the_network_outlasts_the_longest():
    drone = lambda ask, u: (  # noqa: E731
        Event(*next((i, pitches_in(b)[0]) for i, b in ask.on.items() if b), 5.0, 70)
    )
    stage = Stage(script=drone, mode="continue", rest=0.2, longest=2.0)
    phrase(stage)
    stage.crank(40.0)
    starts: dict[tuple[int, int], float] = {}
    for at, message in stage.sent:
        if message[0] & 0xF0 == 0x90:
            starts[message[0] & 0xF, message[1]] = at
        elif message[0] & 0xF0 == 0x80:
            assert at - starts[message[0] & 0xF, message[1]] <= 2.0 + 1e-6


@pytest.mark.parametrize("mode", ["continue", "duet"])
def test_a_lost_brain_leaves_none_of_its_notes_sounding(mode):
    stage = Stage(mode=mode, rest=0.2)
    phrase(stage)
    while not stage.instrument.scene.own:
        stage.crank(0.05)
    stage.instrument.brain_lost(stage.now)
    assert stage.sounding() == set()
    stage.crank(1.0, answering=False)
    assert stage.sounding() == set()


@pytest.mark.parametrize("mode", ["continue", "duet"])
def test_a_brain_that_answers_no_more_cannot_hold_a_note_beyond_the_longest(mode):
    stage = Stage(mode=mode, rest=0.2, longest=1.5)
    phrase(stage)
    while not stage.instrument.scene.own:
        stage.crank(0.05)
    stage.script = lambda ask, u: None  # as when every answer is late
    stage.crank(2.5)
    assert stage.sounding() == set()
    silent = Stage(mode=mode, rest=0.2, longest=1.5)
    phrase(silent)
    while not silent.instrument.scene.own:
        silent.crank(0.05)
    silent.crank(2.5, answering=False)
    assert silent.sounding() == set()


def test_the_network_never_holds_more_than_its_polyphony():
    stage = Stage(mode="continue", rest=0.2, polyphony=3)
    phrase(stage)
    most = 0
    for _ in range(300):
        stage.crank(0.05)
        most = max(most, len(stage.sounding()))
    assert 1 <= most <= 3


@pytest.mark.parametrize("density", [1, 5, 20])
def test_the_network_never_begins_more_notes_in_a_second_than_its_density(density):
    at_once = lambda ask, u: obedient(ask, u)._replace(dt=ask.time[0])  # noqa: E731
    stage = Stage(script=at_once, mode="continue", rest=0.2, density=float(density), polyphony=16)
    phrase(stage)
    stage.crank(10.0)
    begun = [at for at, message in stage.sent if message[0] & 0xF0 == 0x90][3:]
    assert len(begun) > density
    assert all(b - a >= 1.0 - 1e-6 for a, b in zip(begun, begun[density:], strict=False))


@pytest.mark.parametrize("mode", ["continue", "duet"])
def test_a_brain_that_answers_everything_at_once_does_not_run_away(mode):
    at_once = lambda ask, u: obedient(ask, u)._replace(dt=ask.time[0])  # noqa: E731
    stage = Stage(script=at_once, mode=mode, rest=0.2)
    phrase(stage)
    stage.crank(2.0)
    assert stage.instrument.questions.asked < 4000


def test_duet_leaves_room_beside_its_drums():
    stage = Stage(mode="duet", density=8, share=0.0, script=of_drums_first)
    stage.down(60)
    stage.crank(10.0)
    drums = [at for at, message in stage.sent if message[0] == 0x99]
    assert len(drums) > 10
    assert all(sum(at <= other < at + 1.0 for other in drums) <= 4 for at in drums)


def of_drums_first(ask, uniforms):
    """A brain that plays drums as often as it may."""
    drums = {i: bits for i, bits in ask.on.items() if i == 129 and bits}
    return obedient(replace(ask, on=drums, off={}) if drums else ask, uniforms)


def test_a_bass_in_a_band_plays_one_note_at_a_time():
    stage = Stage(mode="duet", palette="fingered bass, violin", share=0.0)
    stage.down(60)
    for _ in range(100):
        stage.crank(0.1)
        assert sum(i == 34 for i, _ in stage.instrument.scene.own) <= 1


def test_no_part_of_a_band_takes_more_than_a_third_of_the_notes():
    stage = Stage(mode="duet", palette="violin, cello", density=9, share=0.0)
    stage.down(60)
    stage.crank(10.0)
    for channel in {message[0] & 0xF for _, message in stage.sent} - {0}:
        onsets = [at for at, m in stage.sent if m[0] == 0x90 | channel and m[2] > 0]
        assert onsets and all(sum(at <= other < at + 1 for other in onsets) <= 3 for at in onsets)


def test_on_your_own_instrument_too_the_network_keeps_to_its_polyphony():
    stage = Stage(
        script=lambda ask, u: obedient(replace(ask, off={}), u), mode="duet", palette="same",
        polyphony=1,
    )  # fmt: skip
    stage.down(40)
    most = 0
    for _ in range(30):
        stage.crank(0.1)
        most = max(most, len(stage.instrument.scene.own))
    assert most == 1


@pytest.mark.parametrize("palette", ["violin, cello", "drums, fingered bass", "violin"])
@pytest.mark.parametrize("mode", ["solo", "accompany", "duet"])
def test_a_band_whose_parts_have_all_played_their_share_goes_on_a_second_later(mode, palette):
    def hasty(ask, uniforms):  # as many and as short notes as are allowed
        event = obedient(replace(ask, off={}), uniforms) or obedient(replace(ask, on={}), uniforms)
        return event and event._replace(dt=ask.time[0])

    stage = Stage(hasty, mode=mode, palette=palette)
    stage.down(60)
    stage.crank(3.0)  # a duet waits for your turn while it listens for you
    for _ in range(5):
        stage.crank(1.5)
        assert [at for at, m in stage.sent if m[0] >> 4 == 9 and at > stage.now - 1.5]
