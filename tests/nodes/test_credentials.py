import json
from typing import get_args

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr, ValidationError

from flowstudio.engine.credential import CredentialType
from flowstudio.nodes.connections import OAuth2Account
from flowstudio.nodes.credentials import (
    CREDENTIAL_TYPES,
    SHARED_SECRET_ALGORITHMS,
    HeaderAuth,
    JwtAlgorithm,
    JwtAuth,
    SeveralSecrets,
)

KEY_FILE = json.dumps(dict.fromkeys(("client_email", "private_key", "token_uri"), "sesame"))


@pytest.mark.parametrize("cls", CREDENTIAL_TYPES.values(), ids=CREDENTIAL_TYPES)
def test_every_field_of_a_credential_has_a_title_and_a_help_text(cls: type[CredentialType]) -> None:
    assert cls.label
    for name, field in cls.model_fields.items():
        assert field.title, name
        assert field.description, name


@pytest.mark.parametrize("cls", CREDENTIAL_TYPES.values(), ids=CREDENTIAL_TYPES)
def test_a_secret_is_never_printed(cls: type[CredentialType]) -> None:
    given = {"headers": "X: sesame", "query": "x=sesame", "key": KEY_FILE}
    values = {
        name: given.get(name, "sesame")
        if field.annotation is SecretStr
        else "https://example.org"
        if name.endswith("_url")
        else "open"
        for name, field in cls.model_fields.items()
        if field.annotation is SecretStr or (field.is_required() and field.annotation is str)
    }
    credential = cls.model_validate(values)
    assert "sesame" not in f"{credential!r} {credential} {credential.model_dump(mode='json')}"


@pytest.mark.parametrize("name", ["X Key", "X:Key", "", "X\n"])
def test_a_header_name_is_one_word(name: str) -> None:
    with pytest.raises(ValidationError):
        HeaderAuth(name=name, value=SecretStr("x"))


@pytest.mark.parametrize("algorithm", get_args(JwtAlgorithm))
def test_a_key_pair_or_a_shared_secret_is_used_as_the_algorithm_wants(algorithm: JwtAlgorithm) -> None:
    account = JwtAuth(
        algorithm=algorithm, secret=SecretStr("s"), public_key="public", private_key=SecretStr("private")
    )
    shared = algorithm in SHARED_SECRET_ALGORITHMS
    assert account.checking_key() == ("s" if shared else "public")
    assert account.signing_key() == ("s" if shared else "private")


@pytest.mark.parametrize("between", ["", " ", "\n"])
def test_keys_whose_line_breaks_were_lost_in_a_form_are_read(between: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    account = JwtAuth(
        algorithm="ES256",
        public_key=public.replace("\n", between),
        private_key=SecretStr(private.replace("\n", between)),
    )
    assert serialization.load_pem_public_key(account.checking_key().encode()) == key.public_key()
    read = serialization.load_pem_private_key(account.signing_key().encode(), password=None)
    assert isinstance(read, ec.EllipticCurvePrivateKey)
    assert read.private_numbers() == key.private_numbers()


@pytest.mark.parametrize(
    ("field", "text", "line"),
    [
        ("headers", "X-A: 1\nno header", "line 2"),
        ("headers", ": 1", "line 1"),
        ("query", "a=1\n\n=2", "line 2"),
    ],
)
def test_several_secrets_are_written_line_by_line(field: str, text: str, line: str) -> None:
    with pytest.raises(ValidationError, match=line):
        SeveralSecrets.model_validate({field: text})
    account = SeveralSecrets(headers=SecretStr(" X-A: b:c \n\nX-B:d"), query=SecretStr("k=a=b"))
    assert account.header_pairs() == [("X-A", "b:c"), ("X-B", "d")]
    assert account.query_pairs() == [("k", "a=b")]


@pytest.mark.parametrize(
    "url", ["ftp://x.org", "example.org", "https://u:p@example.org", "https://x.org/#f", "https://"]
)
def test_addresses_of_a_service_are_of_the_web_and_hold_no_password(url: str) -> None:
    with pytest.raises(ValidationError, match="must be an address"):
        OAuth2Account(token_url=url, client_id="x")
