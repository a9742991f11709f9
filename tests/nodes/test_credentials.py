from typing import get_args

import pytest
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
