"""HTTP inside Twilsock: requests, answers and routes of the rooms that answer the Twilio SDKs."""
