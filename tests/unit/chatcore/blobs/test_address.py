from __future__ import annotations

from pathlib import Path

import pytest

from chatcore.blobs.address import Bucket, Folder, Links, parse


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///var/lib/chat/media", "/var/lib/chat/media"),
        ("file://localhost/srv/media", "/srv/media"),
        ("file:///srv/our files", "/srv/our files"),
        ("file:///srv/our%20files", "/srv/our files"),
        ("file:///srv/what?no", "/srv/what?no"),
    ],
)
def test_a_folder(url: str, path: str) -> None:
    assert parse(url) == Folder(Path(path))


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://bucket", Bucket("s3://bucket", Links.STORE)),
        ("s3://bucket/a/prefix", Bucket("s3://bucket/a/prefix", Links.STORE)),
        ("gs://bucket/prefix?links=gateway", Bucket("gs://bucket/prefix", Links.GATEWAY)),
        ("az://container?links=store", Bucket("az://container", Links.STORE)),
    ],
)
def test_a_bucket(url: str, bucket: Bucket) -> None:
    assert parse(url) == bucket


@pytest.mark.parametrize(
    "url",
    [
        "file://media",
        "file://host/media",
        "s3://",
        "s3:///prefix",
        "s3://bucket?links=browser",
        "s3://bucket?region=eu",
        "s3://bucket?links=",
        "s3://bucket#links",
    ],
)
def test_other_addresses_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        parse(url)
    assert url not in str(refused.value)
