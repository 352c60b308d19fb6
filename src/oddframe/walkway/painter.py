"""Drawing of actors, the far ones before the near ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

import cv2
import numpy as np

from oddframe.types import ImageArray
from oddframe.walkway.actors import Actor
from oddframe.walkway.backdrop import paint
from oddframe.walkway.camera import Camera, Points, Sensor
from oddframe.walkway.people import bag, person
from oddframe.walkway.props import Branch, Prop, prop_shadows, props
from oddframe.walkway.scene import Walkway, brightness, generator, gusts
from oddframe.walkway.shapes import SHIFT, Limb, Outlines, figure
from oddframe.walkway.vehicles import cyclist, pusher, skateboarder, slow_cyclist

OVERSAMPLE = 2  # drawn this many times finer than the frame
SHADOW = 0.5  # how much of the light a shadow takes in full sun
_SUNS = 8  # steps of the sun's strength that are kept ready


def outline(actor: Actor, camera: Camera, fps: int) -> Outlines:
    """Return the outlines of an actor in the picture, in all of its frames."""
    ground = np.stack([actor.along, np.zeros(len(actor)), actor.across], -1)
    return figure(camera, _limbs(actor, fps, ground), ground)


def _limbs(actor: Actor, fps: int, ground: Points) -> list[Limb]:
    match actor.kind:
        case "bag":
            return bag(ground + np.array([0.0, 0.35, 0.0]), actor, actor.look.bag or (60, 54, 50))
        case "cyclist":
            return cyclist(actor, fps)
        case "slow cyclist" | "escorted cyclist":
            return slow_cyclist(actor, fps)
        case "skateboarder":
            return skateboarder(actor)
        case "cart pusher":
            return pusher(actor)
        case _:
            return person(actor)


class _Stage:
    """The painted surroundings in every strength of sun, and what stands in them."""

    def __init__(self, scene: Walkway, camera: Camera) -> None:
        ground, shade = paint(camera, generator(scene.place, 0)), prop_shadows(camera)
        self._props = props(camera, generator(scene.place, 1))
        self.branch = Branch(camera, generator(scene.place, 2), scene.wind)
        self._dark = [_darker(ground, strength) for strength in np.linspace(0, SHADOW, _SUNS)]
        self.lit = [np.asarray(cv2.copyTo(dark, shade, ground.copy()), np.uint8) for dark in self._dark]

    def paint(self, canvas: ImageArray, figures: Sequence[tuple[Outlines, int]], sun: int) -> None:
        """Surroundings, shadows, then everybody and everything from far to near."""
        np.copyto(canvas, self.lit[sun])
        mask = np.zeros(canvas.shape[:2], np.uint8)
        for seen, row in figures:
            for shape in seen.shadows[row]:
                cv2.fillConvexPoly(mask, shape, 255, cv2.LINE_8, SHIFT)
        cv2.copyTo(self._dark[sun], mask, canvas)
        layers: list[tuple[float, Prop | tuple[Outlines, int]]] = [(prop.depth, prop) for prop in self._props]
        layers += [(float(seen.depth[row]), (seen, row)) for seen, row in figures]
        for _, layer in sorted(layers, key=lambda item: -item[0]):
            if isinstance(layer, Prop):
                layer.draw(canvas)
            else:
                _draw(canvas, *layer)


def _darker(picture: ImageArray, strength: float) -> ImageArray:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=1 - strength), np.uint8)


class Painter:
    """Draws clips; holds the surroundings of a scene, which its clips share and which are painted when first needed.

    Args:
        scene: its settings.
    """

    def __init__(self, scene: Walkway) -> None:
        self.scene = scene
        self.camera = Camera(scene.width * OVERSAMPLE, scene.height * OVERSAMPLE)

    @cached_property
    def _stage(self) -> _Stage:
        return _Stage(self.scene, self.camera)

    def film(self, actors: Sequence[Actor], seed: int, wanted: Collection[int] | None = None) -> Iterator[ImageArray]:
        """Draw the frames of a clip.

        Args:
            actors: of the clip.
            seed: of light, wind and noise.
            wanted: the frames to draw; None = all.

        Returns:
            (H, W, 3) uint8 RGB each, a new array.
        """
        scene = self.scene
        gain, sun = brightness(scene, generator(seed, 3))
        wind, sensor = (
            gusts(scene, generator(seed, 4)),
            Sensor(scene.width, scene.height, scene.noise, generator(seed, 5)),
        )
        stage, present = self._stage, dict[int, tuple[Actor, Outlines]]()
        canvas = np.empty_like(stage.lit[0])
        waiting = sorted((a for a in actors if a.end > 0 and a.first < scene.frames), key=lambda a: -a.first)
        for frame in range(scene.frames):
            while waiting and waiting[-1].first <= frame:
                actor = waiting.pop()
                present[actor.track] = (actor, outline(actor, self.camera, scene.fps))
            present = {track: pair for track, pair in present.items() if frame < pair[0].end}
            if wanted is not None and frame not in wanted:
                sensor.skip()
                continue
            figures = [(seen, frame - actor.first) for actor, seen in present.values()]
            stage.paint(canvas, figures, round(float(sun[frame]) * (_SUNS - 1)))
            stage.branch.draw(canvas, frame / scene.fps, float(wind[frame]))
            clean = cv2.resize(canvas, (scene.width, scene.height), interpolation=cv2.INTER_AREA)
            yield sensor.expose(np.asarray(clean, np.uint8), float(gain[frame]))


def _draw(canvas: ImageArray, seen: Outlines, row: int) -> None:
    shapes, shown = seen.outlines[row], seen.shown[row]
    for limb in seen.order[row].tolist():
        if shown[limb]:
            cv2.fillConvexPoly(canvas, shapes[limb], seen.colours[limb], cv2.LINE_8, SHIFT)
