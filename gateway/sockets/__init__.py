"""The WebSocket driver: asyncio.Protocol on a sans-I/O core, bounded output, keepalive, drain."""
