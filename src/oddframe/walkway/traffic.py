"""Normal traffic: who walks where, without pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oddframe.walkway.actors import Actor, random_look
from oddframe.walkway.motion import Series, Stay, Walk, follow, strides
from oddframe.walkway.scene import Walkway

ENDS = (-8.5, 13.0)  # metres along, just out of sight to the left and right
LANES = 2.2  # people keep this close to the middle, metres
DOOR = (2.5, 8.9)  # the building's door: along, across
NEAR = -9.6  # metres across, out of sight below the picture
CLEAR = 1.3  # metres from the middle of an obstacle to those who pass it
PAUSE = 4.0  # the longest normal pause, seconds
WALKING = (0.9, 1.7)  # metres per second
TRAVEL = 17.0  # seconds that a walk takes on average
ALONG, CROSSING = 0.64, 0.25  # shares of those who stay on the walkway, and who cross it; the others turn
GROUPS = (0.66, 0.27, 0.07)  # shares of people alone, in pairs, in threes
COMPANY = 1 / 1.41  # groups per person


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that people walk around: its place, and its first and one-past-last frame."""

    along: float
    across: float
    first: int
    end: int


def walkers(
    scene: Walkway, generator: np.random.Generator, track: int, obstacles: Sequence[Obstacle] = ()
) -> list[Actor]:
    """Simulate the normal people of a clip.

    Args:
        scene: the settings.
        generator: of the random numbers.
        track: the identity of the first; the others follow.
        obstacles: to walk around.

    Returns:
        Actors, in the order of appearance.
    """
    lead = 40.0  # seconds before the clip: the slowest walker of its first frame has set out by then
    span = scene.frames / scene.fps + lead
    groups = generator.poisson(scene.people * COMPANY / TRAVEL * span)
    starts = np.sort(generator.uniform(-lead, span - lead, groups))
    actors: list[Actor] = []
    for start in starts:
        size = int(generator.choice(3, p=GROUPS)) + 1
        actors += _group(
            scene, generator, start=float(start), size=size, track=track + len(actors), obstacles=obstacles
        )
    return [actor for actor in actors if actor.end > 0]


def _group(
    scene: Walkway,
    generator: np.random.Generator,
    *,
    start: float,
    size: int,
    track: int,
    obstacles: Sequence[Obstacle],
) -> list[Actor]:
    """People who walk side by side, at one speed and with the same pauses."""
    origin, route = _route(generator)
    course = follow(origin, route, scene.fps)
    first = round(start * scene.fps)
    members = []
    for place in range(size):
        side = 0.68 * (place - (size - 1) / 2) + generator.normal(0, 0.04)
        wander = _wander(generator, len(course.along), scene.fps)
        along = course.along - np.sin(course.heading) * side + generator.normal(0, 0.12)
        across = course.across + np.cos(course.heading) * side + wander
        places = _give_way(np.stack([along, across], 1), course.heading, first, obstacles)
        look = random_look(generator)
        members.append(
            Actor(
                track=track + place,
                kind="walker",
                look=look,
                first=first,
                along=places[:, 0],
                across=places[:, 1],
                heading=course.heading,
                speed=course.speed,
                stride=strides(course.speed, look.height, scene.fps, generator.uniform(0, 2 * np.pi)),
                odd=np.zeros(len(along), np.bool_),
                holding=np.ones(len(along), np.bool_),
                stoop=np.zeros(len(along)),
            )
        )
    return members


def _route(generator: np.random.Generator) -> tuple[tuple[float, float], list[Walk | Stay]]:
    """Along the walkway either way, across it, or along it and into the building; now and then with a short pause."""
    speed = float(np.clip(generator.normal(1.3, 0.18), *WALKING))
    rightwards = bool(generator.random() < 0.5)
    lane = float(generator.uniform(-LANES, 0.6)) * (1 if rightwards else -1)
    start, goal = (ENDS if rightwards else ENDS[::-1]) if generator.random() < 0.97 else ENDS
    where = generator.random()
    pause = float(generator.uniform(1.0, PAUSE)) if generator.random() < 0.15 else 0.0
    cross = DOOR[0] + float(generator.uniform(-0.4, 0.4))
    if where < ALONG:
        origin, stops = (start, lane), [(float(generator.uniform(-4, 7)), lane), (goal, lane)]
    elif where < ALONG + CROSSING:
        out = [DOOR, (cross, float(generator.uniform(-2, 5))), (cross, NEAR)]
        origin, *stops = out if rightwards else out[::-1]
    else:
        turn = [(start, lane), (cross, lane), DOOR]
        origin, *stops = turn if rightwards else turn[::-1]
    middle, end = stops
    route: list[Walk | Stay] = [Walk(middle, speed), Walk(end, speed)]
    if pause:
        route.insert(1, Stay(pause))
    return origin, route


def _wander(generator: np.random.Generator, count: int, fps: int) -> Series:
    """Nobody walks a perfectly straight line."""
    seconds, phase = np.arange(count) / fps, generator.uniform(0, 2 * np.pi, 2)
    return np.asarray(0.07 * np.sin(0.9 * seconds + phase[0]) + 0.05 * np.sin(2.1 * seconds + phase[1]))


def _give_way(places: Series, heading: Series, first: int, obstacles: Sequence[Obstacle]) -> Series:
    """(T, 2) places with a smooth bend around whatever stands in the way when it is passed."""
    for obstacle in obstacles:
        away = places - (obstacle.along, obstacle.across)
        passing = int(np.argmin(np.hypot(away[:, 0], away[:, 1])))
        forward = np.array([np.cos(heading[passing]), np.sin(heading[passing])])
        aside = np.array([-forward[1], forward[0]])
        gap = float(away[passing] @ aside)
        if obstacle.first - 50 <= first + passing < obstacle.end + 50 and abs(gap) < CLEAR:
            push = (CLEAR - abs(gap)) * (1 if gap >= 0 else -1)
            places = places + push * np.exp(-(((away @ forward) / 1.8) ** 2))[:, None] * aside
    return places
