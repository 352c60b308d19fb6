"""Every data set that can be chosen by name is one, says where it is from, and costs nothing before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from oddframe import catalog
from oddframe.datasets.base import SPLITS, DataSet
from oddframe.datasets.formats.layout import StoredDataSet
from oddframe.errors import DataError, SettingsError
from tests.conftest import ROOT

STORED = sorted(name for name in catalog.DATASETS if issubclass(catalog.find("dataset", name), StoredDataSet))


@pytest.mark.parametrize("name", catalog.DATASETS)
def test_a_name_is_the_class_s_own(name: str) -> None:
    found = catalog.find("dataset", name)
    assert issubclass(found, DataSet)
    assert found.name == name
    assert found.citation


@pytest.mark.parametrize("name", STORED)
def test_built_by_name_it_is_the_same_and_reads_nothing_yet(name: str, tmp_path: Path) -> None:
    data = catalog.build("dataset", name, {"root": str(tmp_path / "absent")})
    assert isinstance(data, StoredDataSet)
    assert catalog.build("dataset", name, data.settings()) == data
    for split in SPLITS:
        with pytest.raises(DataError, match=r"expected .*; no such folder"):
            data.videos(split)


def test_a_data_set_needs_its_folder() -> None:
    with pytest.raises(SettingsError, match="root"):
        catalog.build("dataset", "ped2")
    with pytest.raises(SettingsError, match="did you mean 'ped2'"):
        catalog.build("dataset", "pedd2")


def test_the_walkway_has_labels_where_it_is_tested_on() -> None:
    data = catalog.build("dataset", "walkway", {"size": "quick"})
    training, testing = data.videos("training"), data.videos("testing")
    assert [v.labels for v in training] == [None] * len(training)
    odd = [v.labels is not None and bool(v.labels.any()) for v in testing]
    assert odd == [False, False, True, True, True, True]


def test_listing_data_sets_loads_no_picture_library() -> None:
    code = "import sys, oddframe.catalog as c; c.names('dataset'); assert not {'cv2', 'av', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_data_set_has_a_section_in_the_documents() -> None:
    text = (ROOT / "docs" / "datasets.md").read_text("utf-8")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    told = {name.strip() for line in headings for name in line[3:].partition(":")[0].split(",")}
    assert set(catalog.DATASETS) <= told
