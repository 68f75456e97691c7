"""Chat state seen as the Sync documents, lists and maps that the Twilio SDKs open and subscribe to."""
