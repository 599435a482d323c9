"""Where the sustain pedal is down in the synth: on every channel that was told, until it comes up.

    instrument   piano ───────▶ violin ───────────────
    pedal        ──┌─────────────────────────┐────────
    channel 1    ──┌─────────────────────────┐────────    what sounds there is let go with it
    channel 2    ─────────────────┌──────────┐────────    from the first key played there

A pedal of one keyboard may thus be down on several channels: the player's instrument, and with it
the channel, can change while it is held.
"""

from __future__ import annotations

from firmware_py.message import SUSTAIN, Message, control

DOWN = 64  # values from here on are a pedal that is down
Pedal = tuple[str, int]  # port and channel of the keyboard


class Pedals:
    """Every keyboard's sustain pedal."""

    def __init__(self) -> None:
        self._value: dict[Pedal, int] = {}  # of those that are down
        self._told: dict[Pedal, set[int]] = {}  # the channels of the synth that know

    def moved(self, pedal: Pedal, value: int, channel: int) -> list[Message]:
        """A pedal moved, as this channel is told; returns what other channels must be told."""
        if value >= DOWN:
            self._value[pedal] = value
            self._told.setdefault(pedal, set()).add(channel)
            return []
        return [message for message in self._up(pedal, value) if message[0] & 0xF != channel]

    def sounds_on(self, pedal: Pedal, channel: int) -> list[Message]:
        """A key of that keyboard sounds on this channel: what the channel must be told."""
        if pedal not in self._value or channel in self._told.setdefault(pedal, set()):
            return []
        self._told[pedal].add(channel)
        return [control(channel, SUSTAIN, self._value[pedal])]

    def unplugged(self, port: str) -> list[Message]:
        """A keyboard is gone; its pedals come up."""
        pedals = sorted(pedal for pedal in self._value if pedal[0] == port)
        return [message for pedal in pedals for message in self._up(pedal, 0)]

    def forget_channels(self) -> None:
        """The synth is a new one: none of its channels knows of a pedal."""
        self._told.clear()

    def _up(self, pedal: Pedal, value: int) -> list[Message]:
        """The pedal is up; a channel under another keyboard's pedal stays as it is."""
        self._value.pop(pedal, None)
        channels = self._told.pop(pedal, set())
        held = set().union(*self._told.values())
        return [control(channel, SUSTAIN, value) for channel in sorted(channels - held)]
