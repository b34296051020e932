"""Keys that sign: made with a password, kept sealed, and unlocked for as long as a person works.

Ed25519 (RFC 8032). The private key lies under AES-256-GCM, whose key scrypt (RFC 7914) makes of the
password; the user's id and public key are authenticated with it, so that no sealed key can be put in
another's place.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cd5flow.errors import LedgerError, SigningError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of a password costs (RFC 7914, section 2): 128 * n * r bytes of memory."""

    n: int = 2**17
    r: int = 8
    p: int = 1


DEAREST: Final = Cost(n=2**20, r=16, p=4)
"""More than this would only keep the machine busy: 2 GB of memory and some ten seconds."""


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A private key that only its password opens; every field as it is stored, bytes hexadecimal."""

    n: int
    r: int
    p: int
    salt: str
    nonce: str
    box: str

    @property
    def cost(self) -> Cost:
        """What it was sealed with."""
        return Cost(self.n, self.r, self.p)


@dataclass(frozen=True, slots=True)
class UnlockedKey:
    """A person who has signed in: whatever is signed with it is signed by them.

    Attributes:
        user: the id.
        name: as it is printed.
        role: ``analyst`` or ``reviewer`` (`UserRole`).
        public: the public key, hexadecimal.
    """

    user: str
    name: str
    role: str
    public: str
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, content: bytes) -> str:
        """Return the signature of some bytes, hexadecimal."""
        return self._private.sign(content).hex()


def new_key(
    user: str, *, name: str, role: str, password: str, cost: Cost
) -> tuple[UnlockedKey, SealedKey]:
    """Return a person's new key: unlocked, and sealed by a password.

    Raises:
        SigningError: the password is empty.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - where keys are
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - likewise

    if not password:
        raise SigningError("password: is empty")
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw().hex()
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    key = _derived(password, salt, cost)
    box = AESGCM(key).encrypt(nonce, private.private_bytes_raw(), _bound_to(user, public))
    sealed = SealedKey(cost.n, cost.r, cost.p, salt.hex(), nonce.hex(), box.hex())
    return UnlockedKey(user, name, role, public, private), sealed


def unseal(
    sealed: SealedKey, password: str, *, user: str, name: str, role: str, public: str
) -> UnlockedKey | None:
    """Return a person's key; None where the password is not the one that sealed it.

    Raises:
        LedgerError: what is stored cannot be such a key.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - where keys are
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - likewise
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - likewise

    try:
        salt, nonce, box = (bytes.fromhex(one) for one in (sealed.salt, sealed.nonce, sealed.box))
        key = _derived(password, salt, sealed.cost)
        private = Ed25519PrivateKey.from_private_bytes(
            AESGCM(key).decrypt(nonce, box, _bound_to(user, public))
        )
    except InvalidTag:
        return None
    except ValueError as error:
        raise LedgerError(f"the key of {user} is damaged: {error}") from error
    if private.public_key().public_bytes_raw().hex() != public:
        raise LedgerError(f"the key of {user} is not that of its public key")
    return UnlockedKey(user, name, role, public, private)


def holds(public: str, content: bytes, signature: str) -> bool:
    """Whether a signature is of these bytes by this public key."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - where keys are
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - likewise
        Ed25519PublicKey,
    )

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _derived(password: str, salt: bytes, cost: Cost) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - where keys are

    # One password typed on two keyboards may come as other code points (RFC 8265, OpaqueString).
    text = unicodedata.normalize("NFC", password)
    return Scrypt(salt=salt, length=_KEY_BYTES, n=cost.n, r=cost.r, p=cost.p).derive(
        text.encode("utf-8", "surrogateescape")
    )


def _bound_to(user: str, public: str) -> bytes:
    return f"cd5flow.key/1\n{user}\n{public}".encode()
