from typing import get_args

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr, ValidationError

from flowstudio.engine.credential import CredentialType
from flowstudio.nodes.credentials import (
    CREDENTIAL_TYPES,
    SHARED_SECRET_ALGORITHMS,
    HeaderAuth,
    JwtAlgorithm,
    JwtAuth,
)


@pytest.mark.parametrize("cls", CREDENTIAL_TYPES.values(), ids=CREDENTIAL_TYPES)
def test_every_field_of_a_credential_has_a_title_and_a_help_text(cls: type[CredentialType]) -> None:
    assert cls.label
    for name, field in cls.model_fields.items():
        assert field.title, name
        assert field.description, name


@pytest.mark.parametrize("cls", CREDENTIAL_TYPES.values(), ids=CREDENTIAL_TYPES)
def test_a_secret_is_never_printed(cls: type[CredentialType]) -> None:
    values = {
        name: "sesame" if field.annotation is SecretStr else "open"
        for name, field in cls.model_fields.items()
        if name != "algorithm"
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
