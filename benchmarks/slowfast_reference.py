"""SlowFast 8x8 R50 of oddframe against PyTorchVideo's own model: same random weights, same pixels, same features?

    pip install --no-deps pytorchvideo torchvision fvcore iopath yacs portalocker tabulate termcolor tqdm
    python benchmarks/slowfast_reference.py

PyTorchVideo's weights are drawn at random (statistics of the normalisations too), saved as its hub saves them, and read
by oddframe's own loader. PyTorchVideo gets the pixels as its published transform prepares them.
"""

from __future__ import annotations

import re
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch import library as operators

from oddframe.backbones.slowfast import SlowFast
from oddframe.backbones.slowfast_names import spellings
from oddframe.backbones.slowfast_network import SlowFastNetwork, random_state

SIZES = (64, 256)


def declare_missing_operators() -> operators.Library:
    """Torchvision imports beside a CPU torch only if the operators of its own binary are at least declared."""
    found = find_spec("torchvision")
    assert found is not None
    assert found.origin is not None
    text = (Path(found.origin).parent / "_meta_registrations.py").read_text("utf-8")
    names = {*re.findall(r"torchvision::(\w+)", text), *re.findall(r'register_meta\("(\w+)"', text)}
    library = operators.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in names:
        library.define(f"{name}() -> ()")  # type: ignore[no-untyped-call]
    return library


def reference(size: int) -> Any:
    """PyTorchVideo's SlowFast R50 with our random weights; its head's averages fit the size."""
    side = size // 32 - 1
    model = import_module("pytorchvideo.models.slowfast").create_slowfast(
        head_pool_kernel_sizes=((8, side, side), (32, side, side))
    )
    state = model.state_dict()
    for name, tensor in random_state(0).items():
        state[spellings(name)[1]] = tensor
    model.load_state_dict(state)
    return model.eval()


def published_transform(clip: Tensor) -> list[Tensor]:
    """(B, T, H, W, 3) uint8 -> slow and fast, as PyTorchVideo's hub page prepares a clip of the right size."""
    x = (clip.permute(0, 4, 1, 2, 3).float() / 255 - 0.45) / 0.225
    slow = x.index_select(2, torch.linspace(0, x.shape[2] - 1, x.shape[2] // 4).long())
    return [slow, x]


def pattern(size: int) -> Tensor:
    """(1, 32, size, size, 3) uint8: a pattern that anyone can make again."""
    t, y, x, c = torch.meshgrid(*(torch.arange(n) for n in (32, size, size, 3)), indexing="ij")
    return ((t * 37 + y * 11 + x * 5 + c * 83 + t * x) % 256).to(torch.uint8)[None]


def main() -> None:
    """Print the greatest difference at each size, golden values, parameters, and milliseconds."""
    library = declare_missing_operators()
    for size in SIZES:
        model, clip = reference(size), pattern(size)
        with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
            x: Any = published_transform(clip)
            for block in model.blocks[:6]:
                x = block(x)
            expected = x.permute(0, 2, 3, 4, 1).flatten(1)  # (1, 1, 2, 2, 2304) -> (1, 9216)
            checkpoint = Path(folder) / "SLOWFAST_8x8_R50.pyth"
            torch.save({"model_state": model.state_dict()}, checkpoint)
            backbone = SlowFast(str(checkpoint), size=size)
            found = backbone.embed(clip)
        print(f"{size} px: greatest difference {float((found - expected).abs().max()):.2e}")
        print(
            f"    of values up to {float(expected.abs().max()):.3f}; numbers 0, 1000 ... {expected[0, ::1000].tolist()}"
        )
    count = sum(p.numel() for p in SlowFastNetwork().parameters())
    theirs = sum(p.numel() for p in model.parameters())
    print(f"parameters: {count}, and {theirs - count} of PyTorchVideo's classifier")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        began = time.perf_counter()
        for _ in range(5):
            backbone.embed(clip)
        print(f"{threads} threads: {(time.perf_counter() - began) * 200:.0f} ms a 256-pixel crop of 32 frames")
    del library


if __name__ == "__main__":
    main()
