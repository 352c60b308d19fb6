"""What people roll along with at walking pace: a slow bicycle, a board to stand on, a cart to push."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oddframe.datasets.synthetic.actors import Actor
from oddframe.datasets.synthetic.bicycle import cyclist
from oddframe.datasets.synthetic.camera import Points
from oddframe.datasets.synthetic.people import person, shaded
from oddframe.datasets.synthetic.shapes import Limb

DECK = 0.12  # height of a board, metres
SLOW_PEDALLING = 0.4  # turns of the pedals per second
_DARK, _STEEL = (40, 38, 40), (92, 96, 100)


def slow_cyclist(actor: Actor, fps: int) -> list[Limb]:
    """A bicycle whose rider hardly pedals."""
    return cyclist(actor, fps, SLOW_PEDALLING)


def skateboarder(actor: Actor) -> list[Limb]:
    """Somebody who stands sideways on a board, feet still."""
    rider = replace(actor, speed=np.zeros(len(actor)), heading=actor.heading + np.pi / 3)
    limbs = [replace(limb, a=limb.a + _up(DECK), b=limb.b + _up(DECK)) for limb in person(rider)]
    ground, forward = _ground(actor), _forward(actor)
    deck = shaded(actor.look.shirt, 0.7)
    limbs.append(Limb(ground - forward * 0.4 + _up(DECK), ground + forward * 0.4 + _up(DECK), 0.05, 0.05, deck))
    for axle in (-0.28, 0.28):
        wheel = ground + forward * axle + _up(0.04)
        limbs.append(Limb(wheel, wheel + _up(0.02), 0.04, 0.04, _DARK, shadow=True))
    return limbs


def pusher(actor: Actor) -> list[Limb]:
    """Somebody who walks behind a loaded cart."""
    ground, forward, side = _ground(actor), _forward(actor), _side(actor)
    load = actor.look.stripe or shaded(actor.look.trousers, 1.3)
    rear, front = ground + forward * 0.65, ground + forward * 1.45
    limbs = [Limb(rear + _up(h), front + _up(h), 0.17, 0.17, shaded(load, h + 0.5), shadow=True) for h in (0.42, 0.68)]
    limbs.append(Limb(rear + _up(0.26), front + _up(0.26), 0.05, 0.05, _STEEL, 0.1))
    for left in (-0.22, 0.22):
        handle = rear - forward * 0.3 + side * left + _up(0.98)
        limbs.append(Limb(rear + side * left + _up(0.26), handle, 0.022, 0.022, _STEEL, 0.05))
        limbs += [
            Limb(end + side * left + _up(0.1), end + side * left + _up(0.12), 0.1, 0.1, _DARK, shadow=True)
            for end in (rear, front)
        ]
    return person(actor) + limbs


def _ground(actor: Actor) -> Points:
    return np.stack([actor.along, np.zeros(len(actor)), actor.across], -1)


def _forward(actor: Actor) -> Points:
    return np.stack([np.cos(actor.heading), np.zeros(len(actor)), np.sin(actor.heading)], -1)


def _side(actor: Actor) -> Points:
    return np.stack([-np.sin(actor.heading), np.zeros(len(actor)), np.cos(actor.heading)], -1)


def _up(metres: float) -> Points:
    return np.array([0.0, metres, 0.0])
