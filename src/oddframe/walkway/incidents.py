"""Incidents: the kinds of event on the walkway, and the actors that make them.

Some are anomalous by their appearance alone: they keep walking pace, and one has walkers beside it who touch it in the
picture. The standard splits hold none of these; they are for choosing features of appearance.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oddframe.errors import SettingsError
from oddframe.walkway.actors import BAGS, Actor, on_course, random_look
from oddframe.walkway.motion import RADIUS, Stay, Trajectory, Walk, follow
from oddframe.walkway.scene import Walkway
from oddframe.walkway.traffic import ENDS, PAUSE, Obstacle

KINDS = ("cyclist", "runner", "loiterer", "dropped object")

CYCLING = (4.0, 6.0)  # metres per second

RUNNING = (3.0, 4.5)

_SHARE = {"loiterer": 2.5, "dropped object": 2.5}  # of a clip's time; 1 for those who pass

KINDS_BY_LOOKS = ("slow cyclist", "skateboarder", "cart pusher", "escorted cyclist")

PACE = (1.0, 1.7)  # metres per second, as people walk


def stage(scene: Walkway, kinds: tuple[str, ...], generator: np.random.Generator) -> tuple[list[Actor], list[Obstacle]]:
    """Make the actors of a clip's events, one event after the other, and the obstacles that others walk around.

    Raises:
        SettingsError: an unknown kind.
    """
    known = KINDS + KINDS_BY_LOOKS
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise SettingsError(f"unknown kind of event {unknown[0]!r}: choose among {', '.join(known)}")
    shares = np.array([_SHARE.get(kind, 1.0) for kind in kinds])
    cuts = np.concatenate([[0.0], np.cumsum(shares / shares.sum())]) * scene.frames if kinds else np.zeros(1)
    actors: list[Actor] = []
    obstacles: list[Obstacle] = []
    for kind, start, end in zip(kinds, cuts[:-1], cuts[1:], strict=True):
        slot, number = (round(start), round(end)), len(actors)
        if kind in ("cyclist", "runner"):
            actors.append(_passing(scene, kind, slot, generator, number))
        elif kind in KINDS_BY_LOOKS:
            actors += pacing(scene, kind, slot[0], generator, number)
        else:
            new, obstacle = (_loitering if kind == "loiterer" else _dropping)(scene, slot, generator, number)
            actors += new
            obstacles.append(obstacle)
    return actors, obstacles


def _passing(scene: Walkway, kind: str, slot: tuple[int, int], generator: np.random.Generator, track: int) -> Actor:
    """A cyclist or runner, through the scene from end to end."""
    start, goal = ENDS if generator.random() < 0.5 else ENDS[::-1]
    lane = float(generator.uniform(-1.8, 1.8))
    speed = float(generator.uniform(*(CYCLING if kind == "cyclist" else RUNNING)))
    course = follow((start, lane), [Walk((goal, lane), speed)], scene.fps)
    room = max(slot[1] - slot[0] - len(course.along), 0)
    look = replace(random_look(generator), height=float(generator.uniform(1.65, 1.9)), coat=False, bag=None)
    first = slot[0] + round(room * generator.uniform(0.2, 0.8))
    actor = on_course(kind, look, course, fps=scene.fps, first=first, track=track)
    return replace(actor, odd=np.ones(len(actor), np.bool_))


def _loitering(
    scene: Walkway, slot: tuple[int, int], generator: np.random.Generator, track: int
) -> tuple[list[Actor], Obstacle]:
    """Someone who hangs about in one place, now standing, now circling; odd once no normal pause lasts that long."""
    spot, (start, goal) = _spot(generator), _ends(generator)
    stays = 0.72 * (slot[1] - slot[0]) / scene.fps
    legs: list[Walk | Stay] = [Walk(spot, 1.2)]
    for part in (0.2, 0.25, 0.15, 0.25, 0.15):
        legs.append(Stay(part * stays, pace=0.0 if part < 0.25 else 0.6))
    course = follow((start, spot[1]), [*legs, Walk((goal, spot[1]), 1.2)], scene.fps)
    arrived, left = course.reached[0], course.reached[-2]
    first = slot[0] + round(0.08 * (slot[1] - slot[0])) - arrived
    look = replace(random_look(generator), height=float(generator.uniform(1.62, 1.9)))
    actor = on_course("loiterer", look, course, fps=scene.fps, first=first, track=track)
    row = np.arange(len(actor))
    odd = (row >= arrived + PAUSE * scene.fps) & (row < left)
    return [replace(actor, odd=odd)], Obstacle(spot[0], spot[1] + RADIUS, first + arrived, first + left)


def _dropping(
    scene: Walkway, slot: tuple[int, int], generator: np.random.Generator, track: int
) -> tuple[list[Actor], Obstacle]:
    """Someone puts a bag down and walks off; the bag stays, until the owner comes back for it or the clip ends."""
    fps, spot, (start, goal) = scene.fps, _spot(generator), _ends(generator)
    length, half = slot[1] - slot[0], round(0.6 * scene.fps)
    down, up = slot[0] + round(0.4 * length), slot[1] - round(0.1 * length)
    look = replace(random_look(generator), bag=BAGS[int(generator.integers(len(BAGS)))])
    course = follow((start, spot[1]), [Walk(spot, 1.35), Stay(1.2), Walk((goal, spot[1]), 1.5)], fps)
    owner = on_course("walker", look, course, fps=fps, first=down - course.reached[0] - half, track=track)
    course = follow((goal, spot[1]), [Walk(spot, 1.5), Stay(1.2), Walk((start, spot[1]), 1.35)], fps)
    again = on_course("walker", look, course, fps=fps, first=up - course.reached[0] - half, track=track + 1)
    comes_back = again.first > owner.end
    lies = (up if comes_back else scene.frames) - down
    bag = on_course("bag", look, _still((spot[0], spot[1] - 0.3), lies), fps=fps, first=down, track=track + 2)
    actors = [_with_bag(owner, down, fps, before=True), replace(bag, odd=np.ones(len(bag), np.bool_))]
    if comes_back:
        actors.append(_with_bag(again, up, fps, before=False))
    return actors, Obstacle(*spot, down, down + lies)


def _with_bag(actor: Actor, frame: int, fps: int, *, before: bool) -> Actor:
    """Somebody who bends down for a bag at a frame, and holds it before or after."""
    since = np.arange(len(actor)) - (frame - actor.first)
    stoop = np.clip(1 - np.abs(since) / (0.6 * fps), 0, 1)
    return replace(actor, holding=(since < 0) == before, stoop=stoop)


def _spot(generator: np.random.Generator) -> tuple[float, float]:
    """A place on the walkway in good view."""
    return float(generator.uniform(-3.0, 4.5)), float(generator.uniform(-1.9, 1.6))


def _ends(generator: np.random.Generator) -> tuple[float, float]:
    return ENDS if generator.random() < 0.5 else (ENDS[1], ENDS[0])


def _still(spot: tuple[float, float], frames: int) -> Trajectory:
    zeros = np.zeros(max(frames, 1))
    return Trajectory(zeros + spot[0], zeros + spot[1], zeros, zeros, ())


def pacing(scene: Walkway, kind: str, first: int, generator: np.random.Generator, track: int) -> list[Actor]:
    """Make one event of looks alone, from end to end of the scene: the anomalous actor first, then who walks beside."""
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
