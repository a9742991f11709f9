"""Files in a bucket."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from flowstudio.config import Settings, load_settings
from flowstudio.engine import clock
from flowstudio.engine.item import Binary
from flowstudio.errors import ConfigurationError, NodeError
from flowstudio.redaction import in_use
from flowstudio.storage.bucket import BucketStore
from tests.storage.conftest import make_settings
from tests.storage.s3 import BUCKET, KEY, S3, SECRET


def settings_of(s3: S3, folder: Path, **changed: object) -> Settings:
    return make_settings(folder, **(s3.settings() | changed))


async def test_names_are_those_of_the_folder_and_a_fresh_file_is_sent_once(s3: S3, tmp_path: Path) -> None:
    store = BucketStore(settings_of(s3, tmp_path))
    s3.busy = 1  # told to slow down, it tries again
    file = await store.put(b"hello", mime_type="text/plain", file_name="a.txt")
    name = f"files/here/{file.digest[:2]}/{file.digest[2:]}"
    assert [*s3.objects] == [name]
    assert s3.busy == 0
    await store.put(b"hello", mime_type="text/plain", file_name="b.txt")
    assert s3.asked.count(f"PUT {name}") == 1
    s3.age(file.digest)
    await store.put(b"hello", mime_type="text/plain", file_name="b.txt")
    assert s3.asked.count(f"PUT {name}") == 2


async def test_what_is_put_at_the_moment_is_not_swept(s3: S3, tmp_path: Path) -> None:
    store = BucketStore(settings_of(s3, tmp_path))
    file = await store.put(b"hello", mime_type="", file_name="")
    assert store._begin(b"hello") == file.digest
    assert not store.remove(file.digest, grace=-1)
    store._end(file.digest)
    assert store.remove(file.digest, grace=-1)


async def test_a_clock_that_goes_wrong_sweeps_nothing_that_is_fresh(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        """The clock of a machine that goes two days before the others'."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Ahead:
            return cls.fromtimestamp(datetime.now(tz).timestamp() + 2 * 86_400, tz)

    store = BucketStore(settings_of(s3, tmp_path))
    file = await store.put(b"hello", mime_type="", file_name="")
    monkeypatch.setattr(clock, "datetime", Ahead)
    monkeypatch.setattr(time, "time", lambda: Ahead.now(UTC).timestamp())
    assert list(store.stale()) == [file.digest]
    monkeypatch.setattr(clock, "_lacks", timedelta(days=-2))  # as the database says
    assert list(store.stale()) == []
    assert not store.remove(file.digest)
    await store.put(b"hello", mime_type="", file_name="")
    assert sum(each.startswith("PUT") for each in s3.asked) == 1


@pytest.mark.parametrize(
    ("forbidden", "said"),
    [
        ("PUT", "let FlowStudio write to s3"),
        ("GET", "let FlowStudio read from s3"),
        ("DELETE", "delete from"),
    ],
)
def test_what_the_key_may_not_do_is_said(s3: S3, tmp_path: Path, forbidden: str, said: str) -> None:
    s3.forbidden = frozenset({forbidden})
    with pytest.raises(ConfigurationError, match=said):
        BucketStore(settings_of(s3, tmp_path)).check()


def test_a_wrong_secret_a_missing_bucket_and_a_server_that_is_not_there_are_said(
    s3: S3, tmp_path: Path
) -> None:
    BucketStore(settings_of(s3, tmp_path)).check()
    assert s3.objects == {}
    wrong = {
        "refused to let FlowStudio write": {"s3_secret_key": "another-secret-value"},
        "There is no bucket for s3://missing/x": {"files_s3": "s3://missing/x"},
        "Set both FLOWSTUDIO_S3_ACCESS_KEY": {"s3_access_key": ""},
    }
    for said, changed in wrong.items():
        with pytest.raises(ConfigurationError, match=said):
            BucketStore(settings_of(s3, tmp_path, **changed)).check()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConfigurationError, match=r"cannot write to .*FLOWSTUDIO_S3_ENDPOINT") as raised:
        BucketStore(settings_of(s3, tmp_path, s3_endpoint=f"http://127.0.0.1:{port}")).check()
    assert SECRET not in raised.value.message


def test_what_the_settings_leave_out_comes_from_the_usual_variables(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {
        "ENDPOINT_URL": s3.address,
        "REGION": "here-1",
        "ACCESS_KEY_ID": KEY,
        "SECRET_ACCESS_KEY": SECRET,
    }
    for name, value in usual.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    BucketStore(make_settings(tmp_path, files_s3=f"s3://{BUCKET}")).check()
    assert [each.partition(" ")[0] for each in s3.asked] == ["PUT", "GET", "GET", "DELETE"]


async def test_a_refusal_in_the_midst_of_work_is_an_error_that_may_pass_and_holds_no_secret(
    s3: S3, tmp_path: Path
) -> None:
    store = BucketStore(settings_of(s3, tmp_path))
    assert in_use.mask(f"x {SECRET} y") != f"x {SECRET} y"
    file = await store.put(b"hello", mime_type="", file_name="")
    s3.forbidden = frozenset({"PUT", "GET"})
    with pytest.raises(NodeError, match="does not take a file now") as raised:
        await store.put(b"other", mime_type="", file_name="")
    assert raised.value.retryable
    with pytest.raises(NodeError, match="does not give a file now"):
        await store.chunks(Binary(file.digest, "", "a", 5))


@pytest.mark.parametrize("address", ["bucket", "http://bucket", "s3://", "s3:///x", "s3://b?x=1"])
def test_an_address_that_names_no_bucket_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="FLOWSTUDIO_FILES_S3: must look like"):
        load_settings(files_s3=address)
    with pytest.raises(ConfigurationError, match="FLOWSTUDIO_S3_ENDPOINT: must begin"):
        load_settings(s3_endpoint="minio:9000")
