"""Debian's Firefox, driven by Playwright over WebDriver BiDi."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tests.servers.debian import find_program

_RELAY = Path(__file__).with_name("bidi_relay.py")


def launch_args() -> dict[str, Any]:
    """Playwright's launch options: the unchanged Firefox, as users have it. Raises Missing.

    Playwright's own build of Firefox comes from its server alone; the channel `moz-firefox` drives any Firefox. It
    starts the relay, which starts Firefox.
    """
    firefox = find_program("firefox-esr")
    env = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "LD_LIBRARY_PATH": firefox.env["LD_LIBRARY_PATH"],
        "PULSE_TEST_FIREFOX": os.path.realpath(firefox.path),
    }
    # The hosts that Chromium's flags map to loopback; Firefox's preference knows no patterns.
    prefs = {"network.dns.localDomains": "shop.example,stranger.example"}
    return {"channel": "moz-firefox", "executable_path": str(_RELAY), "env": env, "firefox_user_prefs": prefs}
