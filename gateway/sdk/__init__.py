"""What the Twilio SDKs ask inside their socket, other than Sync: commands, lists, typing, configuration, devices."""
