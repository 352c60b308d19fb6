"""What every model must do, whatever it computes. `check_model` runs all of it; each part runs alone as well.

A check takes a factory of unfitted models and the spec of the observations to try them on, and raises an
`AssertionError` that says what went wrong.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import NotFitted, OddframeError, SpecError, StoreError
from oddframe.models.abilities import fusion_of
from oddframe.models.base import Model, ModelState, Regime
from oddframe.models.source import MemorySource
from oddframe.testing.sources import FLOW_AND_SHAPE, odd_rows, pieces, synthetic_source, synthetic_video
from oddframe.types import Observations, Scored, Spec, VideoInfo

Factory: TypeAlias = Callable[[], Model]
Check: TypeAlias = Callable[[Factory, Spec], None]

ODD = range(25, 35)
"""The odd frames of the video that checks score."""


def check_model(factory: Factory, spec: Spec | None = None) -> None:
    """Run all of `MODEL_CHECKS` on what the factory makes."""
    for check in MODEL_CHECKS:
        check(factory, spec or FLOW_AND_SHAPE)


def training_data(model: Model, spec: Spec, seed: int = 0) -> MemorySource:
    """What the model's regime asks for: normal videos, and for weak labels odd ones beside them."""
    return synthetic_source(spec, seed=seed, odd_videos=3 if model.regime is Regime.WEAK else 0)


def fitted(factory: Factory, spec: Spec) -> Model:
    """A model, trained, and with its training data absorbed."""
    model = factory()
    data = training_data(model, spec)
    return model.train(data).absorb(data)


def scored(model: Model, info: VideoInfo, parts: Iterable[Observations]) -> Scored:
    """What a stream gives for these pieces, close included."""
    stream = model.open(info)
    return Scored.concatenate([*(stream.push(part) for part in parts), stream.close()])


def check_settings(factory: Factory, spec: Spec) -> None:
    """Every constructor argument is kept under its name, and settings build an equal model, which takes the spec."""
    model = factory()
    again = type(model)(**json.loads(json.dumps(model.settings())))
    assert again.identity() == model.identity(), f"{model} and {again} differ"
    assert model.name
    assert isinstance(model.regime, Regime)
    again.check(spec)


def check_not_fitted(factory: Factory, spec: Spec) -> None:
    """Before training there is nothing to score with, and nothing to save."""
    info, _ = _video(spec)
    _raises(NotFitted, "scoring", factory().open, info)
    _raises(NotFitted, "saving", factory().state)


def check_repeatable(factory: Factory, spec: Spec) -> None:
    """Two models fitted to the same data give the same scores, to the bit."""
    _same(_whole(fitted(factory, spec), spec), _whole(fitted(factory, spec), spec), "a second fit")


def check_inputs_untouched(factory: Factory, spec: Spec) -> None:
    """Neither fitting nor scoring writes into its data."""
    model = factory()
    data = training_data(model, spec)
    everything = np.arange(len(data))
    before = {name: tensor.clone() for name, tensor in data.take(everything).items()}
    model.train(data).absorb(data)
    _equal_tensors(data.take(everything), before, "training data changed")
    info, observations = _video(spec)
    before = {name: tensor.clone() for name, tensor in observations.data.items()}
    scored(model, info, [observations])
    _equal_tensors(observations.data, before, "scored data changed")


def check_rows(factory: Factory, spec: Spec) -> None:
    """One finite float32 score a row, in order, none above the model's ceiling, with parts as long and no data."""
    _, observations = _video(spec)
    found = _whole(fitted(factory, spec), spec)
    assert found.score.dtype == np.float32
    assert np.isfinite(found.score).all()
    assert (found.score <= factory().ceiling).all(), "scores above the ceiling that the model states"
    assert np.array_equal(found.observations.frame, observations.frame), "rows out of order"
    assert np.array_equal(found.observations.box, observations.box), "rows mixed up"
    assert not found.observations.data, "scored observations carry their data along"
    assert found.observations.through == observations.through
    assert all(part.dtype == np.float32 and np.isfinite(part).all() for part in found.parts.values())
    assert (fusion_of(factory()) or {}).keys() <= found.parts.keys(), "fusion weighs parts that no score has"
    if found.maps is not None:
        assert found.maps.dtype == np.float32
        assert np.isfinite(found.maps).all()
        assert max(found.maps.shape[1:]) <= 64, "maps are a coarse grid, at most 64 x 64"


def check_separation(factory: Factory, spec: Spec) -> None:
    """What is of no normal kind scores above what is: nine in ten pairs of such rows are in that order."""
    _, observations = _video(spec)
    found, odd = _whole(fitted(factory, spec), spec), odd_rows(observations, ODD)
    above = found.score[odd][:, None] > found.score[~odd]
    level = found.score[odd][:, None] == found.score[~odd]
    area = float(above.mean() + level.mean() / 2)
    assert area > 0.9, f"odd rows score above normal ones in only {area:.0%} of pairs"


def check_chunking(factory: Factory, spec: Spec) -> None:
    """How rows are cut into pushes changes no bit: one by one, with empty pushes, or at random."""
    model, (info, observations) = fitted(factory, spec), _video(spec)
    whole = scored(model, info, [observations])
    random = np.random.default_rng(0)
    cuts = [sorted(random.integers(len(observations) + 1, size=count).tolist()) for count in (1, 5, 20)]
    for edges in [list(range(1, len(observations))), [0, 0, 3, 3], *cuts]:
        _same(scored(model, info, pieces(observations, edges)), whole, f"pushes cut at {edges[:9]}")


def check_streams_apart(factory: Factory, spec: Spec) -> None:
    """Two open streams do not disturb each other."""
    model, (info, observations) = fitted(factory, spec), _video(spec)
    other, others = synthetic_video(spec, "other", seed=77)
    first, second = model.open(info), model.open(other)
    found: list[Scored] = []
    for one, two in zip(pieces(observations, [9, 30]), pieces(others, [17, 18]), strict=True):
        found.append(first.push(one))
        second.push(two)
    _same(Scored.concatenate([*found, first.close()]), scored(model, info, [observations]), "a second open stream")


def check_state(factory: Factory, spec: Spec) -> None:
    """State is contiguous tensors and JSON; a new model that restores it is the same, to the bit."""
    model = fitted(factory, spec)
    state = model.state()
    assert all(tensor.is_contiguous() for tensor in state.tensors.values())
    copied = {name: tensor.clone() for name, tensor in state.tensors.items()}
    again = factory().restore(ModelState(copied, json.loads(json.dumps(state.meta))))
    _same(_whole(again, spec), _whole(model, spec), "the restored model")
    _equal_states(again.state(), state, "restoring changed the state")


def check_travels(factory: Factory, spec: Spec) -> None:
    """A fitted model that is pickled or deep-copied scores the same, to the bit; so it does once it has scored."""
    model = fitted(factory, spec)
    for _ in range(2):
        arrived: list[Model] = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]  # noqa: S301
        for other in arrived:
            _same(_whole(other, spec), _whole(model, spec), "the pickled or copied model")
            _equal_states(other.state(), model.state(), "pickling or copying changed the state")


def check_damaged_state(factory: Factory, spec: Spec) -> None:
    """A state that lacks something, or has it in another shape, is refused with `StoreError`."""
    state = fitted(factory, spec).state()
    for name, tensor in state.tensors.items():
        rest = {other: t for other, t in state.tensors.items() if other != name}
        _raises(StoreError, f"without {name}", factory().restore, ModelState(rest, state.meta))
        bent = {**rest, name: tensor[None].contiguous()}
        _raises(StoreError, f"{name} reshaped", factory().restore, ModelState(bent, state.meta))
    if state.meta:
        _raises(StoreError, "without its values", factory().restore, ModelState(state.tensors, {}))


def check_scoring_changes_nothing(factory: Factory, spec: Spec) -> None:
    """A model's state is the same after scoring as before."""
    model = fitted(factory, spec)
    before = {name: tensor.clone() for name, tensor in model.state().tensors.items()}
    meta = json.dumps(model.state().meta)
    _whole(model, spec)
    _equal_states(model.state(), ModelState(before, json.loads(meta)), "scoring changed the model")


def check_empty_video(factory: Factory, spec: Spec) -> None:
    """A video without observations is trained over, absorbed and scored: no rows, and finished to its end."""
    model = factory()
    data = training_data(model, spec)
    info, observations = synthetic_video(spec, "empty", seed=5)
    nothing = Observations.none("empty", spec, through=observations.through)
    items = [(video, Observations.concatenate(list(data.chunks(video.id)))) for video in data.videos()]
    labels = {video.id: bool(data.label(video.id)) for video in data.videos()} | {"empty": False}
    filled = MemorySource(spec, [*items, (info, nothing)], labels)
    model.train(filled).absorb(filled)
    found = scored(model, info, [nothing])
    assert len(found) == 0
    assert found.observations.through == observations.through
    assert len(_whole(model, spec)) == len(_video(spec)[1])


def check_single_observation(factory: Factory, spec: Spec) -> None:
    """A video with one observation gets its one score."""
    model, (info, observations) = fitted(factory, spec), _video(spec)
    assert len(scored(model, info, [observations.select(slice(0, 1))])) == 1


def check_wrong_spec(factory: Factory, spec: Spec) -> None:
    """A fitted model takes no observations of another spec, whether asked, scoring or absorbing."""
    model, (info, observations) = fitted(factory, spec), _video(spec)
    name, field = next(iter(spec.fields.items()))
    longer = Spec({**spec.fields, name: replace(field, shape=(*field.shape[:-1], field.shape[-1] + 1))})
    renamed = {f"not_{other}": tensor for other, tensor in observations.data.items()}
    _, odd = synthetic_video(longer, info.id, seed=9)
    model.check(spec)
    _raises(SpecError, "asked", model.check, longer)
    for wrong in (odd, replace(observations, data=renamed)):
        _raises(SpecError, "scoring", scored, model, info, [wrong])
    if _absorbs(model):
        _raises(SpecError, "absorbing", model.absorb, synthetic_source(longer))


def check_retraining(factory: Factory, spec: Spec) -> None:
    """Training anew forgets earlier training."""
    model = fitted(factory, spec)
    other = training_data(model, spec, seed=50)
    model.train(other).absorb(other)
    _same(_whole(factory().train(other).absorb(other), spec), _whole(model, spec), "training anew")


def check_absorb_order(factory: Factory, spec: Spec) -> None:
    """What is absorbed adds up alike in any order."""
    model, other = factory(), factory()
    if not _absorbs(model):
        return
    data, more = training_data(model, spec), synthetic_source(spec, seed=20, videos=2)
    renamed = [replace(info, id=f"later {info.id}") for info in more.videos()]
    items = [Observations.concatenate(list(more.chunks(info.id))) for info in more.videos()]
    later = MemorySource(
        spec, [(info, replace(item, video=info.id)) for info, item in zip(renamed, items, strict=True)]
    )
    first = _whole(model.train(data).absorb(data).absorb(later), spec)
    second = _whole(other.train(data).absorb(later).absorb(data), spec)
    np.testing.assert_allclose(first.score, second.score, rtol=1e-5, atol=1e-6)


MODEL_CHECKS: tuple[Check, ...] = (
    check_settings,
    check_not_fitted,
    check_repeatable,
    check_inputs_untouched,
    check_rows,
    check_separation,
    check_chunking,
    check_streams_apart,
    check_state,
    check_travels,
    check_damaged_state,
    check_scoring_changes_nothing,
    check_empty_video,
    check_single_observation,
    check_wrong_spec,
    check_retraining,
    check_absorb_order,
)
"""All checks, for tests that run them one by one."""


def _video(spec: Spec) -> tuple[VideoInfo, Observations]:
    return synthetic_video(spec, "scored", seed=9, odd=ODD)


def _whole(model: Model, spec: Spec) -> Scored:
    info, observations = _video(spec)
    return scored(model, info, [observations])


def _absorbs(model: Model) -> bool:
    return type(model).absorb is not Model.absorb


def _raises(error: type[OddframeError], what: str, call: Callable[..., object], *arguments: object) -> None:
    caught: OddframeError | None = None
    try:
        call(*arguments)
    except error as raised:
        caught = raised
    assert caught is not None, f"no {error.__name__}: {what}"
    assert str(caught).strip(), f"{error.__name__} without a word of explanation: {what}"
    assert "\n" not in str(caught), f"{error.__name__} takes more than one line: {what}"


def _same(found: Scored, expected: Scored, what: str) -> None:
    assert np.array_equal(found.observations.frame, expected.observations.frame), f"{what}: other rows"
    assert np.array_equal(found.score, expected.score), f"{what}: other scores"
    assert found.parts.keys() == expected.parts.keys(), f"{what}: other parts"
    for name, part in expected.parts.items():
        assert np.array_equal(found.parts[name], part), f"{what}: another {name}"
    mine, theirs = (np.zeros(0, np.float32) if s.maps is None else s.maps for s in (found, expected))
    assert np.array_equal(mine, theirs), f"{what}: other maps"


def _equal_tensors(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], what: str) -> None:
    names: Sequence[str] = sorted(expected)
    assert sorted(found) == names, what
    assert all(torch.equal(found[name], expected[name]) for name in names), what


def _equal_states(found: ModelState, expected: ModelState, what: str) -> None:
    _equal_tensors(found.tensors, expected.tensors, what)
    assert json.dumps(found.meta, sort_keys=True) == json.dumps(expected.meta, sort_keys=True), what
