"""The HTTP edge: routers, framing of requests, problem documents. No rule about data is decided here."""
