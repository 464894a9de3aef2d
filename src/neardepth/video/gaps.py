"""Counts pictures that are missing between others, by their times."""

from __future__ import annotations

from collections import deque

import numpy as np

_WINDOW = 48  # steps that tell the pace
_ENOUGH = 6  # steps
_WAITING = 12  # steps at the beginning that wait for the pace to be known
_STEADY = 0.8  # share of the steps that are the pace: else the rate varies, and a gap says nothing
_ALIKE = 0.25
_GAP = 1.5


class Gaps:
    """Tells from the steps between pictures how many did not come."""

    def __init__(self) -> None:
        self._steps: deque[int] = deque(maxlen=_WINDOW)
        self._waiting: list[int] = []

    def missing(self, step: int) -> int:
        """Return how many pictures are missing within the next step; 0 where the rate varies.

        Those within the first steps are told as soon as the pace is known.
        """
        self._steps.append(step)
        self._waiting.append(step)
        pace = self._pace()
        if pace is None:
            if len(self._steps) > _WAITING:
                self._waiting.clear()
            return 0
        waiting, self._waiting = self._waiting, []
        return sum(round(one / pace) - 1 for one in waiting if one > _GAP * pace)

    def _pace(self) -> float | None:
        if len(self._steps) < _ENOUGH:
            return None
        steps = np.array(self._steps)
        pace = float(np.median(steps))
        return pace if np.mean(np.abs(steps - pace) <= _ALIKE * pace) >= _STEADY else None
