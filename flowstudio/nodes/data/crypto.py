"""The Crypto node."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values

_ALGORITHMS = {
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3-256": "sha3_256",
    "sha3-384": "sha3_384",
    "sha3-512": "sha3_512",
    "ripemd160": "ripemd160",
}
_SIGNABLE: dict[str, Callable[[], HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha3-256": hashes.SHA3_256,
    "sha3-384": hashes.SHA3_384,
    "sha3-512": hashes.SHA3_512,
}
_READABLE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_HASHED = ("hash", "hmac", "sign")


class Crypto(ItemNode):
    """Makes fingerprints (hashes) of texts and files, signs them with a secret or a key, and makes random ids.

    A fingerprint is the same for the same text, and nobody can get the text back from it. Services often sign their calls so:
    compare your own signature with theirs. MD5 and SHA-1 are there for old services only; they are not secure.
    """

    type = "crypto"
    label = "Crypto"
    group = "Data"
    icon = "key-round"
    subtitle = "{action}"
    examples = (
        Example(
            "A fingerprint of an address",
            properties={"action": "hash", "value": "={{ $json.email }}", "output_name": "hash"},
            given=[{"email": "ada@example.com"}],
            gives=[
                {
                    "email": "ada@example.com",
                    "hash": "b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72",
                }
            ],
        ),
        Example(
            "Sign a message, as services do with their calls",
            properties={
                "action": "hmac",
                "algorithm": "md5",
                "value": "={{ $json.body }}",
                "secret": "key",
                "encoding": "base64",
                "output_name": "signature",
            },
            given=[{"body": "The quick brown fox jumps over the lazy dog"}],
            gives=[
                {
                    "body": "The quick brown fox jumps over the lazy dog",
                    "signature": "gAcHE0Y+d0m5DC3CSRHidQ==",
                }
            ],
        ),
    )

    action: Annotated[
        Literal["hash", "hmac", "sign", "generate"],
        Choice(
            {
                "hash": "Fingerprint",
                "hmac": "Sign with a secret",
                "sign": "Sign with a private key",
                "generate": "Random value",
            }
        ),
    ] = "hash"
    """What to do."""
    algorithm: Annotated[
        Literal["md5", "sha1", "sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512", "ripemd160"],
        Choice({name: name.upper() for name in _ALGORITHMS}),
        ShowIf("action", _HASHED),
    ] = "sha256"
    """How the fingerprint is made."""
    take: Annotated[
        Literal["value", "file"], Choice({"value": "A text", "file": "A file"}), ShowIf("action", _HASHED)
    ] = "value"
    """What the fingerprint is of."""
    value: Annotated[Any, ShowIf("action", _HASHED), ShowIf("take", ("value",))] = ""
    """The text."""
    file: Annotated[str, ShowIf("action", _HASHED), ShowIf("take", ("file",))] = "data"
    """The name of the item's file."""
    secret: Annotated[str, ShowIf("action", ("hmac",))] = ""
    """What only you and the service know."""
    private_key: Annotated[str, Widget("multiline"), ShowIf("action", ("sign",))] = ""
    """The key, from `-----BEGIN` to `-----END`. What it signs can be checked with the public key that belongs to it."""
    encoding: Annotated[
        Literal["hex", "base64"],
        Choice({"hex": "Hexadecimal", "base64": "Base64"}),
        ShowIf("action", _HASHED),
    ] = "hex"
    """How the result is written."""
    kind: Annotated[
        Literal["uuid", "ascii", "hex", "base64"],
        Field(title="Kind of value"),
        Choice({"uuid": "UUID", "ascii": "Letters and digits", "hex": "Hexadecimal", "base64": "Base64"}),
        ShowIf("action", ("generate",)),
    ] = "uuid"
    """What is made."""
    length: Annotated[int, Field(ge=1, le=10_000), ShowIf("kind", ("ascii", "hex", "base64"))] = 32
    """How long the value is."""
    output_name: Annotated[str, Field(min_length=1, title="Name of the result")] = "data"
    """The field that the result goes into."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Work the value out."""
        result = self._random() if self.action == "generate" else await self._digest(item, ctx)
        return {"main": [item.with_json(paths.put(item.json, self.output_name, result))]}

    async def _digest(self, item: Item, ctx: Context) -> str:
        data = await self._bytes(item, ctx)
        name = _ALGORITHMS[self.algorithm]
        try:
            if self.action == "sign":
                digest = self._signature(data)
            elif self.action == "hmac":
                digest = hmac.new(self.secret.encode(), data, name).digest()
            else:
                digest = hashlib.new(name, data, usedforsecurity=False).digest()
        except ValueError as error:
            raise NodeError(
                f"{self.algorithm.upper()} is not available on this system. Choose another one."
            ) from error
        return digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()

    def _signature(self, data: bytes) -> bytes:
        if self.algorithm not in _SIGNABLE:
            raise NodeError(f"Nothing can be signed by {self.algorithm.upper()}. Choose another one.")
        hashed = _SIGNABLE[self.algorithm]()
        try:
            key = load_pem_private_key(self.private_key.strip().encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise NodeError(
                "The private key cannot be read. It has to be a whole key without a password, from -----BEGIN to -----END."
            ) from error
        if isinstance(key, RSAPrivateKey):
            return key.sign(data, PKCS1v15(), hashed)
        if isinstance(key, EllipticCurvePrivateKey):
            return key.sign(data, ECDSA(hashed))
        raise NodeError("The private key is of a kind that is not supported. Use an RSA or an EC key.")

    async def _bytes(self, item: Item, ctx: Context) -> bytes:
        if self.take == "value":
            return values.to_text(self.value).encode()
        file = (item.binary or {}).get(self.file)
        if file is None:
            raise NodeError(f"The item has no file '{self.file}'. Check the name, or take a text.")
        return await ctx.host.binaries.get(file)

    def _random(self) -> str:
        match self.kind:
            case "uuid":
                return str(uuid.uuid4())
            case "ascii":
                return "".join(secrets.choice(_READABLE) for _ in range(self.length))
            case "hex":
                return secrets.token_hex(self.length)[: self.length]
            case _:
                return base64.b64encode(secrets.token_bytes(self.length)).decode()[: self.length]
