"""Says that it is ready and waits for SIGTERM."""

from __future__ import annotations

import os
import signal
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
os.write(int(os.environ["CHAT_READY_FD"]), b'{"ready": {}}\n')
while True:
    signal.pause()
