"""Trying credentials: a cheap call to the real service, and what came of it in a sentence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from flowstudio.engine.credential import CredentialType
from flowstudio.errors import CredentialError, ModelError, NodeError, NotFound
from flowstudio.nodes.ai.accounts import TYPES as MODEL_TYPES
from flowstudio.nodes.ai.accounts import list_models
from flowstudio.nodes.ai.credentials import BraveAccount, TavilyAccount
from flowstudio.nodes.ai.search_engines import brave, tavily
from flowstudio.nodes.connections import (
    AccessTokens,
    GoogleOAuth2Account,
    GoogleServiceAccount,
    OAuth2Account,
    PostgresAccount,
)
from flowstudio.nodes.credentials import CREDENTIAL_TYPES, JwtAuth, SignatureAuth
from flowstudio.nodes.databases.postgres_connection import connect
from flowstudio.nodes.http.authentication import authentication
from flowstudio.outbound import Outbound, Request
from flowstudio.redaction import Secrets, in_use
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.sharing import may_see
from flowstudio.services.tokens import Tokens
from flowstudio.storage import Storage

TIMEOUT = 20.0
"""Seconds that a service may take."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a trial."""

    works: bool | None
    """None when nothing could be tried."""
    message: str
    """For people."""


class Trials:
    """Tries stored credentials for those who may see them."""

    def __init__(self, storage: Storage, outbound: Outbound, tokens: Tokens) -> None:
        self._credentials, self._outbound, self._tokens = storage.credentials, outbound, tokens
        self._audit = Audit(storage)

    async def run(self, caller: Caller, id_: str) -> Verdict:
        """Call the service of a credential. Raises `NotFound`; what fails at the service is a verdict."""
        require(caller, "edit")
        record = await self._credentials.get(id_)
        if record is None or not may_see(caller, record):
            raise NotFound(f"There is no credential '{id_}'.")
        verdict = await self._verdict(id_)
        await self._audit.record(caller, "credential.tried", record.name, id_, worked=verdict.works)
        return verdict

    async def _verdict(self, id_: str) -> Verdict:
        known = Secrets(in_use)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._tried(id_, known)
        except TimeoutError:
            return Verdict(False, f"The service did not answer within {TIMEOUT:g} seconds. Try again later.")
        except (ModelError, NodeError) as error:
            return Verdict(False, known.mask_quoted(error.message))  # services repeat what they are sent

    async def _tried(self, id_: str, known: Secrets) -> Verdict:
        values = await self._tokens.open(id_, ())
        shape = CREDENTIAL_TYPES.get(values["type"])
        if shape is None:
            raise CredentialError(f"This installation does not know the type '{values['type']}'.")
        fields = {name: value for name, value in values.items() if name not in ("id", "type")}
        account: Any = shape.model_validate(fields).stored_as(id_)
        known.learn_from(account)
        match account:
            case _ if account.type in MODEL_TYPES:
                names = await list_models(account, self._outbound.transport())
                return Verdict(True, f"It works: the account may use {_count(len(names), 'model')}.")
            case BraveAccount():
                await brave(
                    self._outbound, account.base_url, account.api_key.get_secret_value(), "FlowStudio", 1
                )
                return Verdict(True, "It works: Brave answered a search.")
            case TavilyAccount():
                await tavily(
                    self._outbound, account.base_url, account.api_key.get_secret_value(), "FlowStudio", 1
                )
                return Verdict(True, "It works: Tavily answered a search.")
            case PostgresAccount():
                return await self._database(account)
            case JwtAuth():
                return _signed(account)
            case GoogleServiceAccount():
                await self._tokens.check(id_)
                return Verdict(True, f"It works: Google gave access to {account.email}.")
            case OAuth2Account() | GoogleOAuth2Account():
                await self._tokens.check(id_)
                if isinstance(account, OAuth2Account) and account.test_url:
                    return await self._called(account, account.test_url)
                return Verdict(True, "It works: the service gave access.")
            case SignatureAuth():
                return Verdict(
                    None, "It is stored. Webhooks check calls with it; there is no service to ask."
                )
            case _ if account.test_url:
                return await self._called(account, account.test_url)
            case _:
                return Verdict(
                    None,
                    "It is stored. To try it, change it and fill in an address of the service to test with.",
                )

    async def _called(self, account: CredentialType, url: str) -> Verdict:
        known: Any = account
        auth = authentication(known, {AccessTokens: self._tokens}, in_use)
        response = await self._outbound.request(
            Request("GET", url, auth=auth, timeout=TIMEOUT, limit=4 * 1024 * 1024)
        )
        host = urlsplit(url).hostname
        if response.status in (401, 403):
            raise CredentialError(f"{host} does not accept it (status {response.status}). Check its values.")
        if response.status >= 400:
            raise CredentialError(
                f"{host} answered with status {response.status}, which says nothing about the credential. Check the address to "
                "test with."
            )
        return Verdict(True, f"It works: {host} answered with status {response.status}.")

    async def _database(self, account: PostgresAccount) -> Verdict:
        where = f"{account.host}:{account.port}"
        connection = await connect(account, self._outbound)
        async with connection:
            version = connection.info.server_version
        return Verdict(True, f"It works: PostgreSQL {version // 10000} answered at {where}.")


def _signed(account: JwtAuth) -> Verdict:
    sign, check = account.signing_key(), account.checking_key()
    if not check:
        raise CredentialError(f"There is no key to check {account.algorithm} with. Fill it in.")
    try:
        if sign:
            jwt.decode(
                jwt.encode({}, sign, algorithm=account.algorithm), check, algorithms=[account.algorithm]
            )
        else:
            jwt.get_algorithm_by_name(account.algorithm).prepare_key(check)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise CredentialError("The keys do not fit the algorithm, or do not belong together.") from None
    if not sign:
        return Verdict(True, "The public key can check tokens; there is no private key to sign with.")
    return Verdict(True, "It works: a token that it signs passes its own check.")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
