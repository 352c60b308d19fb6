"""The table says all that is needed to fetch weights and to know what they are, and costs nothing to read."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from oddframe.weights import TABLE, find
from oddframe.weights.check import fixed_input, stored_outputs

SHA256 = re.compile(r"[0-9a-f]{64}")


@pytest.mark.parametrize("name", TABLE)
def test_entries_are_whole(name: str) -> None:
    weights = find(name)
    assert weights.name == name
    for part in (weights.packages, weights.files):
        assert all(SHA256.fullmatch(one.sha256) and one.size > 0 for one in part)
    sizes = [package.size for package in weights.packages]
    assert sizes == sorted(sizes)
    assert re.fullmatch(r"[0-9a-f]{16}", weights.revision)
    assert weights.licence.stated
    assert weights.package_licence.stated


@pytest.mark.parametrize("name", TABLE)
def test_every_network_has_outputs_of_its_original(name: str) -> None:
    assert fixed_input(name).ndim in (4, 5)
    outputs = stored_outputs(name)
    assert outputs
    assert set(TABLE[name].conversion.outputs.values()) in (set(), set(outputs))


def test_reading_the_table_loads_no_heavy_library() -> None:
    program = (
        "import sys, oddframe.weights as w; w.installed('nanodet');"
        "print(*sorted({'numpy', 'torch', 'onnx', 'onnxruntime', 'cv2', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
