"""The brain: a loaded brain file that is told events, asked for events, and rates events.

torch is imported when a brain is loaded, not before.

    brain = Brain.load(path)
    state = brain.start()
    state = brain.tell(state, event)             # after every event that sounded
    event = brain.ask(state, ask, uniforms)      # None when nothing is allowed
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from notochord.ask import N_UNIFORMS, Answer, Ask
from notochord.draw import TINY
from notochord.event import Event
from notochord.kinds import KINDS, modes_of
from notochord.sampler import Embeddings, Sampler, in_range

if TYPE_CHECKING:
    from torch import Tensor

    from notochord.step import State

# What each sub-event (a row: instrument, pitch, time, velocity) is given of the others where they
# are drawn in the order time, velocity, instrument, pitch.
CHAIN = ((0, 0, 1, 1), (1, 0, 1, 1), (0, 0, 0, 0), (0, 0, 1, 0))

os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # torch's notes on deprecation


class BrainError(ValueError):
    """The brain file cannot be used; the message says why and what to do, in one line."""


def read_manifest(path: Path, archive: bytes) -> dict[str, Any]:
    """The manifest of a brain file, once the file is known to be whole and of our format."""
    from notochord.export import MANIFEST, payload_sha256

    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            name = next(n for n in file.namelist() if n.endswith("extra/" + MANIFEST))
            manifest: dict[str, Any] = json.loads(file.read(name))
        payload = payload_sha256(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise BrainError(f"{path}: cut short or damaged; copy the brain file again") from error
    except (StopIteration, ValueError, UnicodeDecodeError) as error:
        raise BrainError(f"{path}: not a brain file (it has no manifest)") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    formats = sorted({kind.format for kind in KINDS.values() if kind.is_played})
    if found not in formats:
        raise BrainError(
            f"{path}: brain format {found}, but this version plays formats "
            f"{' and '.join(map(str, formats))}; export it again"
        )
    network = manifest.get("network")
    if network not in KINDS or KINDS[network].format != found:
        raise BrainError(
            f"{path}: a network called '{network}', which this version does not know; it plays "
            f"{', '.join(KINDS)}"
        )
    if manifest.get("payload_sha256") != payload:
        raise BrainError(f"{path}: altered since it was exported; copy the brain file again")
    return manifest


class Brain:
    """A loaded brain, of whatever kind. Every method but `load` leaves the brain itself unchanged.

    A kind has its own `start`, `tell` and `ask`; what rates events, only those that can.
    """

    def __init__(self, module: Any, manifest: dict[str, Any], sha256: str) -> None:
        import torch

        self._torch, self._module = torch, module
        self.manifest, self.sha256 = manifest, sha256

    @staticmethod
    def load(path: str | Path) -> Brain:
        """Read, check and warm up a brain file. Raises BrainError."""
        path = Path(path)
        try:
            archive = path.read_bytes()
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise BrainError(f"{path}: {reason.lower()}; name a brain file with --brain") from error
        import torch

        from notochord.export import best_engine

        manifest = read_manifest(path, archive)
        kind = KINDS[manifest["network"]]
        torch.set_num_threads(1)
        torch.backends.quantized.engine = best_engine()
        # First calls as fast as the rest; the older executor also makes groups to fuse, which no
        # processor fuses, and interprets each apart.
        torch._C._jit_set_profiling_executor(True)
        torch._C._jit_set_profiling_mode(False)
        try:
            module = torch.jit.load(  # type: ignore[no-untyped-call]
                io.BytesIO(archive), map_location="cpu"
            ).eval()
            brain: Brain = kind.brain(module, manifest, hashlib.sha256(archive).hexdigest())
        except RuntimeError as error:
            raise BrainError(f"{path}: torch cannot load it; export it again") from error
        brain._warm_up()
        return brain

    def _frozen(self, module: Any) -> Any:
        """The module made quick, with what is called of it kept."""
        exported = KINDS[self.manifest["network"]].exported
        return self._torch.jit.freeze(module, preserved_attrs=list(exported))

    def _warm_up(self) -> None:
        state = self.start()
        everything = Ask(on={1: (1 << 128) - 1}, off={1: 1})
        for _ in range(3):
            state = self.tell(state, Event(1, 60, 0.1, 64))
            self.ask(state, everything, [0.5] * N_UNIFORMS)

    def start(self) -> Any:
        """The state before any event."""
        raise NotImplementedError

    def tell(self, state: Any, event: Event) -> Any:
        """The state after an event that sounded. Values out of range are brought into it."""
        raise NotImplementedError

    def ask(self, state: Any, ask: Ask, uniforms: Sequence[float]) -> Answer:
        """Draw an event under the ask's constraints, or None when they allow none.

        `uniforms` are 8 numbers in [0, 1): the same numbers give the same answer.
        """
        raise NotImplementedError

    def likelihood(
        self, state: Any, event: Event, given: Sequence[Sequence[float]] | None = None
    ) -> tuple[float, float, float, float]:
        """Log-probability in nats of each sub-event of an event that might come next.

        given[m][n] = 1 lets sub-event m know sub-event n (instrument, pitch, time, velocity);
        without it each is rated knowing the music before, and nothing of the event itself. Raises
        BrainError where a kind of network cannot say.
        """
        raise self._cannot("rate sub-events given any of the others")

    def pitch_log_probs(self, state: Any, event: Event, given: str = "itv") -> list[float]:
        """Log-probabilities of all 128 pitches, knowing the named sub-events of `event`."""
        raise self._cannot("choose a pitch for a key")

    def surprises(self, events: Sequence[Event]) -> np.ndarray:
        """How little each event of a piece was expected, in nats: (events,)."""
        raise self._cannot("say how little a note was expected")

    def rate(self, events: Tensor, given: Tensor) -> Tensor:
        """Log-probability in nats of every sub-event of many pieces side by side.

        events (B, T, 4): instrument, pitch, dt, velocity, from the beginning of each piece, in
        range; given (K, 4, 4): K ways in which the others are given. Returns (B, T, K, 4).
        """
        raise self._cannot("rate sub-events given any of the others")

    def must_play_alone(self) -> None:
        """Raises BrainError where a kind of network plays only to what a player does."""
        if not {"solo", "continue"} & set(modes_of(self.manifest)):
            raise self._cannot("play by itself")

    def _cannot(self, what: str) -> BrainError:
        name, network = self.manifest.get("name", ""), self.manifest["network"]
        return BrainError(f"the brain '{name}' cannot {what}: it is a {network}; name another")


class NotochordBrain(Brain):
    """A brain that is asked for any sub-events given any others."""

    def __init__(self, module: Any, manifest: dict[str, Any], sha256: str) -> None:
        super().__init__(module, manifest, sha256)
        embeddings = Embeddings(module)
        self._module = self._frozen(module)
        self._sampler = Sampler(self._module, embeddings)

    def start(self, lanes: int = 1) -> State:
        """The state before any event, for so many pieces side by side."""
        with self._torch.inference_mode():
            state: State = self._module.start(lanes)
        return state

    def tell(self, state: State, event: Event) -> State:
        with self._torch.inference_mode():
            event = in_range(event)
            summed = self._torch.from_numpy(self._sampler.embeddings.sum(event)[None])
            after: State = self._module.feed(state, self._tensor(event)[None], summed)
        return after

    def ask(self, state: State, ask: Ask, uniforms: Sequence[float]) -> Answer:
        with self._torch.inference_mode():
            return self._sampler.answer(state, ask, uniforms)

    def likelihood(
        self, state: State, event: Event, given: Sequence[Sequence[float]] | None = None
    ) -> tuple[float, float, float, float]:
        torch = self._torch
        mask = torch.zeros(4, 4) if given is None else torch.tensor(given, dtype=torch.float32)
        with torch.inference_mode():
            event4 = self._tensor(event).unsqueeze(0)
            i, p, t, v = self._module.log_prob(state, event4, mask.unsqueeze(0))[0, 0]
        return float(i), float(p), float(t), float(v)

    def pitch_log_probs(self, state: State, event: Event, given: str = "itv") -> list[float]:
        with self._torch.inference_mode():
            chances = self._sampler.pitches(state, in_range(event), given)
        nats: list[float] = np.log(chances + TINY).tolist()
        return nats

    def surprises(self, events: Sequence[Event]) -> np.ndarray:
        chain = self._torch.tensor(CHAIN, dtype=self._torch.float32)[None]
        state, found = self.start(), []
        for event in events:
            with self._torch.inference_mode():
                rated = self._module.log_prob(state, self._tensor(event)[None], chain)
            found.append(-float(rated.sum()))
            state = self.tell(state, event)
        return np.array(found)

    def rate(self, events: Tensor, given: Tensor) -> Tensor:
        torch = self._torch
        with torch.inference_mode():
            state, rated = self._module.start(len(events)), []
            for event in events.unbind(1):
                rated.append(self._module.log_prob(state, event, given))
                state = self._module.feed(state, event, self._module.embed(event).sum(1))
            nats: Tensor = torch.stack(rated, dim=1)
        return nats

    def _tensor(self, event: Event) -> Any:
        return self._torch.tensor(in_range(event), dtype=self._torch.float32)
