import hmac
import time
from base64 import b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from flowstudio.errors import CredentialError, FlowStudioError, Forbidden, Unauthorized
from flowstudio.nodes.credentials import BasicAuth, HeaderAuth, JwtAuth, SignatureAuth
from flowstudio.nodes.triggers.webhook import Webhook
from flowstudio.nodes.triggers.webhook_access import admit, read_account

SECRET = "a secret that is long enough for HS512, because it has 64 bytes or more"
BASIC = BasicAuth(user="ann", password=SecretStr("pä:ss"))
HEADER = HeaderAuth(name="X-Key", value=SecretStr("k1"))
TOKEN = JwtAuth(secret=SecretStr(SECRET))


def webhook(authentication: str) -> Webhook:
    return Webhook.model_validate({"authentication": authentication})


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


def bearer(claims: dict[str, Any], key: str = SECRET, algorithm: str = "HS256") -> str:
    return "Bearer " + jwt.encode(claims, key, algorithm)


def test_anybody_may_call_an_open_webhook() -> None:
    assert admit(webhook("none"), None, []) is None


def test_the_right_credentials_let_in() -> None:
    assert admit(webhook("basic"), BASIC, [("Authorization", basic("ann:pä:ss"))]) is None
    assert admit(webhook("header"), HEADER, [("x-key", "k1")]) is None
    claims = {"sub": "ann", "aud": "anything"}
    assert admit(webhook("jwt"), TOKEN, [("AUTHORIZATION", bearer(claims))]) == claims


@pytest.mark.parametrize(
    ("authentication", "account", "header", "error"),
    [
        ("basic", BASIC, None, Unauthorized),
        ("basic", BASIC, "Bearer x", Unauthorized),
        ("basic", BASIC, basic("ann:wrong"), Forbidden),
        ("basic", BASIC, basic("ann"), Forbidden),
        ("basic", BASIC, "Basic !!!", Forbidden),
        ("basic", BASIC, "Basic /w==", Forbidden),
        ("jwt", TOKEN, None, Unauthorized),
        ("jwt", TOKEN, "Bearer ", Unauthorized),
        ("jwt", TOKEN, "Bearer x.y.z", Forbidden),
        ("jwt", TOKEN, bearer({"exp": time.time() - 100}), Forbidden),
        ("jwt", TOKEN, bearer({"nbf": time.time() + 1000}), Forbidden),
        ("jwt", TOKEN, bearer({}, key=SECRET + "!"), Forbidden),
        ("jwt", TOKEN, bearer({}, algorithm="HS512"), Forbidden),
        ("jwt", TOKEN, "Bearer " + jwt.encode({}, "", "none"), Forbidden),
        ("jwt", JwtAuth(), bearer({}), CredentialError),
        ("basic", None, basic("ann:pä:ss"), CredentialError),
        ("basic", HEADER, basic("ann:pä:ss"), CredentialError),
    ],
)
def test_others_are_kept_out(
    authentication: str, account: Any, header: str | None, error: type[FlowStudioError]
) -> None:
    headers = [("Authorization", header)] if header is not None else []
    with pytest.raises(error) as caught:
        admit(webhook(authentication), account, headers)
    assert SECRET not in str(caught.value)
    assert "pä:ss" not in str(caught.value)


@pytest.mark.parametrize(("headers", "error"), [([], Unauthorized), ([("X-Key", "k2")], Forbidden)])
def test_a_header_must_be_there_and_right(
    headers: list[tuple[str, str]], error: type[FlowStudioError]
) -> None:
    with pytest.raises(error, match="'X-Key'"):
        admit(webhook("header"), HEADER, headers)


def test_the_public_key_of_a_pair_is_no_shared_secret() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    account = JwtAuth(algorithm="ES256", public_key=public)
    assert admit(webhook("jwt"), account, [("Authorization", bearer({"a": 1}, pem, "ES256"))]) == {"a": 1}
    forged = jwt.api_jws.PyJWS().encode(b'{"a":1}', b"x" * 32, "HS256")
    with pytest.raises(Forbidden):
        admit(webhook("jwt"), account, [("Authorization", f"Bearer {forged}")])


def test_basic_authentication_makes_browsers_ask() -> None:
    with pytest.raises(Unauthorized) as caught:
        admit(webhook("basic"), BASIC, [])
    assert caught.value.detail == {"www_authenticate": 'Basic realm="Webhook"'}


def test_the_vaults_credential_is_read_by_the_authentication() -> None:
    opened = {"type": "http-header", "name": "X-Key", "value": "k1"}
    assert read_account(webhook("header"), opened) == HEADER
    with pytest.raises(CredentialError, match="does not fit its authentication 'basic'"):
        read_account(webhook("basic"), opened)


def test_a_signature_may_cover_the_time_of_the_call_and_then_grows_old() -> None:
    slack = SignatureAuth(
        secret=SecretStr("s"),
        header="X-Slack-Signature",
        prefix="v0=",
        timestamp_header="X-Slack-Request-Timestamp",
        signed="v0:{timestamp}:{body}",
    )

    def call(at: float, body: bytes = b"x=1") -> None:
        proof = hmac.new(b"s", b"v0:%d:x=1" % at, "sha256").hexdigest()
        headers = [
            ("x-slack-request-timestamp", str(int(at))),
            ("X-Slack-Signature", f"v0={proof}"),
        ]
        admit(webhook("signature"), slack, headers, body)

    call(time.time())
    with pytest.raises(Forbidden, match="too old"):
        call(time.time() - 400)
    with pytest.raises(Forbidden, match="does not fit"):
        call(time.time(), b"x=2")


def test_a_signature_may_be_written_in_base64() -> None:
    shop = SignatureAuth(secret=SecretStr("s"), header="X-Shop-Hmac", prefix="", encoding="base64")
    proof = b64encode(hmac.digest(b"s", b"body", "sha256")).decode()
    assert admit(webhook("signature"), shop, [("x-shop-hmac", proof)], b"body") is None
