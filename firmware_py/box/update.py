"""Makes an update of the source: one signed archive, which every box that trusts the key takes.

    notochord-box-0.2.0-1f3a5b7c.update    (tar.gz)
        release.json        format, name, when it was made, Python packages, SHA-256 of every file
        release.json.sig    the signature of that
        firmware_py/…       the files, in the order of their names
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware_py import __version__
from firmware_py.box.install import PARTS, SOURCE, copy_source, needs
from firmware_py.box.releases import MANIFEST, SIGNATURE, manifest_of
from firmware_py.box.signature import SignatureError, sign, signer_line
from notochord.wholefile import check_folder, write_whole

KEY = Path("notochord-box/update-key")  # below the user's folder for settings


class UpdateError(ValueError):
    """No update can be made, or no key trusted; the message says why and what to do."""


def key_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the private key is kept, on the machine that makes updates; never on a box."""
    home = environment.get("XDG_CONFIG_HOME", "")
    return (Path(home) if home else Path.home() / ".config") / KEY


def make(out: Path, key: Path, source: Path = SOURCE, made: int | None = None) -> Path:
    """Write an update of the source into a folder, and return its path.

    `made`: seconds since 1970, else $SOURCE_DATE_EPOCH, else now; of the same source, key and time
    come the same bytes. Raises UpdateError, OSError.
    """
    if not key.is_file():
        raise UpdateError(f"there is no key {key}; make one with: notochord-box update key")
    if missing := [part for part in PARTS if not (source / part).exists()]:
        raise UpdateError(f"{source} is not the source: there is no {missing[0]} in it")
    if made is None:
        made = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = copy_source(source, folder)
        manifest = manifest_of(folder, files, __version__, needs(source), made)
        path = out / f"notochord-box-{manifest['name']}.update"
        check_folder(path)
        write_whole(path, pack(folder, manifest, key), durable=True)
    return path


def pack(folder: Path, manifest: dict[str, Any], key: Path) -> bytes:
    """An update's bytes: manifest, signature, files. Raises UpdateError."""
    data = json.dumps(manifest, indent=1).encode()
    try:
        signature = sign(data, key)
    except SignatureError as error:
        raise UpdateError(str(error)) from error
    packed, made = io.BytesIO(), int(manifest["made"])
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=made) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, content in ((MANIFEST, data), (SIGNATURE, signature)):
            _add(tar, name, content, made)
        for name in manifest["files"]:
            runs = (folder / name).stat().st_mode & 0o100
            _add(tar, name, (folder / name).read_bytes(), made, 0o755 if runs else 0o644)
    return packed.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, made: int, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), made, mode
    tar.addfile(member, io.BytesIO(content))


def trust(public: Path, signers: Path) -> bool:
    """Have updates signed with this key taken from now on; False when they were already.

    Raises UpdateError, OSError.
    """
    try:
        line = signer_line(public.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UpdateError(f"{public}: not a public key, whose file ends with .pub") from error
    except SignatureError as error:
        raise UpdateError(f"{public}: {error}") from error
    there = signers.read_text(encoding="utf-8") if signers.exists() else ""
    if line.split()[:4] in [words.split()[:4] for words in there.splitlines()]:
        return False
    signers.parent.mkdir(parents=True, exist_ok=True)
    write_whole(signers, (there + line).encode(), durable=True)
    signers.chmod(0o644)
    return True
