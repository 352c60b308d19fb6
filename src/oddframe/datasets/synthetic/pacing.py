"""Events that are odd by their looks alone: they keep walking pace, and one has walkers beside it who touch it in the
picture. The standard splits hold none of these; they are for choosing what tells looks apart.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oddframe.datasets.synthetic.actors import Actor, on_course, random_look
from oddframe.datasets.synthetic.motion import Walk, follow
from oddframe.datasets.synthetic.scene import Walkway
from oddframe.datasets.synthetic.traffic import ENDS

KINDS_BY_LOOKS = ("slow cyclist", "skateboarder", "cart pusher", "escorted cyclist")
PACE = (1.0, 1.7)  # metres per second, as people walk


def pacing(scene: Walkway, kind: str, first: int, generator: np.random.Generator, track: int) -> list[Actor]:
    """One such event through the scene from end to end; the odd one first, then who walks beside."""
    start, goal = ENDS if generator.random() < 0.5 else ENDS[::-1]
    lane, speed = float(generator.uniform(-1.8, 1.8)), float(generator.uniform(*PACE))
    course = follow((start, lane), [Walk((goal, lane), speed)], scene.fps)
    look = replace(random_look(generator), height=float(generator.uniform(1.6, 1.9)), coat=False, bag=None)
    rider = on_course(kind, look, course, fps=scene.fps, first=first, track=track)
    actors = [replace(rider, odd=np.ones(len(rider), np.bool_))]
    for side in (-0.75, 0.75) if kind == "escorted cyclist" else ():
        beside = replace(course, across=course.across + side, along=course.along + generator.normal(0, 0.25))
        look, stride = random_look(generator), float(generator.uniform(0, 2 * np.pi))
        number = track + len(actors)
        actors.append(on_course("walker", look, beside, fps=scene.fps, first=first, track=number, stride=stride))
    return actors
