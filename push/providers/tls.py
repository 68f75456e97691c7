"""How we trust providers, and how they recognise us."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from chatcore.auth.credentials import PushSecrets


def context(ca_file: Path | None, protocols: list[str], client: PushSecrets | None = None) -> ssl.SSLContext:
    """Blocks for tens of milliseconds. `client`: certificate and key to show. Raises ValueError when they cannot be
    used."""
    made = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(protocols)
    if client is not None:
        _show(made, client)
    return made


def _show(made: ssl.SSLContext, client: PushSecrets) -> None:
    # The library reads files only. This one is readable by us alone and gone at once.
    handle, name = tempfile.mkstemp(prefix="chat-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{client.certificate}\n{client.private_key}")
        made.load_cert_chain(name)
    except ssl.SSLError as error:
        raise ValueError(f"certificate and key cannot be used: {error.reason}") from None
    finally:
        Path(name).unlink()
