"""Twilsock, the protocol of the Twilio client SDKs: frames, connection life, HTTP inside."""
