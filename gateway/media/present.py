"""Records of files as JSON."""

from __future__ import annotations

from chatcore.domain.ids import AccountSid
from chatcore.domain.media import MediaFile
from gateway.http.responses import iso_seconds, iso_seconds_or_none


def record(file: MediaFile, account_sid: AccountSid, *, url: str, content_url: str) -> dict[str, object]:
    """`content_url` is the temporary link. SDKs need it of a fresh upload too, so it is there from the first answer."""
    return {
        "sid": file.sid,
        "account_sid": account_sid,
        "service_sid": file.service_sid,
        "channel_sid": file.channel_sid,
        "message_sid": file.message_sid,
        "date_created": iso_seconds(file.date_created),
        "date_upload_updated": iso_seconds_or_none(file.uploaded_at),
        "date_updated": iso_seconds(file.date_updated),
        "size": file.size,
        "content_type": file.content_type,
        "filename": file.filename,
        "author": file.author,
        "category": file.category.value,
        "is_multipart_upstream": file.multipart,
        "url": url,
        "links": {"content": f"{url}/Content", "content_direct_temporary": content_url},
    }
