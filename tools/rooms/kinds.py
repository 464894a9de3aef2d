"""The kinds of room: how often they come, their sizes, and who furnishes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rooms.furnish.bathing import bathroom
from rooms.furnish.cooking import kitchen_room
from rooms.furnish.living import bedroom, dining_room, living_room, study
from rooms.furnish.working import classroom, corridor, office
from rooms.plan import Planner

Range = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """A kind of room: its share, its size, its floors, and how it is furnished."""

    share: float
    width: Range
    length: Range
    height: Range
    doors: tuple[int, int]
    windows: tuple[int, int]
    floors: tuple[str, ...]
    furnish: Callable[[Planner], None]
    ceiling: str = "dome"


KINDS: Mapping[str, Kind] = {
    "bedroom": Kind(
        0.22,
        (2.9, 4.3),
        (3.2, 4.8),
        (2.35, 2.7),
        (1, 2),
        (1, 2),
        ("planks", "carpet", "carpet"),
        bedroom,
    ),
    "living room": Kind(
        0.2,
        (3.6, 5.2),
        (4.2, 6.2),
        (2.4, 2.8),
        (1, 2),
        (1, 3),
        ("planks", "carpet", "planks"),
        living_room,
    ),
    "kitchen": Kind(
        0.17,
        (2.5, 4.0),
        (3.0, 4.6),
        (2.4, 2.7),
        (1, 2),
        (1, 2),
        ("tile", "planks", "tile"),
        kitchen_room,
        "spots",
    ),
    "bathroom": Kind(
        0.12, (1.8, 2.5), (2.2, 3.2), (2.35, 2.6), (1, 1), (0, 1), ("tile",), bathroom
    ),
    "dining room": Kind(
        0.07,
        (3.2, 4.4),
        (3.6, 5.0),
        (2.4, 2.8),
        (1, 2),
        (1, 2),
        ("planks", "tile", "carpet"),
        dining_room,
    ),
    "office": Kind(
        0.09,
        (3.0, 4.8),
        (3.6, 6.0),
        (2.5, 2.9),
        (1, 2),
        (0, 2),
        ("carpet", "carpet", "tile"),
        office,
        "panels",
    ),
    "study": Kind(
        0.05, (2.5, 3.4), (2.9, 4.0), (2.4, 2.7), (1, 1), (1, 1), ("planks", "carpet"), study
    ),
    "classroom": Kind(
        0.05,
        (5.6, 7.6),
        (6.5, 9.0),
        (2.8, 3.3),
        (1, 2),
        (2, 4),
        ("tile", "speckled", "carpet"),
        classroom,
        "panels",
    ),
    "corridor": Kind(
        0.03,
        (1.5, 2.3),
        (5.0, 9.0),
        (2.4, 2.9),
        (3, 5),
        (0, 1),
        ("tile", "carpet", "planks"),
        corridor,
        "panels",
    ),
}
