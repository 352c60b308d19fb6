"""The actors of a clip: what they look like, and where each is in each frame. No pixels here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.walkway.motion import Series, Trajectory, strides

Colour: TypeAlias = tuple[int, int, int]

SHIRTS: tuple[Colour, ...] = (
    (214, 76, 66), (58, 110, 165), (240, 196, 84), (72, 148, 104), (238, 234, 224), (52, 58, 74),
    (226, 134, 62), (150, 92, 152), (110, 178, 190), (196, 160, 130), (158, 42, 60), (124, 132, 140),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = (
    (48, 58, 88), (36, 38, 44), (104, 92, 76), (78, 84, 92), (178, 162, 132), (70, 50, 44), (92, 110, 140),
)  # fmt: skip
SKINS: tuple[Colour, ...] = ((244, 208, 178), (226, 180, 142), (190, 136, 100), (140, 94, 66), (96, 64, 46))
HAIRS: tuple[Colour, ...] = ((40, 32, 28), (78, 54, 36), (132, 92, 52), (196, 158, 96), (150, 146, 142), (120, 48, 28))
BAGS: tuple[Colour, ...] = ((172, 58, 44), (44, 74, 122), (60, 54, 50), (206, 150, 50), (86, 116, 76))


@dataclass(frozen=True, slots=True)
class Look:
    """What an actor looks like; colours are RGB.

    Args:
        height: metres.
        build: breadth relative to the average.
        coat: whether the shirt reaches the knees.
        stripe: colour of a band across the shirt, or None.
        backpack, bag: colour of what is carried on the back and in the hand, or None.
    """

    height: float
    build: float
    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    coat: bool = False
    stripe: Colour | None = None
    backpack: Colour | None = None
    bag: Colour | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """One person, cyclist or bag through the frames in which it exists; T of them.

    Args:
        track: identity within the clip.
        kind: "walker", "runner", "cyclist", "loiterer", "bag" or one of `KINDS_BY_LOOKS`.
        look: what it looks like.
        first: the clip's frame of the first row; may be before the clip.
        along, across: (T,) place in metres.
        heading: (T,) radians; 0 is along the walkway to the right, pi/2 is away from the camera.
        speed: (T,) metres per second.
        stride: (T,) phase of the gait or of the pedals, radians.
        odd: (T,) whether it is anomalous then.
        holding: (T,) whether its bag, if it has one, is in its hand.
        stoop: (T,) how far it bends down, 0 .. 1.
    """

    track: int
    kind: str
    look: Look
    first: int
    along: Series
    across: Series
    heading: Series
    speed: Series
    stride: Series
    odd: npt.NDArray[np.bool_]
    holding: npt.NDArray[np.bool_] = field(repr=False)
    stoop: Series = field(repr=False)

    def __len__(self) -> int:
        return len(self.along)

    @property
    def end(self) -> int:
        """The frame after its last one."""
        return self.first + len(self)


def _pick(generator: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[int(generator.integers(len(colours)))]


def random_look(generator: np.random.Generator) -> Look:
    """Draw a random look: sometimes a child, a coat, a striped shirt, a backpack, or a bag in the hand."""
    child = generator.random() < 0.08
    height = generator.uniform(1.15, 1.4) if child else float(np.clip(generator.normal(1.72, 0.09), 1.5, 1.95))
    shirt, chance = _pick(generator, SHIRTS), generator.random(4)
    return Look(
        height=float(height),
        build=float(generator.uniform(0.88, 1.2)),
        skin=_pick(generator, SKINS),
        hair=_pick(generator, HAIRS),
        shirt=shirt,
        trousers=_pick(generator, TROUSERS),
        coat=bool(chance[0] < 0.15),
        stripe=_pick(generator, SHIRTS) if chance[1] < 0.3 else None,
        backpack=_pick(generator, BAGS) if chance[2] < 0.25 else None,
        bag=_pick(generator, BAGS) if chance[3] < 0.2 else None,
    )


def on_course(
    kind: str, look: Look, course: Trajectory, *, fps: int, first: int, track: int, stride: float = 0.0
) -> Actor:
    """Make an actor that follows a trajectory: upright, normal so far, its bag in its hand.

    Args:
        kind: see `Actor`.
        look: what it looks like.
        course: its places, frame by frame.
        fps: frames per second.
        first: the frame of the clip at which the trajectory begins.
        track: its identity within the clip.
        stride: phase of the gait at the beginning, radians.
    """
    count = len(course.along)
    return Actor(
        track=track,
        kind=kind,
        look=look,
        first=first,
        along=course.along,
        across=course.across,
        heading=course.heading,
        speed=course.speed,
        stride=strides(course.speed, look.height, fps, stride),
        odd=np.zeros(count, np.bool_),
        holding=np.ones(count, np.bool_),
        stoop=np.zeros(count),
    )
