"""The native real-time protocol (Centrifuge client protocol), JSON and Protobuf."""
