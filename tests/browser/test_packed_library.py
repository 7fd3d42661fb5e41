"""The player as users get it: only what `npm pack` packs, in two third-party sites.

The sites are the examples in examples/, with the additions for tests in frontend/player/tests/packed. They are
installed without a network: their other packages are copied from frontend/node_modules.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.site import MEDIA, ROOT
from tests.browser.stack import Stack
from tests.browser.stage import Stage, Video

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = ROOT / "frontend" / "node_modules"
PACKAGE = ROOT / "frontend" / "player"
EXAMPLES = ROOT / "examples"
CHECKS = PACKAGE / "tests" / "packed"
PLAYER = "node_modules/@pulse-analytics/player"
# The dependencies of a React 19 application, and their dependencies.
OTHER_PACKAGES = ("react", "react-dom", "scheduler", "hls.js", "@types/react", "@types/react-dom", "csstype")
VIDEO_ID = "intro"
# Files that the examples' READMEs tell users to add.
_ADDED = ("node_modules", "dist", "public", "film.mp4", "tracker*.js", "*.tgz", "package-lock.json")
_ENDPOINT = "http://127.0.0.1:8000/analytics"

_STRICT = ("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022")
_RESOLUTIONS = {"node": ("--module", "nodenext"), "bundler": ("--module", "esnext", "--moduleResolution", "bundler")}
_IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'`]([^"'`]+)["'`]""")

resolutions = pytest.mark.parametrize("resolution", _RESOLUTIONS)


@pytest.fixture(scope="module")
def tarball(built_site: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that would be published. `npm pack` builds it first."""
    folder = tmp_path_factory.mktemp("tarball")
    _run("npm", "pack", "--loglevel=error", "--pack-destination", str(folder), cwd=PACKAGE)
    return next(folder.glob("*.tgz"))


@pytest.fixture(scope="module")
def web_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the sites' web server serves."""
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="module")
def plain_page(tarball: Path, web_root: Path) -> Path:
    """The plain page, with the tracker from the tarball beside it: no bundler, no React."""
    folder = _copy("plain", web_root)
    with tarfile.open(tarball) as packed:
        packed.extractall(folder, filter="data")
    (folder / PLAYER).parent.mkdir(parents=True)
    (folder / "package").rename(folder / PLAYER)
    for script in _entry(folder, "./tracker").parent.glob("tracker*.js"):
        shutil.copy(script, folder)
    shutil.copy(MEDIA / "clip-4s.mp4", folder / "film.mp4")
    return folder


@pytest.fixture(scope="module")
def react_app(tarball: Path, web_root: Path) -> Path:
    """The React application, with the tarball installed where its manifest expects it."""
    folder = _copy("vite-react", web_root)
    shutil.copy(tarball, folder)
    manifest = json.loads((folder / "package.json").read_text())
    assert manifest["dependencies"]["@pulse-analytics/player"] == f"file:{tarball.name}"
    manifest["dependencies"].update({name: f"file:{MODULES / name}" for name in OTHER_PACKAGES})
    del manifest["devDependencies"]  # These tools run from frontend/node_modules.
    (folder / "package.json").write_text(json.dumps(manifest))
    _run("npm", "install", "--offline", "--install-links", "--ignore-scripts", "--loglevel=error", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def reporting_page(plain_page: Path, stack: Stack) -> Path:
    """The plain page, configured with the stack's endpoint."""
    _set_endpoint(plain_page / "index.html", stack)
    return plain_page


@pytest.fixture(scope="module")
def built_app(react_app: Path, stack: Stack) -> Path:
    """The React application as built by Vite, configured with the stack's endpoint."""
    _set_endpoint(react_app / "main.tsx", stack)
    (react_app / "public").mkdir()
    shutil.copy(MEDIA / "clip-4s.mp4", react_app / "public" / "film.mp4")
    _run_tool("vite/bin/vite.js", "build", "--base", "./", "--logLevel", "warn", cwd=react_app)
    return react_app / "dist"


@pytest.fixture(scope="module")
def origin(web_root: Path) -> Iterator[str]:
    """The origin of the sites' web server."""
    with _QuietServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(web_root))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="web")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def stack(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`pulse up`, with only these sites as allowed origins."""
    with Stack(tmp_path_factory.mktemp("stack"), [origin]) as stack:
        yield stack


def test_a_plain_page_reports_with_the_unpacked_tracker(stage: Stage, reporting_page: Path, origin: str) -> None:
    scripts = _play_and_count(stage, f"{origin}/{reporting_page.name}/index.html")
    assert scripts == [f"{origin}/plain/tracker.js"]


def test_a_plain_page_loads_what_sends_again_from_beside_the_tracker(
    stage: Stage, reporting_page: Path, origin: str
) -> None:
    stage.page.route(f"{stage.stack.url}/analytics", lambda route: route.abort(), times=1)
    scripts = _play_and_count(stage, f"{origin}/{reporting_page.name}/index.html")
    assert scripts == [f"{origin}/plain/tracker.js", f"{origin}/plain/tracker-redelivery.js"]


def test_a_react_app_reports_with_the_installed_player(stage: Stage, built_app: Path, origin: str) -> None:
    stage.page.route(f"{stage.stack.url}/analytics", lambda route: route.abort(), times=1)
    scripts = _play_and_count(stage, f"{origin}/vite-react/dist/index.html")
    built = {file.name for file in (built_app / "assets").glob("*.js")}
    # The page's own script, and what sends a report again; hls.js is built beside them, but not needed here.
    loaded = [script.rpartition("/")[2] for script in scripts]
    assert [name.partition("-")[0] for name in loaded] == ["index", "tracker"]
    assert any(name.startswith("hls") for name in built - set(loaded))


@resolutions
def test_the_types_of_the_player_check_with_react_19(react_app: Path, resolution: str) -> None:
    version = json.loads((react_app / "node_modules/@types/react/package.json").read_text())["version"]
    assert version.startswith("19.")
    options = (*_STRICT, *_RESOLUTIONS[resolution], "--jsx", "react-jsx")
    _run_tool("typescript/bin/tsc", *options, "main.tsx", "check.tsx", cwd=react_app)


@resolutions
def test_the_types_of_the_tracker_check_without_react(plain_page: Path, resolution: str) -> None:
    _run_tool("typescript/bin/tsc", *_STRICT, *_RESOLUTIONS[resolution], "check.ts", cwd=plain_page)


def test_the_player_starts_with_use_client(react_app: Path) -> None:
    assert re.match(r"""["']use client["'];""", _entry(react_app, ".").read_text())


@pytest.mark.parametrize("navigator", ["with", "without"])
def test_the_player_can_be_rendered_and_its_outbox_started_on_a_server(react_app: Path, navigator: str) -> None:
    html = _run("node", "server.mjs", navigator, cwd=react_app)
    assert re.fullmatch(r'<video [^>]*src="/v1\.mp4"[^>]*></video>', html)


def test_the_tracker_imports_nothing_but_itself(plain_page: Path) -> None:
    assert _imported_packages(_entry(plain_page, "./tracker")) == set()


def test_the_player_imports_only_its_declared_dependencies(react_app: Path) -> None:
    assert _imported_packages(_entry(react_app, ".")) == {"react", "react/jsx-runtime", "hls.js"}
    manifest = json.loads((react_app / PLAYER / "package.json").read_text())
    assert set(manifest["dependencies"]) == {"hls.js"}
    assert set(manifest["peerDependencies"]) == {"react"}


def _play_and_count(stage: Stage, url: str) -> list[str]:
    """Play the film of a page to its end, which counts once. Returns the scripts that the page fetched."""
    before = stage.stack.count(VIDEO_ID)
    scripts: list[str] = []
    stage.page.on("request", lambda request: scripts.append(request.url) if request.url.endswith(".js") else None)
    stage.page.goto(url)
    Video(stage.page.locator("video")).play_to_the_end()
    stage.page.get_by_role("status").get_by_text("Watched past the half").wait_for()
    stage.ends({VIDEO_ID: before + 1}, reports=1)
    return scripts


def _copy(name: str, web_root: Path) -> Path:
    folder = web_root / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(*_ADDED))
    shutil.copytree(CHECKS / name, folder, dirs_exist_ok=True)
    return folder


def _set_endpoint(file: Path, stack: Stack) -> None:
    """Change the endpoint in an example, as its README says."""
    text = file.read_text()
    assert text.count(_ENDPOINT) == 1
    file.write_text(text.replace(_ENDPOINT, f"{stack.url}/analytics"))


def _entry(site: Path, name: str) -> Path:
    """The file that an import of `name` resolves to."""
    exports = json.loads((site / PLAYER / "package.json").read_text())["exports"]
    return site / PLAYER / str(exports[name]["default"])


def _imported_packages(file: Path, seen: set[Path] | None = None) -> set[str]:
    """The packages that a script and everything it imports, statically or dynamically, import."""
    seen = set() if seen is None else seen
    if file in seen:
        return set()
    seen.add(file)
    imported = set(_IMPORT.findall(file.read_text()))
    own = {name for name in imported if name.startswith(".")}
    return (imported - own).union(*(_imported_packages((file.parent / name).resolve(), seen) for name in own))


def _run_tool(script: str, *arguments: str, cwd: Path) -> str:
    """Run a tool of frontend/node_modules."""
    return _run("node", str(MODULES / script), *arguments, cwd=cwd)


def _run(name: str, *arguments: str, cwd: Path) -> str:
    """Run a program of Node's, from the PATH or the virtual environment. Returns its output."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    program = shutil.which(name, path=path)
    assert program, f"These tests need {name}: `make site`."
    env = {**os.environ, "PATH": path}
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: a browser closes the connection of a video as soon as it has enough of it."""
