"""A Flask application that does nothing, to show what the server and the framework cost."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__, static_folder=None)


@app.post("/analytics")
@app.post("/analytics/batch")
def report() -> tuple[dict[str, str], int]:
    """Answer like the real API."""
    return {"status": "queued", "eventId": "00000000-0000-8000-8000-000000000000"}, 202


@app.get("/readyz")
def readyz() -> str:
    """Always ready."""
    return "ok"
