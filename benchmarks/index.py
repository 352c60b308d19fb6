"""What a query of the hash index costs, in products of its own projection, and against other indexes.

    python benchmarks/index.py                 # 1,000 to 1,000,000 snippets: an hour, 6 GB
    python benchmarks/index.py 1000 10000

Features of 2304 values are 200 situations and what varies within them: little ("calm") or much ("busy"); queries come
from the same situations, or from others ("strange"). One thread each, processor time of that thread, the least
of several repetitions; the projection is timed between the repetitions of whatever it is compared with.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from oddframe.index.hash_tables import SUMMARIES, HashTables
from oddframe.models.lsh import HashNet

VALUES, TABLES, BITS, PROBE = 2304, 8, 32, 4
SITUATIONS, CHUNK, QUERIES = 200, 10_000, 4096
ROWS = 64  # hashed together, as the models do
VARIES = {"calm": 0.1, "busy": 0.2}
KEEPS_FEATURES = 100_000  # most snippets for indexes that keep all features, or take long to build
COLUMNS = ["N", "stored", "index", "asked", "hits", "near", "compared", "projections", "times faster than flat"]
COLUMNS += ["µs a query", "µs a snippet to build", "bytes a snippet", "ms to open + first answer"]

NET = HashNet(VALUES, TABLES, BITS, lift=0.0, seed=0).eval()


def features(count: int, varies: float, seed: int, situations: int = 0) -> Tensor:
    """(count, VALUES) snippets of the situations with this number."""
    kinds = torch.randn(SITUATIONS, VALUES, generator=torch.Generator().manual_seed(situations))
    random = torch.Generator().manual_seed(seed + 1)
    which = torch.randint(SITUATIONS, (count,), generator=random)
    return torch.randn(count, VALUES, generator=random).mul_(varies).add_(kinds[which])


def chunks(count: int, varies: float) -> Iterator[Tensor]:
    """Normal snippets, some at a time."""
    for start in range(0, count, CHUNK):
        yield features(min(CHUNK, count - start), varies, seed=start)


def spent(run: Callable[[], object]) -> float:
    """Processor seconds of this thread."""
    start = time.thread_time()
    run()
    return time.thread_time() - start


class Contender(ABC):
    """An index over features."""

    name: str
    queries = QUERIES

    @abstractmethod
    def add(self, vectors: Tensor) -> None:
        """Take in normal snippets."""

    def settle(self) -> None:  # noqa: B027  # most have nothing to finish
        """Finish building."""

    @abstractmethod
    def query(self, vectors: Tensor) -> object:
        """Distances of these snippets."""

    @abstractmethod
    def bytes(self) -> int:
        """What is kept."""

    def notes(self, vectors: Tensor) -> tuple[str, str, str]:
        """Share of hits, of neighbours' buckets, and codes or means compared with each query."""
        return "", "", ""


class Hashing(Contender):
    """The hash index, from features on."""

    def __init__(self, summary: str) -> None:
        self.name, self.summary, self._count = f"LLSH {summary}", summary, 0
        self.index = HashTables(TABLES, BITS, summary, PROBE)

    def codes(self, vectors: Tensor) -> Tensor:
        """(N, b, r)."""
        return torch.cat([NET(part) for part in torch.split(vectors, ROWS)]).view(-1, TABLES, BITS)

    def add(self, vectors: Tensor) -> None:
        frames = np.arange(self._count, self._count + len(vectors))
        boxes = np.zeros((len(vectors), 4), np.float32)
        self.index.add(f"{self._count // CHUNK:04d}", frames, boxes, self.codes(vectors).numpy())
        self._count += len(vectors)

    def settle(self) -> None:
        self.index.settle()

    def query(self, vectors: Tensor) -> object:
        return self.index.match(self.codes(vectors))

    def bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.index.state()[0].values())

    def notes(self, vectors: Tensor) -> tuple[str, str, str]:
        codes = self.codes(vectors)
        flips, compared = self.index.match(codes)[1], self.index.compared(codes.numpy())
        shares = (f"{float((flips == 0).float().mean()):.1%}", f"{float((flips > 0).float().mean()):.1%}")
        return *shares, f"{compared.sum(axis=1).mean():,.0f}"


class Faiss(Contender):
    """One of faiss's indexes."""

    def __init__(self, name: str, index: Any, queries: int) -> None:
        self.name, self._index, self.queries = name, index, queries

    def add(self, vectors: Tensor) -> None:
        if not self._index.is_trained:
            self._index.train(vectors.numpy())
        self._index.add(vectors.numpy())

    def query(self, vectors: Tensor) -> object:
        return self._index.search(vectors.numpy(), 1)

    def bytes(self) -> int:
        return int(faiss.serialize_index(self._index).nbytes)


class Centroids(Contender):
    """K-means with 1024 centroids, 10 rounds."""

    name = "K-means 1024"

    def __init__(self) -> None:
        self._kept: list[Tensor] = []
        self._means = faiss.Kmeans(VALUES, 1024, niter=10, max_points_per_centroid=1000)

    def add(self, vectors: Tensor) -> None:
        self._kept.append(vectors)

    def settle(self) -> None:
        if self._kept:
            self._means.train(torch.cat(self._kept).numpy())
        self._kept = []

    def query(self, vectors: Tensor) -> object:
        return self._means.index.search(vectors.numpy(), 1)

    def bytes(self) -> int:
        return 4 * VALUES * 1024


def others(count: int) -> Iterator[Contender]:
    """What the hash index is compared with, besides flat search."""
    yield Faiss("faiss LSH 256", faiss.IndexLSH(VALUES, TABLES * BITS), 512)
    if count <= KEEPS_FEATURES:
        graph = faiss.IndexHNSWFlat(VALUES, 16)
        graph.hnsw.efConstruction, graph.hnsw.efSearch = 40, 16
        yield Faiss("HNSW 16", graph, 512)
    if 10_000 <= count <= KEEPS_FEATURES:
        yield Centroids()


def in_projections(contender: Contender, queries: Tensor, repetitions: int) -> tuple[float, float]:
    """Seconds a query of this contender, and of the projection alone, each at its best."""
    some, weight = queries[: contender.queries], NET.weight
    best, projection = math.inf, math.inf
    contender.query(some)
    for _ in range(repetitions):
        projection = min(projection, spent(lambda: queries[:1024] @ weight.T) / 1024)
        best = min(best, spent(lambda: contender.query(some)) / len(some))
    return best, projection


def measure(contender: Contender, count: int, kind: str, flat: float | None) -> float:
    """Build, query, and print one row for queries alike, and for the hash index one for strange ones."""
    contender.settle()  # what an empty index needs is not counted
    built = first = 0.0
    for part in chunks(count, VARIES[kind]):
        built += spent(partial(contender.add, part))
    built += spent(contender.settle)
    asked = {kind: features(QUERIES, VARIES[kind], seed=-7)}
    if isinstance(contender, Hashing):
        asked["strange"] = features(QUERIES, VARIES[kind], seed=-8, situations=1)
    for name, queries in asked.items():
        best, projection = in_projections(contender, queries, 7 if contender.queries > 64 else 3)
        first = first or best
        faster = "" if flat is None else f"{flat / best:,.0f}"
        cells = [
            f"{count:,}",
            kind,
            contender.name,
            name,
            *contender.notes(queries),
            f"{best / projection:.2f}",
            faster,
        ]
        cells += [f"{1e6 * best:,.1f}", f"{1e6 * built / count:,.1f}", f"{contender.bytes() / count:,.0f}"]
        print("|", " | ".join([*cells, loaded(contender, queries)]), "|", flush=True)
    return first


def loaded(contender: Contender, queries: Tensor) -> str:
    """Milliseconds to open the saved index, and from there to the first answer."""
    if not isinstance(contender, Hashing):
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path, codes = Path(folder) / "index", contender.codes(queries[:1])
        tensors, meta = contender.index.state()
        save_file(tensors, path)

        def opened() -> HashTables:
            return HashTables(TABLES, BITS, contender.summary, PROBE).restore(load_file(path), meta)

        index = opened()
        return f"{1e3 * min(spent(opened) for _ in range(3)):.1f} + {1e3 * spent(lambda: index.match(codes)):.1f}"


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    sizes = [int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000, 1_000_000]
    print("|", " | ".join(COLUMNS), "|")
    print("| --- " * len(COLUMNS) + "|")
    with torch.inference_mode():
        for count in sizes:
            flat: float | None = None
            if count <= KEEPS_FEATURES:
                flat = measure(Faiss("flat KNN", faiss.IndexFlatL2(VALUES), 64), count, "calm", None)
            for kind in VARIES:
                for summary in SUMMARIES:
                    measure(Hashing(summary), count, kind, flat)
            for contender in others(count):
                measure(contender, count, "calm", flat)


if __name__ == "__main__":
    main()
