"""Pickles of arrays are read; nothing that a pickle says is run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe.weights.pickled import read_pickle
from oddframe.weights.tensors import i3d_tensors, torch_tensors


def stored(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 4])
def test_arrays_come_back_as_they_were(protocol: int, tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "f": np.asfortranarray(np.eye(3)), "n": 3}
    found = read_pickle(stored(tmp_path / "a", {"in": {"side": arrays}, "text": "x"}, protocol))
    assert set(found) == {"in"}
    assert set(found["in"]["side"]) == {"a", "f"}
    for name, values in found["in"]["side"].items():
        np.testing.assert_array_equal(values, arrays[name])


class Hostile:
    """Touches a file when it is unpickled by pickle itself."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return Path.touch, (self.target,)


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    file = stored(tmp_path / "a", {"params": Hostile(target)})
    with pytest.raises(ValueError, match="which no array needs"):
        read_pickle(file)
    assert not target.exists()
    pickle.loads(file.read_bytes())
    assert target.exists(), "the file is not hostile, so this test would see nothing"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "it names os.system, which no array needs"),
        (b"c_codecs\nencode\n}S'x'\nS'y'\nsb.", "it changes a function"),
        (b"c_codecs\nencode\n(N}S'__defaults__'\n(tstb.", "it changes a function"),
        (b"Pelsewhere\n.", "it refers to something outside of itself"),
        (b"\x80\x04\x8e" + (1 << 60).to_bytes(8, "little"), "."),  # 2^60 bytes that are not there
        (b"(dp0\nS'a'\ng0\ns.", "named many times to fill memory"),  # a mapping inside of itself
        (b"\x80\x04N.", "it holds no names"),
        (b"", "Ran out of input"),
    ],
    ids=["os.system", "attribute", "defaults", "persistent", "huge", "endless", "nothing", "empty"],
)
def test_a_damaged_or_hostile_pickle_is_a_value_error(code: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(code)
    with pytest.raises(ValueError, match=why):
        read_pickle(tmp_path / "a")


def test_an_array_over_the_limit_is_refused(tmp_path: Path) -> None:
    file = stored(tmp_path / "a", {"a": np.zeros(100, np.float32)})
    assert read_pickle(file, largest=400)["a"].shape == (100,)
    with pytest.raises(ValueError, match="an array of 400 bytes, more than 399"):
        read_pickle(file, largest=399)


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an array of 'O8'"):
        read_pickle(stored(tmp_path / "a", {"a": np.array([{}, []], object)}))


def test_i3d_is_named_and_shaped_as_in_torch(tmp_path: Path) -> None:
    kernel = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.float32).reshape(2, 3, 4, 5, 6)
    norm = np.arange(6, dtype=np.float32)
    unit = {"Conv_0": {"kernel": kernel}, "BatchNorm_0": {"bias": norm}}
    logits = {"Conv_0": {"kernel": kernel.copy(), "bias": norm.copy()}}  # one array is not named twice
    averages = {"BatchNorm_0": {"mean": norm.copy().reshape(1, 1, 1, 1, 6), "var": norm + 1}}
    content = {
        "params": {"Mixed_3b": {"Branch_0/Conv3d_0a_1x1": unit}, "Logits/Conv3d_0c_1x1": logits},
        "batch_stats": {"Mixed_3b": {"Branch_0/Conv3d_0a_1x1": averages}},
    }
    found = i3d_tensors(stored(tmp_path / "a", content))
    name = "Mixed_3b.Branch_0.Conv3d_0a_1x1"
    assert set(found) == {
        *(f"{name}.{part}" for part in ("conv.weight", "norm.bias", "norm.running_mean", "norm.running_var")),
        *("Logits.Conv3d_0c_1x1.conv.weight", "Logits.Conv3d_0c_1x1.conv.bias"),
    }
    assert found[f"{name}.conv.weight"].shape == (6, 5, 2, 3, 4)
    assert found[f"{name}.conv.weight"][5, 4, 1, 2, 3] == kernel[1, 2, 3, 4, 5]
    np.testing.assert_array_equal(found[f"{name}.norm.running_mean"], norm)
    with pytest.raises(ValueError, match="Dense_0/kernel is no part of I3D"):
        i3d_tensors(stored(tmp_path / "b", {"params": {"Dense_0": {"kernel": norm}}, "batch_stats": {}}))
    with pytest.raises(ValueError, match="no network of flax"):
        i3d_tensors(stored(tmp_path / "c", {"params": norm}))


def test_a_hostile_file_of_torch_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    with pytest.raises(ValueError, match=r"."):
        torch_tensors(stored(tmp_path / "a.pth", Hostile(target)))
    assert not target.exists()
