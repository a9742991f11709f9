"""Credential types that are connected to a service: by signing in there (OAuth2), by a key file, or by a database's password."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from flowstudio.engine.credential import CredentialType
from flowstudio.engine.node import Choice, ShowIf, Widget

GOOGLE_AUTHORIZATION: Final = "https://accounts.google.com/o/oauth2/v2/auth"
GOOGLE_TOKENS: Final = "https://oauth2.googleapis.com/token"
GOOGLE_SHEETS: Final = "https://www.googleapis.com/auth/spreadsheets"


def _is_address(value: str) -> str:
    value = value.strip()
    if value:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
            raise ValueError("must be an address that starts with https:// or http://")
    return value


WebAddress: TypeAlias = Annotated[str, AfterValidator(_is_address)]
"""An address of the web, or nothing."""


class OAuth2Account(CredentialType):
    """Signing in by OAuth2, as many services want it.

    Register FlowStudio in the service's settings for developers, with the redirect address that is shown below. The service then
    gives a client ID and a client secret. After saving, press **Connect** and sign in. Access is renewed by itself.
    """

    type: ClassVar[str] = "oauth2"
    label: ClassVar[str] = "OAuth2"

    grant: Annotated[
        Literal["authorization_code", "client_credentials"],
        Choice(
            {
                "authorization_code": "A person, in the browser",
                "client_credentials": "FlowStudio itself (client credentials)",
            }
        ),
        Field(title="Who signs in"),
    ] = "authorization_code"
    """A person whose data is used, or FlowStudio as a program of its own."""
    authorization_url: Annotated[
        WebAddress, ShowIf("grant", ("authorization_code",)), Field(title="Authorization URL")
    ] = ""
    """Where people sign in, as the service's documentation gives it."""
    token_url: Annotated[WebAddress, Field(min_length=1, title="Token URL")]
    """Where tokens come from, as the service's documentation gives it."""
    client_id: Annotated[str, Field(min_length=1, title="Client ID")]
    """What the service calls FlowStudio."""
    client_secret: Annotated[SecretStr, Field(title="Client secret")] = SecretStr("")
    """The password that belongs to the client ID. Some services give none."""
    scope: Annotated[str, Field(title="Scopes")] = ""
    """What access is for, separated by spaces, as the service's documentation names it."""
    client_authentication: Annotated[
        Literal["header", "body"],
        Choice({"header": "In a header", "body": "In the body"}),
        Field(title="Send the client's secret"),
    ] = "header"
    """Most services take it in a header. If the service does not know the client, try the other one."""
    extra: Annotated[str, Field(title="Extra parameters")] = ""
    """What the service wants besides, written as in an address: `audience=api&prompt=consent`. Usually empty."""
    test_url: Annotated[WebAddress, Field(title="Address to test with")] = ""
    """An address of the service that answers only to whoever is signed in. **Test** calls it. May stay empty."""


class GoogleOAuth2Account(CredentialType):
    """A Google account, by signing in in the browser.

    In the Google Cloud console, switch on the APIs that you need, make an OAuth client for a web application, and add the redirect
    address that is shown below. After saving, press **Connect** and sign in. Access is renewed by itself.
    """

    type: ClassVar[str] = "google-oauth2"
    label: ClassVar[str] = "Google (OAuth2)"

    client_id: Annotated[str, Field(min_length=1, title="Client ID")]
    """It ends with `.apps.googleusercontent.com`."""
    client_secret: Annotated[SecretStr, Field(min_length=1, title="Client secret")]
    """The secret of the OAuth client."""
    scope: Annotated[str, Field(min_length=1, title="Scopes")] = GOOGLE_SHEETS
    """What access is for, separated by spaces. This one is for spreadsheets."""
    authorization_url: Annotated[WebAddress, Field(min_length=1, title="Authorization URL")] = (
        GOOGLE_AUTHORIZATION
    )
    """Where people sign in. Leave it, unless a gateway is used."""
    token_url: Annotated[WebAddress, Field(min_length=1, title="Token URL")] = GOOGLE_TOKENS
    """Where tokens come from. Leave it, unless a gateway is used."""
    base_url: Annotated[WebAddress, Field(title="Base URL")] = ""
    """Another address of Google's services, such as that of a gateway. Empty: Google's own."""


class GoogleServiceAccount(CredentialType):
    """A service account of Google: an account for programs. Share your files with its e-mail address.

    In the Google Cloud console, make a service account and a key for it in JSON form.
    """

    type: ClassVar[str] = "google-service-account"
    label: ClassVar[str] = "Google (service account)"

    key: Annotated[SecretStr, Widget("secret-lines"), Field(min_length=1, title="Key file")]
    """The whole content of the JSON file that Google gave you."""
    scope: Annotated[str, Field(min_length=1, title="Scopes")] = GOOGLE_SHEETS
    """What access is for, separated by spaces. This one is for spreadsheets."""
    subject: Annotated[str, Field(title="Act for")] = ""
    """The e-mail address of a person in your organization, if the account may act for people. Usually empty."""
    base_url: Annotated[WebAddress, Field(title="Base URL")] = ""
    """Another address of Google's services, such as that of a gateway. Empty: Google's own."""

    @field_validator("key")
    @classmethod
    def _is_key_file(cls, value: SecretStr) -> SecretStr:
        try:
            found = json.loads(value.get_secret_value())
            whole = all(isinstance(found[name], str) for name in ("client_email", "private_key", "token_uri"))
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise ValueError("is not the key file of a service account; paste the whole JSON file")
        return value

    @property
    def email(self) -> str:
        """The account's address."""
        return str(json.loads(self.key.get_secret_value())["client_email"])


class PostgresAccount(CredentialType):
    """A PostgreSQL database."""

    type: ClassVar[str] = "postgresql"
    label: ClassVar[str] = "PostgreSQL"

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/,]+$", title="Host")]
    """The server's name or address."""
    port: Annotated[int, Field(ge=1, le=65535, title="Port")] = 5432
    """The server's port."""
    database: Annotated[str, Field(min_length=1, title="Database")]
    """The name of the database."""
    user: Annotated[str, Field(min_length=1, title="User name")]
    """The name to sign in with."""
    password: Annotated[SecretStr, Field(title="Password")] = SecretStr("")
    """The password."""
    encryption: Annotated[
        Literal["disable", "prefer", "require", "verify-full"],
        Choice(
            {
                "disable": "None",
                "prefer": "If the server offers it",
                "require": "Always",
                "verify-full": "Always, and check the server's certificate",
            }
        ),
        Field(title="Encryption (TLS)"),
    ] = "prefer"
    """Whether the connection is encrypted."""


TokenAccount: TypeAlias = OAuth2Account | GoogleOAuth2Account | GoogleServiceAccount
GoogleAccount: TypeAlias = GoogleOAuth2Account | GoogleServiceAccount
TOKEN_TYPES: Final = (OAuth2Account.type, GoogleOAuth2Account.type, GoogleServiceAccount.type)
GOOGLE_TYPES: Final = (GoogleOAuth2Account.type, GoogleServiceAccount.type)


class AccessTokens(ABC):
    """Gives nodes access tokens. A refresh token never leaves it."""

    @abstractmethod
    async def token(self, account: TokenAccount, *, refused: str = "") -> str:
        """A token that holds; another one than `refused`, which the service did not accept. Raises `CredentialError`."""


CONNECTION_TYPES: Mapping[str, type[CredentialType]] = {
    cls.type: cls for cls in (OAuth2Account, GoogleOAuth2Account, GoogleServiceAccount)
}
"""The types whose access is a token, by slug."""
