"""The Raspberry Pis by published figures, and an estimate of a path's time on each.

    time = Python and torch here × how much slower the core is + the larger of
               bytes read / bandwidth,   rows of the tile × products / products a second

No figure here was measured on a board by us, and none is a promise.

- How much slower a core is: the single-threaded score of 7-zip's own benchmark, `7z b -mmt1`, here
  and there. It is integer work that misses the caches, as an interpreter's is.
- Bandwidth: twice what tinymembench copies with the C library's memcpy, each byte being read once
  and written once. The weights are taken to come from memory every time: they are several times
  as large as the second-level cache, and a synth or a panel will want that too.
- Products: qnnpack computes int8 in tiles of 8 rows by 8 outputs, all 8 rows even when there is
  but one, four products an instruction (SMLAL) and one such instruction a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

from notochord.arm.reads import Reads

ROWS, PRODUCTS_A_CYCLE = 8, 4


@dataclass(frozen=True)
class Board:
    """A Raspberry Pi: clock in GHz, 7-zip single-threaded in MIPS, memcpy in MB/s (10^6 bytes)."""

    name: str
    core: str
    ghz: float
    mips: int
    copied: float

    @property
    def bandwidth(self) -> float:
        """Bytes a second through one core."""
        return 2 * self.copied * 1e6


# From the reviews of sbc-bench (github.com/ThomasKaiser/sbc-bench, results/reviews/RPi-4B-Rev1.1.md
# and RPi-5B-Rev1.1.md) and the same author's Quick_Review_of_RPi_Zero_2_W.md.
BOARDS = (
    Board("Zero 2 W", "Cortex-A53", 1.0, 835, 1295.5),
    Board("Pi 4", "Cortex-A72", 1.5, 1660, 2514.6),
    Board("Pi 5", "Cortex-A76", 2.4, 3305, 6025.0),
)


@dataclass(frozen=True)
class Estimate:
    """Milliseconds that a path takes, and of what they are made."""

    overhead: float
    memory: float
    arithmetic: float

    @property
    def total(self) -> float:
        return self.overhead + max(self.memory, self.arithmetic)


def estimate(board: Board, path: Reads, overhead_here: float, mips_here: float) -> Estimate:
    """What a path takes on a board. `overhead_here`: milliseconds of it here that are not the
    weights; `mips_here`: this machine's single-threaded score in 7-zip's benchmark."""
    return Estimate(
        overhead=overhead_here * mips_here / board.mips,
        memory=1e3 * path.bytes / board.bandwidth,
        arithmetic=1e-6 * ROWS * path.products / PRODUCTS_A_CYCLE / board.ghz,
    )
