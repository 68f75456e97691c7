from __future__ import annotations

from chatcore.telemetry import Metrics
from gateway.node import SocketCounts


def test_codes_that_clients_make_up_share_a_series() -> None:
    metrics = Metrics()
    counts = SocketCounts(metrics)
    for code in (1000, 3008, 3008, 4242, 4999):
        counts.closed("centrifuge", code)
    text = metrics.render().decode()
    assert 'chat_disconnects_total{code="3008",protocol="centrifuge"} 2.0' in text
    assert 'chat_disconnects_total{code="other",protocol="centrifuge"} 2.0' in text
    assert "4242" not in text
