"""The limbs of a person on foot, with a gait."""

from __future__ import annotations

import numpy as np

from oddframe.walkway.actors import Actor, Colour
from oddframe.walkway.camera import Points
from oddframe.walkway.motion import swing
from oddframe.walkway.shapes import Limb

SHADE = 0.82  # brightness of the side away from the sun


def person(actor: Actor) -> list[Limb]:
    """Return the limbs of a walking, running or standing person."""
    look, body = actor.look, _Body(actor)
    limbs = body.leg(0.0, 1.0) + body.leg(np.pi, SHADE)
    limbs += body.arm(np.pi, 1.0) + body.arm(0.0, SHADE) + body.trunk()
    if look.backpack:
        behind = -0.1 * look.height
        high, low = body.spine(0.85, behind), body.spine(0.25, behind)
        limbs.append(Limb(low, high, body.h * 0.075, body.h * 0.065, look.backpack))
    if look.bag:
        limbs += bag(body.hand(np.pi) - _up(0.2), actor, look.bag)
    return limbs


def bag(top: Points, actor: Actor, colour: Colour) -> list[Limb]:
    """Return the limbs of a bag whose upper edge is at `top` (T, 3), with its handle."""
    forward = _along(actor.heading) * 0.17
    low, shown = top - _up(0.2), actor.holding
    return [
        Limb(low - forward, low + forward, 0.125, 0.125, colour, 0.25, shadow=True, shown=shown),
        Limb(low - forward * 0.9, low + forward * 0.9, 0.035, 0.035, shaded(colour, 1.45), 0.26, shown=shown),
        Limb(top - forward * 0.5, top + _up(0.12), 0.025, 0.025, shaded(colour, 0.5), 0.2, shown=shown),
        Limb(top + forward * 0.5, top + _up(0.12), 0.025, 0.025, shaded(colour, 0.5), 0.2, shown=shown),
    ]


def shaded(colour: Colour, brightness: float) -> Colour:
    """Return a colour, darker (`brightness` < 1) or brighter."""
    red, green, blue = (min(255, round(channel * brightness)) for channel in colour)
    return red, green, blue


def _along(heading: Points) -> Points:
    return np.asarray(np.stack([np.cos(heading), np.zeros_like(heading), np.sin(heading)], -1), np.float64)


class _Body:
    """The joints of a person, all frames at once."""

    def __init__(self, actor: Actor) -> None:
        self.look, self.h, self.build = actor.look, actor.look.height, actor.look.build
        self.forward = _along(actor.heading)
        self.side = np.stack([-np.sin(actor.heading), np.zeros(len(actor)), np.cos(actor.heading)], -1)
        self.stride, self.swing, self.stoop = actor.stride, swing(actor.speed), actor.stoop
        self.haste = np.clip((actor.speed - 1.9) / 1.2, 0, 1)  # 0 walks, 1 runs
        self.lean = 0.03 + 0.2 * self.haste + 1.1 * self.stoop
        ground = np.stack([actor.along, np.zeros(len(actor)), actor.across], -1)
        soles = np.minimum(self._drop(0.0), self._drop(np.pi))  # the lower foot stands on the ground
        hop = 0.05 * self.h * self.haste * np.abs(np.sin(self.stride))
        self.hip = ground + _up(0.035 * self.h - soles + hop)

    def leg(self, phase: float, light: float) -> list[Limb]:
        h, look, aside = self.h, self.look, self.side * (0.05 * self.h * (1 if phase else -1))
        thigh, shin = self._leg_angles(phase)
        hip = self.hip + aside
        knee = hip + self._down(thigh) * 0.25 * h
        ankle = knee + self._down(shin) * 0.25 * h
        toe = ankle + (self.forward * np.cos(shin)[:, None] + _up(np.sin(shin) * 0.6)) * 0.085 * h
        cloth, shoe, b = shaded(look.trousers, light), shaded((44, 40, 40), light), self.build
        return [
            Limb(hip, knee, 0.05 * h * b, 0.037 * h * b, cloth, shadow=True),
            Limb(knee, ankle, 0.036 * h * b, 0.025 * h, cloth, shadow=True),
            Limb(ankle, toe, 0.026 * h, 0.02 * h, shoe, -0.02),
        ]

    def arm(self, phase: float, light: float) -> list[Limb]:
        h, shoulder, elbow, hand = self.h, *self._arm_joints(phase)
        sleeve = shaded(self.look.shirt, 0.88 * light)
        return [
            Limb(shoulder, elbow, 0.034 * h, 0.028 * h, sleeve),
            Limb(elbow, hand, 0.026 * h, 0.022 * h, sleeve if self.look.coat else shaded(self.look.skin, light)),
        ]

    def hand(self, phase: float) -> Points:
        return self._arm_joints(phase)[2]

    def trunk(self) -> list[Limb]:
        h, look, broad = self.h, self.look, self._breadth()
        chest, waist = self.spine(0.82), self.spine(0.02)
        lit = self.spine(0.78, 0.02 * h), self.spine(0.2, 0.02 * h)
        sun = _up(np.zeros(len(broad))) + np.array([-0.02 * h, 0.0, -0.02 * h])
        limbs = [
            Limb(waist, chest, 0.8 * broad, broad, look.shirt, 0.02, shadow=True),
            Limb(lit[1] + sun, lit[0] + sun, 0.4 * broad, 0.5 * broad, shaded(look.shirt, 1.13), 0.04),
            *self._head(),
        ]
        if look.coat:
            hem = self.hip - _up(0.2 * h)
            limbs.append(Limb(hem, waist, 1.05 * broad, 0.85 * broad, shaded(look.shirt, 0.94), 0.015, shadow=True))
        if look.stripe:
            limbs.append(Limb(self.spine(0.45), self.spine(0.6), 0.92 * broad, 0.97 * broad, look.stripe, 0.05))
        return limbs

    def _head(self) -> list[Limb]:
        h, look, back = self.h, self.look, self.forward * (-0.03 * self.h)
        middle = self.spine(1.0) + _up(0.085 * h) + self.forward * (0.01 * h + 0.03 * h * self.haste[:, None])
        crown = middle + _up(0.036 * h)
        return [
            Limb(self.spine(0.95), middle, 0.03 * h, 0.03 * h, shaded(look.skin, 0.85)),
            Limb(middle - _up(0.012 * h), middle + _up(0.012 * h), 0.062 * h, 0.062 * h, look.skin, 0.03, shadow=True),
            Limb(crown + 0.7 * back, crown - 0.4 * back, 0.057 * h, 0.05 * h, look.hair, 0.035),
            Limb(middle + back, middle + back + _up(0.02 * h), 0.05 * h, 0.05 * h, look.hair),
        ]

    def spine(self, share: float, ahead: float = 0.0) -> Points:
        """A point of the back, from the hip (0) to the neck (1), and metres before it."""
        up, forth = np.cos(self.lean)[:, None], np.sin(self.lean)[:, None]
        rise = np.array([0.0, 1.0, 0.0]) * up + self.forward * forth
        front = self.forward * up - np.array([0.0, 1.0, 0.0]) * forth
        return np.asarray(self.hip + rise * (0.3 * self.h * share) + front * ahead, np.float64)

    def _breadth(self) -> Points:
        """Half of the chest's breadth as seen: shoulders from the front, depth of the chest from the side."""
        sideways = np.abs(self.forward[:, 0])
        return self.h * self.build * (0.098 - 0.03 * sideways)

    def _leg_angles(self, phase: float) -> tuple[Points, Points]:
        thigh = self.swing * np.sin(self.stride + phase) + 0.18 * self.haste
        lift = np.maximum(0, np.cos(self.stride + phase))
        knee = 0.06 + self.swing * (1.15 + 0.9 * self.haste) * lift + 0.25 * self.haste + 0.3 * self.stoop
        return thigh + 0.15 * self.stoop, thigh - knee

    def _drop(self, phase: float) -> Points:
        """How far below the hip an ankle is (negative), metres."""
        thigh, shin = self._leg_angles(phase)
        return np.asarray(-0.25 * self.h * (np.cos(thigh) + np.cos(shin)))

    def _arm_joints(self, phase: float) -> tuple[Points, Points, Points]:
        upper = -self.swing * 0.85 * np.sin(self.stride + phase + np.pi) * (1 + 0.2 * self.haste)
        bent = 0.2 + 1.3 * self.haste
        shoulder = self.spine(0.86) + self.side * (0.105 * self.h * self.build * (1 if phase else -1))
        elbow = shoulder + self._down(upper) * 0.165 * self.h
        return shoulder, elbow, elbow + self._down(upper + bent) * 0.16 * self.h

    def _down(self, angle: Points) -> Points:
        """Unit vectors that hang down, swung forward by an angle."""
        return np.asarray(self.forward * np.sin(angle)[:, None] - _up(np.cos(angle)), np.float64)


def _up(metres: Points | float) -> Points:
    height = np.asarray(metres, np.float64)
    zeros = np.zeros_like(height)
    return np.asarray(np.stack([zeros, height, zeros], -1), np.float64)
