"""The Twilio client SDKs, seven versions of them, against real nodes."""
