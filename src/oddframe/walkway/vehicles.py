"""Vehicles: a bicycle and its rider, and what people roll along with at walking pace (slow bicycle, board, cart)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from oddframe.walkway.actors import Actor
from oddframe.walkway.camera import Points
from oddframe.walkway.people import SHADE, person, shaded
from oddframe.walkway.shapes import Limb

WHEEL = 0.34  # radius, metres

PEDALLING = 1.3  # turns of the pedals per second

_TYRE, _RIM, _FRAME_STEEL = (34, 34, 38), (150, 152, 156), (58, 60, 66)

_SIDES = 12  # a wheel is drawn as this many pieces

DECK = 0.12  # height of a board, metres

SLOW_PEDALLING = 0.4  # turns of the pedals per second

_DARK, _STEEL = (40, 38, 40), (92, 96, 100)


def cyclist(actor: Actor, fps: int, pedalling: float = PEDALLING) -> list[Limb]:
    """Return the limbs of a bicycle and its rider; the frame has the colour of the rider's stripe or shirt."""
    at = _Places(actor)
    turned = np.cumsum(actor.speed) / (WHEEL * fps)
    pedals = 2 * np.pi * pedalling * np.arange(len(actor)) / fps + actor.stride[0]
    limbs = _wheel(at, -0.53, turned) + _wheel(at, 0.53, turned)
    return limbs + _frame(at, actor) + _rider(at, actor, pedals)


class _Places:
    """Points of the bicycle's plane: metres ahead of its middle and above the ground, and to the left."""

    def __init__(self, actor: Actor) -> None:
        self.ground = np.stack([actor.along, np.zeros(len(actor)), actor.across], -1)
        self.forward = np.stack([np.cos(actor.heading), np.zeros(len(actor)), np.sin(actor.heading)], -1)
        self.side = np.stack([-np.sin(actor.heading), np.zeros(len(actor)), np.cos(actor.heading)], -1)

    def __call__(self, ahead: Points | float, up: Points | float, left: float = 0.0) -> Points:
        ahead, up = (np.broadcast_to(np.asarray(x, np.float64), len(self.ground))[:, None] for x in (ahead, up))
        return np.asarray(self.ground + self.forward * ahead + np.array([0.0, 1.0, 0.0]) * up + self.side * left)


def _wheel(at: _Places, ahead: float, turned: Points) -> list[Limb]:
    """Tyre and spokes."""
    angles = np.linspace(0, 2 * np.pi, _SIDES + 1)
    rim = [at(ahead + WHEEL * np.cos(angle), WHEEL + WHEEL * np.sin(angle)) for angle in angles]
    limbs = [Limb(a, b, 0.034, 0.034, _TYRE, shadow=True) for a, b in pairwise(rim)]
    for spoke in np.arange(3) * np.pi / 3:
        across, up = 0.9 * WHEEL * np.cos(spoke - turned), 0.9 * WHEEL * np.sin(spoke - turned)
        limbs.append(Limb(at(ahead - across, WHEEL - up), at(ahead + across, WHEEL + up), 0.006, 0.006, _RIM, -0.05))
    return limbs


def _frame(at: _Places, actor: Actor) -> list[Limb]:
    rear, crank, seat, head = at(-0.53, WHEEL), at(-0.08, 0.3), at(-0.24, 0.86), at(0.36, 0.86)
    paint = actor.look.stripe or shaded(actor.look.shirt, 0.8)
    tubes = [(rear, crank), (rear, seat), (crank, seat), (crank, head), (at(-0.2, 0.76), at(0.36, 0.8))]
    limbs = [Limb(a, b, 0.024, 0.024, paint, 0.02, shadow=True) for a, b in tubes]
    bars = [(head, at(0.53, WHEEL)), (head, at(0.4, 1.02)), (at(0.4, 1.02, -0.25), at(0.4, 1.02, 0.25))]
    limbs += [Limb(a, b, 0.022, 0.022, _FRAME_STEEL, 0.03) for a, b in bars]
    return [*limbs, Limb(at(-0.34, 0.9), at(-0.16, 0.91), 0.045, 0.03, _FRAME_STEEL, 0.03)]


def _rider(at: _Places, actor: Actor, pedals: Points) -> list[Limb]:
    h, look = actor.look.height, actor.look
    hip, neck = at(-0.22, 0.97), at(0.14, 0.97 + 0.27 * h)
    limbs = []
    for phase, left, light in ((0.0, -0.1, 1.0), (np.pi, 0.1, SHADE)):
        forth, up = -0.08 + 0.17 * np.sin(pedals + phase), 0.3 + 0.17 * np.cos(pedals + phase)
        knee_at = _knee(-0.22, 0.97, forth, up + 0.06, 0.27 * h)
        start, knee, foot = at(-0.22, 0.97, left), at(*knee_at, left), at(forth, up + 0.06, left)
        cloth = shaded(look.trousers, light)
        limbs += [
            Limb(start, knee, 0.055 * h, 0.04 * h, cloth, shadow=True),
            Limb(knee, foot, 0.038 * h, 0.026 * h, cloth, shadow=True),
            Limb(at(forth - 0.05, up + 0.02, left), at(forth + 0.14, up + 0.02, left), 0.04, 0.034, (44, 40, 40)),
        ]
        shoulder, elbow, grip = (
            at(0.1, 0.93 + 0.26 * h, 1.6 * left),
            at(0.2, 1.1, 2.3 * left),
            at(0.4, 1.03, 2.2 * left),
        )
        limbs.append(Limb(shoulder, elbow, 0.036 * h, 0.028 * h, shaded(look.shirt, 0.88 * light)))
        limbs.append(Limb(elbow, grip, 0.026 * h, 0.022 * h, shaded(look.skin, light)))
    head = at(0.2, 0.97 + 0.36 * h)
    chest = at(0.08, 0.97 + 0.22 * h)
    limbs += [
        Limb(hip, chest, 0.07 * h, 0.085 * h * look.build, look.shirt, 0.05, shadow=True),
        Limb(at(-0.1, 1.06), at(0.03, 0.97 + 0.2 * h), 0.035 * h, 0.045 * h, shaded(look.shirt, 1.13), 0.07),
        Limb(neck, head, 0.03 * h, 0.03 * h, shaded(look.skin, 0.85), 0.05),
        Limb(head, at(0.21, 0.97 + 0.372 * h), 0.06 * h, 0.06 * h, look.skin, 0.08, shadow=True),
        Limb(at(0.14, 0.97 + 0.395 * h), at(0.22, 0.97 + 0.4 * h), 0.058 * h, 0.05 * h, look.hair, 0.1),
    ]
    return limbs


def _knee(x: float, y: float, foot_x: Points, foot_y: Points, length: float) -> tuple[Points, Points]:
    """Where two bones of one length meet between hip and foot, the knee bent forward."""
    dx, dy = foot_x - x, foot_y - y
    reach = np.hypot(dx, dy)
    bend = np.sqrt(np.maximum(length**2 - (reach / 2) ** 2, 0.0)) / reach
    return x + dx / 2 - dy * bend, y + dy / 2 + dx * bend


def slow_cyclist(actor: Actor, fps: int) -> list[Limb]:
    """Return the limbs of a bicycle whose rider hardly pedals."""
    return cyclist(actor, fps, SLOW_PEDALLING)


def skateboarder(actor: Actor) -> list[Limb]:
    """Return the limbs of somebody who stands sideways on a board."""
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
    """Return the limbs of somebody who pushes a loaded cart."""
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
