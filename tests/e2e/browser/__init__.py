"""The unmodified bundles of the Twilio SDKs in Chromium."""
