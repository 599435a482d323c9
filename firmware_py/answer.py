"""The last answer: which of the network's notes an undo takes back.

    taking turns   you ▂▂ ▂▂      ▂▂         back to your last key before it
                   it       ▂▂ ▂▂            ├───┤
    playing along  you ▂▂ ▂▂ ▂▂ ▂▂ ▂▂        so many seconds back from its last note
                   it  ▂ ▂▂ ▂ ▂▂▂ ▂▂             ├──────┤

And whatever of the network sounds now, however long ago it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firmware_py.link import BrainLink
from firmware_py.story import Sounded, Story, Voice

CHORD = 0.15  # seconds within which the network's notes for keys struck together begin
PHRASE = 4.0  # seconds of the network's playing, where it plays along


def last_answer(
    past: Sequence[Sounded], sounding: Iterable[Voice], span: float, takes_turns: bool
) -> frozenset[int]:
    """The numbers of the note-ons that the network's last answer consists of; `span` in seconds."""
    answer: set[int] = set()
    held, last = set(sounding), None
    open_ended = True
    for each in reversed(past):
        if not each.starts:
            continue
        if not each.own:
            open_ended = open_ended and not (takes_turns and last is not None)
            continue
        last = each.at if last is None else last
        open_ended = open_ended and last - each.at <= span
        if open_ended or each.voice in held:
            answer.add(each.told.number)
        held.discard(each.voice)
    return frozenset(answer)


def take_back(story: Story, answer: frozenset[int], link: BrainLink) -> None:
    """Rewrite the story as though the answer had never sounded, and let the brain know."""
    anew, branch = story.unsay(answer)
    if anew:
        link.forget()
    for told in branch:
        link.tell(told)
