"""What every test stands on: a cache of its own, no deadlines, and real footage where the machine has some."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("oddframe", deadline=None)  # a busy machine is no failure
settings.load_profile("oddframe")

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = os.environ.get("ODDFRAME_WEIGHTS")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tests neither read nor fill the user's cache and weights."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ODDFRAME_CACHE", str(folder))
        patch.setenv("ODDFRAME_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
        yield folder


@pytest.fixture
def users_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of real networks: reads what `oddframe models get` put on this machine."""
    monkeypatch.delenv("ODDFRAME_WEIGHTS")
    if WEIGHTS is not None:
        monkeypatch.setenv("ODDFRAME_WEIGHTS", WEIGHTS)


@pytest.fixture(scope="session")
def ped2() -> Path:
    """The folder with UCSD Ped2 (`training/frames/01/001.jpg` ...): ODDFRAME_PED2, or beside the checkout."""
    given = os.environ.get("ODDFRAME_PED2")
    folder = Path(given) if given else ROOT.parent / "shared" / "data" / "ped2"
    if not (folder / "training" / "frames").is_dir():
        pytest.skip(f"no UCSD Ped2 at {folder}; name its folder in ODDFRAME_PED2")
    return folder
