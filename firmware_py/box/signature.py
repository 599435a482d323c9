"""Signatures of updates: Ed25519, made and checked by OpenSSH's ssh-keygen (PROTOCOL.sshsig).

It is on every Raspberry Pi OS, needs no network, no Python package and no web of trust; a key may
have a passphrase or live in an agent; several may be trusted at once; and a signature made for
anything else, a login or a commit, is none here (NAMESPACE). The trusted keys stand in one file of
OpenSSH's own format (ssh-keygen(1), ALLOWED SIGNERS).

The standard library alone: this file is also installed beside the releases.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SIGNERS = Path("/etc/notochord-box/update-signers")
WHO = "updates"  # what whoever may sign is called in that file
NAMESPACE = "notochord-box-update"
KIND = "ssh-ed25519"
PATIENCE = 60.0  # seconds; a passphrase may have to be typed


class SignatureError(ValueError):
    """There is no good signature, or none can be made; in one line, with what to do."""


def verify(data: bytes, signature: bytes, signers: Path = SIGNERS) -> None:
    """Raises SignatureError unless one of the trusted keys has signed these bytes."""
    if not signers.is_file():
        raise SignatureError(f"this box trusts no key yet ({signers}); "
                             "on it, run: sudo notochord-box update trust KEY.pub")  # fmt: skip
    with tempfile.NamedTemporaryFile(suffix=".sig") as file:
        file.write(signature)
        file.flush()
        done = _run(["-Y", "verify", "-f", str(signers), "-I", WHO, "-n", NAMESPACE,
                     "-s", file.name], data)  # fmt: skip
    if done.returncode != 0:
        raise SignatureError("it is not signed by a key that this box trusts")


def sign(data: bytes, key: Path) -> bytes:
    """The signature of these bytes with a private key. Raises SignatureError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signed"
        path.write_bytes(data)
        done = _run(["-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(path)])
        if done.returncode != 0:
            raise SignatureError(f"{key} cannot sign ({_said(done)})")
        return path.with_name("signed.sig").read_bytes()


def make_key(path: Path) -> None:
    """Make a key, and beside it, as .pub, what may be handed on. Raises SignatureError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = _run(["-q", "-t", "ed25519", "-N", "", "-C", "notochord-box updates", "-f", str(path)])
    if done.returncode != 0:
        raise SignatureError(f"no key could be made ({_said(done)})")


def signer_line(public: str) -> str:
    """The line that has a public key trusted, for updates alone. Raises SignatureError."""
    words = public.split()
    if words[:1] != [KIND] or len(words) < 2:
        raise SignatureError(f"not a public key of the kind {KIND}; 'notochord-box update key' "
                             "makes one, and its file ends with .pub")  # fmt: skip
    with tempfile.NamedTemporaryFile() as file:
        file.write(" ".join(words[:2]).encode())
        file.flush()
        if _run(["-l", "-f", file.name]).returncode != 0:
            raise SignatureError("the public key is damaged; copy it again")
    comment = " ".join(words[2:])
    return f'{WHO} namespaces="{NAMESPACE}" {words[0]} {words[1]} {comment}'.rstrip() + "\n"


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"ssh-keygen ends with {done.returncode}"


def _run(options: Sequence[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", *options], input=data, capture_output=True, timeout=PATIENCE
        )
    except FileNotFoundError as error:
        raise SignatureError("ssh-keygen is not here: apt-get install openssh-client") from error
    except subprocess.TimeoutExpired as error:
        raise SignatureError("ssh-keygen does not end") from error
