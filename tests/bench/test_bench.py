"""A bench: the same figures as by hand, and nothing done twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import oddframe as odd
from oddframe.bench import Bench, Protocol, protocol
from oddframe.bench.markdown import markdown
from oddframe.bench.pictures import write_pictures
from oddframe.bench.runner import Outcome
from oddframe.datasets.base import DataSet
from oddframe.datasets.unlabelled import Unlabelled
from oddframe.errors import DataError, SettingsError
from oddframe.metrics import micro_auroc
from oddframe.models.base import Regime
from oddframe.types import Progress, Run
from tests.bench.strip import ODD, CountedNearest, Strip, blob
from tests.engine.fakes import in_catalog

PLAIN = Protocol("plain", odd.Smoothing("gaussian", 0.2))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    in_catalog(monkeypatch)
    CountedNearest.trained.clear()


def measured(folder: Path, dataset: DataSet | None = None, *contestants: object, seed: int = 0) -> Outcome:
    told = contestants or (blob(),)
    bench = Bench(dataset or Strip(), told, [PLAIN, protocol("causal")], folder, folder / "cache", seed)  # type: ignore[arg-type]
    return bench.run()


def test_scores_are_those_of_the_detector_itself(tmp_path: Path) -> None:
    outcome = measured(tmp_path)
    data = Strip()
    detector = blob().detector.fit([one.video for one in data.videos("training")], cache=tmp_path / "other")
    alone = list(
        detector.score_each(
            [one.video for one in data.videos("testing")], scoring=odd.Scoring(smoothing=odd.Smoothing("gaussian", 0.2))
        )
    )
    for ours, theirs in zip(outcome.timelines["blob", "plain"], alone, strict=True):
        np.testing.assert_array_equal(ours.scores, theirs.scores)
    labels = [one.labels for one in data.videos("testing")]
    figure = outcome.results.rows[0].figures["plain"].micro
    assert figure.value == micro_auroc([one.scores for one in alone], labels)  # type: ignore[arg-type]
    assert figure.value is not None
    assert figure.value > 0.9
    assert figure.low is not None
    assert figure.low <= figure.value


def test_the_test_split_teaches_nothing(tmp_path: Path) -> None:
    fitted = measured(tmp_path).results.rows[0].fitted
    assert (fitted["videos"], fitted["frames"]) == (5, 300)


def test_a_one_class_detector_learns_from_no_video_that_is_labelled_abnormal(tmp_path: Path) -> None:
    assert measured(tmp_path, Strip(spoilt=2)).results.rows[0].fitted["videos"] == 3


def test_in_the_test_setting_all_that_is_tested_was_learnt_from_and_only_unsupervised_models_hold_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pile = Unlabelled(Strip(), "test")
    held = measured(tmp_path / "one-class", pile)
    monkeypatch.setattr(CountedNearest, "regime", Regime.UNSUPERVISED)
    whole = measured(tmp_path / "unsupervised", pile)
    assert [out.results.rows[0].fitted["videos"] for out in (held, whole)] == [3, 3]
    alarms = [out.results.rows[0].alarms for out in (held, whole)]
    assert alarms[0].threshold is not None
    assert alarms[1].threshold is None, "nothing is known as normal"
    assert whole.results.rows[0].figures["plain"].micro.value == pytest.approx(0.5, abs=0.2), "it has seen all of it"


def test_a_second_run_neither_fits_nor_scores_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = measured(tmp_path).results.to_json()
    assert len(CountedNearest.trained) == 1
    monkeypatch.setattr("oddframe.bench.runner.judge_source", None)
    second = measured(tmp_path).results.to_json()
    assert len(CountedNearest.trained) == 1
    assert second["figures"] == first["figures"]
    assert second["detectors"] == first["detectors"]


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = measured(tmp_path / "whole").results.to_json()
    stages = []

    def kill(progress: Progress) -> None:
        stages.append(progress.stage)
        if progress.stage.startswith("scoring") and progress.done == 1:
            raise KeyboardInterrupt

    folder = tmp_path / "killed"
    bench = Bench(Strip(), [blob()], [PLAIN, protocol("causal")], folder, tmp_path / "cache")
    with pytest.raises(KeyboardInterrupt):
        bench.run(Run(progress=kill))
    assert [path.name for path in (folder / "blob.scores").iterdir()] == ["0000.safetensors"]
    kept = (folder / "blob.scores" / "0000.safetensors").read_bytes()
    went_on = bench.run().results.to_json()
    assert len(CountedNearest.trained) == 2  # the whole run's, and the killed one's
    assert (folder / "blob.scores" / "0000.safetensors").read_bytes() == kept
    assert went_on["figures"] == whole["figures"]


def test_a_cut_file_is_made_again(tmp_path: Path) -> None:
    first = measured(tmp_path).results.to_json()
    scores = tmp_path / "blob.scores" / "0001.safetensors"
    whole = scores.read_bytes()
    scores.write_bytes(whole[: len(whole) // 2])
    (tmp_path / "blob.oddframe" / "detector.json").write_text("{")
    assert measured(tmp_path).results.to_json()["figures"] == first["figures"]
    assert len(CountedNearest.trained) == 2


def test_another_seed_setting_or_training_video_is_another_detector(tmp_path: Path) -> None:
    measured(tmp_path)
    measured(tmp_path, Strip(), blob(), seed=1)
    measured(tmp_path, Strip(), blob(scale=2.0))
    assert len(CountedNearest.trained) == 3
    twice = measured(tmp_path, Strip(), blob(scale=2.0))
    assert len(CountedNearest.trained) == 3
    assert twice.results.rows[0].parts["model"]["settings"] == {"scale": 2.0}  # type: ignore[index,call-overload]


def test_scores_of_another_detector_or_video_are_never_taken_for_ones_own(tmp_path: Path) -> None:
    first = measured(tmp_path).timelines["blob", "plain"]
    doubled = measured(tmp_path, Strip(), blob(scale=2.0)).timelines["blob", "plain"]
    for one, other in zip(first, doubled, strict=True):
        np.testing.assert_allclose(other.scores, 2 * one.scores, rtol=1e-5)
    turned = measured(tmp_path, Strip(tests=("usual", "odd"))).timelines["blob", "plain"]
    alone = measured(tmp_path / "alone", Strip(tests=("usual", "odd"))).timelines["blob", "plain"]
    for one, other in zip(turned, alone, strict=True):
        assert one.info == other.info
        np.testing.assert_array_equal(one.scores, other.scores)


def test_other_labels_change_figures_without_fitting_again(tmp_path: Path) -> None:
    right = measured(tmp_path).results.rows[0].figures["plain"].micro.value
    wrong = measured(tmp_path, Strip(late=15)).results.rows[0].figures["plain"].micro.value
    assert len(CountedNearest.trained) == 1
    assert right is not None
    assert wrong is not None
    assert wrong < right - 0.1


def test_a_saved_detector_takes_part_without_training_video(tmp_path: Path) -> None:
    here = measured(tmp_path / "here")
    saved = tmp_path / "here" / "blob.oddframe"
    loaded = replace(blob(str(saved)), detector=odd.Detector.load(saved), saved=str(saved))
    outcome = measured(tmp_path / "there", Strip(), loaded)
    assert len(CountedNearest.trained) == 1
    assert outcome.results.rows[0].cost.fit_seconds is None
    assert outcome.results.rows[0].fitted["loaded from"] == str(saved)
    assert "training" not in outcome.results.circumstances.splits
    assert outcome.results.rows[0].figures == here.results.rows[0].figures


def test_what_cannot_be_measured_is_refused_before_anything_is_fitted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="odd: this test video has no frame labels"):
        measured(tmp_path, Strip(labelled=False))
    with pytest.raises(DataError, match=r"labels.csv: 5 frames more than video 'odd' \(65 to 60\)"):
        measured(tmp_path, Strip(late=30))
    with pytest.raises(SettingsError, match="share a name: a-b, a-b"):
        measured(tmp_path, Strip(), blob("a b"), blob("a/b"))
    with pytest.raises(SettingsError, match="no detector"):
        Bench(Strip(), [], [PLAIN], tmp_path).run()
    assert not CountedNearest.trained


def test_a_normal_test_set_has_no_figures_and_says_why(tmp_path: Path) -> None:
    outcome = measured(tmp_path, Strip(tests=("usual", "unusual")))
    figures = outcome.results.rows[0].figures["plain"]
    for figure in (figures.micro, figures.macro, figures.ap, figures.eer):
        assert figure.value is None
        assert "undefined" in figure.why
        assert str(figure) == "undefined"
    assert figures.videos == (None, None)
    assert "nan" not in json.dumps(outcome.results.to_json()).lower()
    assert "undefined" in markdown(outcome.results)
    assert [name for _, name in write_pictures(outcome, {"blob": "blob"}, tmp_path)] == ["scores-blob.png"]


def test_boxes_and_alarms_are_measured_too(tmp_path: Path) -> None:
    row = measured(tmp_path).results.rows[0]
    assert row.regions.rbdc.value is not None
    assert row.regions.rbdc.value > 0.9
    assert row.regions.tbdc.value == pytest.approx(1.0, abs=0.05)
    assert row.alarms.stretches == len(ODD)
    assert row.alarms.missed == 0


def test_every_stored_figure_carries_its_circumstances(tmp_path: Path) -> None:
    outcome = measured(tmp_path)
    stored = json.loads(json.dumps(outcome.results.to_json()))
    wanted = {"detector", "figure", "protocol", "value", "why", "dataset", "split", "seed", "oddframe", "command"}
    assert len(stored["figures"]) == 2 * 4 + 2
    assert all(wanted <= figure.keys() for figure in stored["figures"])
    assert set(stored["protocols"]) == {"plain", "causal"}
    told = markdown(outcome.results, [("ROC", "roc.png")])
    for word in ("from Python", "seed 0", protocol("causal").sentence(), "![ROC](roc.png)", "are those of events"):
        assert word in told
    assert "testing: 3 videos, 180 frames, 40 abnormal frames" in told
