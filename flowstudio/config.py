"""Settings, read once from the environment (`FLOWSTUDIO_*`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from flowstudio.errors import ConfigurationError


class Settings(BaseSettings):
    """The configuration of one process."""

    model_config = SettingsConfigDict(
        env_prefix="FLOWSTUDIO_", frozen=True, use_attribute_docstrings=True, extra="ignore"
    )

    data_dir: Path = Path("~/.flowstudio")
    """Folder of the database, files and the encryption key."""
    host: str = "127.0.0.1"
    """Address to listen on. Set `0.0.0.0` to be reached from other machines."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on."""
    public_url: str = ""
    """Address under which browsers and webhooks reach this server; missing: from host and port."""
    database_url: SecretStr | None = None
    """SQLAlchemy URL such as `postgresql+psycopg://user:password@host/db`; missing: SQLite in the data folder."""
    mode: Literal["embedded", "scaled"] = "embedded"
    """`scaled`: executions are run by `flowstudio worker`, on this and other machines that share a PostgreSQL database; `embedded`: by the server itself."""
    files_dir: Path | None = None
    """Folder of the files that items carry, which all processes must share; missing: `binaries` in the data folder."""
    files_s3: str = ""
    """Bucket for these files instead of the folder, such as `s3://bucket/folder`, with any service that speaks Amazon's S3; needs the extra `s3` of the package."""
    s3_endpoint: str = ""
    """Address of that service, such as `https://minio.example.com:9000`; missing: `AWS_ENDPOINT_URL`, or Amazon's own."""
    s3_region: str = ""
    """Region of the bucket; missing: `AWS_REGION`, or `us-east-1`."""
    s3_access_key: str = ""
    """Name of the key for the bucket; missing: `AWS_ACCESS_KEY_ID`, or the role of the machine at Amazon."""
    s3_secret_key: SecretStr | None = None
    """The key for the bucket; missing: `AWS_SECRET_ACCESS_KEY`, or the role of the machine at Amazon."""
    synchronous: Literal["normal", "full"] = "normal"
    """How SQLite writes: with `normal` a recorded step survives a killed server, with `full` a power loss too (slower)."""
    owner_email: str | None = None
    """Creates the owner account at the first start, together with FLOWSTUDIO_OWNER_PASSWORD."""
    owner_password: SecretStr | None = None
    """Password of the owner account that is created at the first start."""
    encryption_key: SecretStr | None = None
    """Fernet key (or several, separated by commas; the first encrypts); missing: `key` in the data folder, made at the first start."""
    allow_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Private addresses that workflows may call, besides those in the settings: hosts, `host:port` or networks, separated by commas."""
    allow_env: Annotated[tuple[str, ...], NoDecode] = ()
    """Environment variables that expressions may read as `$env.NAME`, separated by commas."""
    timezone: str = "UTC"
    """IANA time zone of workflows that do not name one."""
    max_body: Annotated[int, Field(gt=0)] = 16 * 1024 * 1024
    """Bytes that a request body may have. When this is set, nobody can change it under *Settings, Server*."""
    smtp_url: SecretStr | None = None
    """Mail server for invitations and forgotten passwords, such as `smtp://user:password@host:587` or `smtps://…`; missing: the one that is set under *Settings, Server*."""
    mail_from: str = ""
    """Address that mails come from; missing: the user of FLOWSTUDIO_SMTP_URL, or what is set under *Settings, Server*."""
    concurrency: Annotated[int, Field(ge=1)] = 200
    """Executions that run at the same time in this process, answers of chats included: raise it where hundreds of people talk at once. When this is set, nobody can change it under *Settings, Server*."""
    concurrency_total: Annotated[int, Field(ge=0)] = 0
    """Executions that run at the same time in all processes of `scaled` mode together; 0: as many as the processes take. When this is set, nobody can change it under *Settings, Server*."""
    queues: Annotated[tuple[Literal["interactive", "default", "bulk"], ...], NoDecode] = (
        "interactive",
        "default",
        "bulk",
    )
    """Which executions a worker takes, separated by commas: those that somebody waits for, others, mass work."""
    retention_days: Annotated[float, Field(gt=0)] = 14.0
    """Days after which finished executions are deleted. When this is set, nobody can change it under *Settings, Server*."""
    retention_count: Annotated[int, Field(ge=1)] = 10_000
    """Finished executions, and chats, that are kept at most. When this is set, nobody can change it under *Settings, Server*."""
    retention_interval: Annotated[float, Field(gt=0)] = 60.0
    """Seconds between two looks for executions that are too many."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    log_format: str = "text"
    """`text` or `json`."""

    @field_validator("allow_hosts", "allow_env", "queues", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("files_s3")
    @classmethod
    def _address_of_bucket(cls, value: str) -> str:
        if value and not re.fullmatch(r"s3://[A-Za-z0-9][A-Za-z0-9._-]+(/[^?#]*)?", value):
            raise ValueError("must look like s3://bucket or s3://bucket/folder")
        return value

    @field_validator("s3_endpoint")
    @classmethod
    def _address_of_service(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return value

    def model_post_init(self, context: object, /) -> None:
        """Make the folders absolute."""
        object.__setattr__(self, "data_dir", self.data_dir.expanduser().resolve())
        files = self.files_dir or self.data_dir / "binaries"
        object.__setattr__(self, "files_dir", files.expanduser().resolve())

    @property
    def files(self) -> Path:
        """The folder of files."""
        assert self.files_dir is not None, "set when the settings are read"
        return self.files_dir

    @property
    def base_url(self) -> str:
        """Address of this server without a trailing slash."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return self.public_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load_settings(**overrides: object) -> Settings:
    """Read the environment. Raises `ConfigurationError` that names the variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what the caller overrides
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "FLOWSTUDIO_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"{name}: {first['msg'].removeprefix('Value error, ')}.") from error
