"""Credential types for HTTP, both for services that are called and for callers of webhooks; the list of all types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from flowstudio.engine.credential import CredentialType
from flowstudio.engine.node import Widget
from flowstudio.nodes.ai.credentials import AI_CREDENTIAL_TYPES
from flowstudio.nodes.connections import CONNECTION_TYPES, PostgresAccount, WebAddress

_TOKEN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
"""A header's name (RFC 9110, 5.6.2)."""
_LINE: dict[str, Any] = {"pattern": r"^[^\x00-\x1f]*[\t-\r ]*$"}
"""One line, perhaps with a line break after it."""


class BasicAuth(CredentialType):
    """A user name and a password, sent with each request (HTTP Basic authentication)."""

    type: ClassVar[str] = "http-basic"
    label: ClassVar[str] = "Basic auth"

    user: Annotated[str, Field(min_length=1, title="User name")]
    """The user name, often an email address."""
    password: Annotated[SecretStr, Field(title="Password")] = SecretStr("")
    """The password; some services want an API key as user name and no password."""
    test_url: Annotated[WebAddress, Field(title="Address to test with")] = ""
    """An address of the service that answers only to whoever is signed in. **Test** calls it. May stay empty."""

    def more_secrets(self) -> list[str]:
        """What is sent: both together, so that a short password is found in it too."""
        password = self.password.get_secret_value()
        return [f"{self.user}:{password}"] if password else []


class HeaderAuth(CredentialType):
    """A secret in a header of your choice, such as `X-API-Key`."""

    type: ClassVar[str] = "http-header"
    label: ClassVar[str] = "Header auth"

    name: Annotated[str, Field(pattern=_TOKEN, title="Header name")] = "Authorization"
    """The header's name, as the service's documentation gives it."""
    value: Annotated[SecretStr, Field(title="Header value", json_schema_extra=_LINE)]
    """The header's whole value, with any word such as `Token` that belongs before the secret."""
    test_url: Annotated[WebAddress, Field(title="Address to test with")] = ""
    """An address of the service that answers only to whoever is signed in. **Test** calls it. May stay empty."""

    @field_validator("value")
    @classmethod
    def _one_line(cls, value: SecretStr) -> SecretStr:
        return _single_line(value)


class BearerAuth(CredentialType):
    """A token that is sent as `Authorization: Bearer …`."""

    type: ClassVar[str] = "http-bearer"
    label: ClassVar[str] = "Bearer token"

    token: Annotated[SecretStr, Field(min_length=1, title="Token", json_schema_extra=_LINE)]
    """The token alone, without the word `Bearer`."""
    test_url: Annotated[WebAddress, Field(title="Address to test with")] = ""
    """An address of the service that answers only to whoever is signed in. **Test** calls it. May stay empty."""

    @field_validator("token")
    @classmethod
    def _one_line(cls, value: SecretStr) -> SecretStr:
        return _single_line(value)


class QueryAuth(CredentialType):
    """A secret in the address, such as `?api_key=…`."""

    type: ClassVar[str] = "http-query"
    label: ClassVar[str] = "Query auth"

    name: Annotated[str, Field(min_length=1, title="Parameter name")] = "api_key"
    """The name of the query parameter."""
    value: Annotated[SecretStr, Field(title="Parameter value")]
    """The secret."""
    test_url: Annotated[WebAddress, Field(title="Address to test with")] = ""
    """An address of the service that answers only to whoever is signed in. **Test** calls it. May stay empty."""


class SeveralSecrets(CredentialType):
    """Several secrets at once, in headers and in the address, for services that want more than one."""

    type: ClassVar[str] = "generic"
    label: ClassVar[str] = "Several secrets"

    headers: Annotated[SecretStr, Widget("secret-lines"), Field(title="Headers")] = SecretStr("")
    """One in each line, such as `X-Client: 4711`."""
    query: Annotated[SecretStr, Widget("secret-lines"), Field(title="Query parameters")] = SecretStr("")
    """One in each line, such as `api_key=4711`."""
    test_url: Annotated[WebAddress, Field(title="Address to test with")] = ""
    """An address of the service that answers only to whoever is signed in. **Test** calls it. May stay empty."""

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: SecretStr) -> SecretStr:
        for number, (name, _) in enumerate(_pairs(value, ":"), 1):
            if not re.match(_TOKEN, name):
                raise ValueError(f"line {number} is not a header: write its name, a colon and its value")
        return value

    @field_validator("query")
    @classmethod
    def _are_parameters(cls, value: SecretStr) -> SecretStr:
        for number, (name, _) in enumerate(_pairs(value, "="), 1):
            if not name:
                raise ValueError(
                    f"line {number} is not a parameter: write its name, an equals sign and its value"
                )
        return value

    def more_secrets(self) -> list[str]:
        """What is secret by itself: each value."""
        return [value for _, value in (*self.header_pairs(), *self.query_pairs())]

    def header_pairs(self) -> list[tuple[str, str]]:
        """Names and values."""
        return _pairs(self.headers, ":")

    def query_pairs(self) -> list[tuple[str, str]]:
        """Names and values."""
        return _pairs(self.query, "=")


def _pairs(value: SecretStr, mark: str) -> list[tuple[str, str]]:
    lines = [line.strip() for line in value.get_secret_value().splitlines() if line.strip()]
    found = [line.partition(mark) for line in lines]
    return [(name.strip() if middle else "", text.strip()) for name, middle, text in found]


class DigestAuth(CredentialType):
    """A user name and a password that are proved without being sent (HTTP Digest authentication)."""

    type: ClassVar[str] = "http-digest"
    label: ClassVar[str] = "Digest auth"

    user: Annotated[str, Field(min_length=1, title="User name")]
    """The user name."""
    password: Annotated[SecretStr, Field(title="Password")] = SecretStr("")
    """The password."""
    test_url: Annotated[WebAddress, Field(title="Address to test with")] = ""
    """An address of the service that answers only to whoever is signed in. **Test** calls it. May stay empty."""


class ChatPassword(CredentialType):
    """A password that visitors of a workflow's public chat have to know."""

    type: ClassVar[str] = "chat-password"
    label: ClassVar[str] = "Chat password"

    password: Annotated[SecretStr, Field(min_length=1, title="Password")]
    """What visitors type in before they can write."""


JwtAlgorithm = Literal[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"
]
SHARED_SECRET_ALGORITHMS: tuple[JwtAlgorithm, ...] = ("HS256", "HS384", "HS512")
"""Signed and checked with the same secret; the other algorithms use a pair of keys."""


class JwtAuth(CredentialType):
    """Signed tokens (JWT): a shared secret, or a key pair, that tokens are signed and checked with."""

    type: ClassVar[str] = "jwt"
    label: ClassVar[str] = "JWT"

    algorithm: Annotated[JwtAlgorithm, Field(title="Algorithm")] = "HS256"
    """How tokens are signed. HS… uses the secret, all others a key pair."""
    secret: Annotated[SecretStr, Field(title="Secret")] = SecretStr("")
    """The shared secret, for HS256, HS384 and HS512."""
    public_key: Annotated[str, Field(title="Public key")] = ""
    """The public key in PEM form, to check tokens that are signed by a key pair."""
    private_key: Annotated[SecretStr, Field(title="Private key")] = SecretStr("")
    """The private key in PEM form, to sign tokens."""

    def checking_key(self) -> str:
        """What tokens are checked with; empty when it is missing."""
        return self.secret.get_secret_value() if self._shared else _with_lines(self.public_key)

    def signing_key(self) -> str:
        """What tokens are signed with; empty when it is missing."""
        if self._shared:
            return self.secret.get_secret_value()
        return _with_lines(self.private_key.get_secret_value())

    @property
    def _shared(self) -> bool:
        return self.algorithm in SHARED_SECRET_ALGORITHMS


class SignatureAuth(CredentialType):
    """A secret that callers sign what they send with (HMAC), as GitHub, Shopify or Slack do. The secret itself is never sent."""

    type: ClassVar[str] = "hmac-signature"
    label: ClassVar[str] = "HMAC signature"

    secret: Annotated[SecretStr, Field(min_length=1, title="Secret")]
    """The signing secret, as the service that calls shows it."""
    header: Annotated[str, Field(pattern=_TOKEN, title="Signature header")] = "X-Hub-Signature-256"
    """The header that the signature comes in."""
    algorithm: Annotated[Literal["sha256", "sha512", "sha1"], Field(title="Algorithm")] = "sha256"
    """How it is signed."""
    encoding: Annotated[Literal["hex", "base64"], Field(title="Encoding")] = "hex"
    """How the signature is written."""
    prefix: Annotated[str, Field(max_length=50, title="Text before the signature")] = "sha256="
    """What stands before the signature in the header; empty for services that send it alone."""
    timestamp_header: Annotated[str, Field(pattern=_TOKEN + "|^$", title="Timestamp header")] = ""
    """The header with the time of the call, for services that sign it too; calls older than five minutes are refused then."""
    signed: Annotated[str, Field(max_length=100, title="Signed text")] = "{timestamp}.{body}"
    """What is signed when there is a timestamp header; Slack has `v0:{timestamp}:{body}`. Without one, it is the body alone."""


_PEM_LINE = re.compile(r"(-----BEGIN [^-]+-----)([^-]*)(-----END [^-]+-----)")


def _with_lines(pem: str) -> str:
    """A key in PEM form with its line breaks, which are lost when it is pasted into a field of one line."""
    if "\n" in pem.strip():
        return pem
    return _PEM_LINE.sub(lambda found: f"{found[1]}\n{''.join(found[2].split())}\n{found[3]}\n", pem)


def _single_line(value: SecretStr) -> SecretStr:
    """Pasted secrets often end with a line break, which a header cannot hold."""
    text = value.get_secret_value().strip()
    if any(ord(letter) < 32 for letter in text):
        raise ValueError("must be a single line of text")
    return SecretStr(text)


CREDENTIAL_TYPES: Mapping[str, type[CredentialType]] = {
    **{cls.type: cls for cls in (BasicAuth, HeaderAuth, BearerAuth, QueryAuth, DigestAuth, SeveralSecrets)},
    **CONNECTION_TYPES,
    **AI_CREDENTIAL_TYPES,
    ChatPassword.type: ChatPassword,
    **{cls.type: cls for cls in (PostgresAccount, JwtAuth, SignatureAuth)},
}
"""Every credential type of this installation, by its slug."""
