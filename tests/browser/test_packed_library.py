"""The player as users get it: only what `npm pack` packs, in third-party sites, and the tracker that the server serves.

The sites are the examples in examples/, with the additions for tests in frontend/player/tests/packed. They are
installed without a network: their other packages are copied from frontend/node_modules. Only the nightly ones, Next.js
and React 18, are installed from npm's registry.
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
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port

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
_ADDED = ("node_modules", "dist", ".next", "public", "film.mp4", "tracker*.js", "*.tgz", "package-lock.json")
_ENDPOINT = "http://127.0.0.1:8000/analytics"

_STRICT = ("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022")
_RESOLUTIONS = {"node": ("--module", "nodenext"), "bundler": ("--module", "esnext", "--moduleResolution", "bundler")}
_IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'`]([^"'`]+)["'`]""")

_README_PLAYER = re.compile(r"```tsx\n(?P<before>.*?)(?P<player><VideoPlayer .*?/>)\n```", re.DOTALL)
_INSTALL_SECONDS = 500

resolutions = pytest.mark.parametrize("resolution", [pytest.param("node", marks=pytest.mark.nightly), "bundler"])


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
def react_18_app(tarball: Path, web_root: Path, stack: Stack) -> Path:
    """The same application with React 18, built by Vite and configured with the stack's endpoint."""
    folder = _copy("vite-react", web_root, "react-18")
    versions = dict.fromkeys(("react", "react-dom"), "^18.3.1")
    types = dict.fromkeys(("@types/react", "@types/react-dom"), "^18.3.0")
    _install_from_registry(folder, tarball, dependencies=versions, devDependencies=types)
    return _build_with_vite(folder, stack)


@pytest.fixture(scope="module")
def next_app(tarball: Path, web_root: Path, stack: Stack, next_port: int) -> Iterator[str]:
    """The Next.js application, running; also with the README's lines as a page, in a server and a client component."""
    folder = _copy("nextjs", web_root)
    _set_endpoint(folder / "endpoint.ts", stack)
    found = _README_PLAYER.search((ROOT / "README.md").read_text())
    assert found
    page = f"{found['before']}export default function Page() {{ return ({found['player']}); }}\n"
    for name, directive in (("pasted", ""), ("pasted-in-client", "'use client';\n")):
        (folder / "app" / name).mkdir()
        (folder / "app" / name / "page.tsx").write_text(directive + page)
    for film in ("film.mp4", "videos/intro.mp4"):
        (folder / "public" / film).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(MEDIA / "clip-4s.mp4", folder / "public" / film)
    _install_from_registry(folder, tarball)
    _run("npm", "run", "build", cwd=folder, timeout=_INSTALL_SECONDS)
    command = ["node", "node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1", "--port", str(next_port)]
    server = LocalProcess(command, folder, name="next", cwd=folder, env=_node_env())
    server.start()
    wait_until(lambda: b"Ready in" in server.logs(), 60)
    yield f"http://127.0.0.1:{next_port}"
    server.stop(timeout=10)


@pytest.fixture(scope="module")
def reporting_page(plain_page: Path, stack: Stack) -> Path:
    """The plain page, configured with the stack's endpoint."""
    _set_endpoint(plain_page / "index.html", stack)
    return plain_page


@pytest.fixture(scope="module")
def built_app(react_app: Path, stack: Stack) -> Path:
    """The React application as built by Vite, configured with the stack's endpoint."""
    return _build_with_vite(react_app, stack)


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
def next_port() -> int:
    """The port of the Next.js application."""
    return free_port()


@pytest.fixture(scope="module")
def stack(origin: str, next_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`pulse up`, with only these sites as allowed origins."""
    with Stack(tmp_path_factory.mktemp("stack"), [origin, f"http://127.0.0.1:{next_port}"]) as stack:
        yield stack


@pytest.mark.nightly
def test_a_plain_page_reports_with_the_unpacked_tracker(stage: Stage, reporting_page: Path, origin: str) -> None:
    scripts = _play_and_count(stage, f"{origin}/{reporting_page.name}/index.html")
    assert scripts == [f"{origin}/plain/tracker.js"]


def test_a_plain_page_loads_what_sends_again_from_beside_the_tracker(
    stage: Stage, reporting_page: Path, origin: str
) -> None:
    stage.page.route(f"{stage.stack.url}/analytics", lambda route: route.abort(), times=1)
    scripts = _play_and_count(stage, f"{origin}/{reporting_page.name}/index.html")
    assert scripts == [f"{origin}/plain/tracker.js", f"{origin}/plain/tracker-redelivery.js"]


def test_a_page_with_the_tag_alone_reports_every_video_that_it_has_or_gets(
    stage: Stage, plain_page: Path, origin: str
) -> None:
    page = plain_page / "auto.html"
    page.write_text(page.read_text().replace("http://127.0.0.1:8000", stage.stack.url))
    scripts = _note_scripts(stage)
    before = stage.stack.count(VIDEO_ID)
    stage.page.goto(f"{origin}/plain/auto.html")
    Video(stage.page.locator("video")).play_to_the_end(rate=4)
    stage.page.evaluate(
        """() => {
             document.querySelector('script').dataset.userId = 'ada';
             document.querySelector('video').outerHTML =
               '<p><video data-video-id="later" src="film.mp4" muted></video></p>';
           }"""
    )
    Video(stage.page.locator("video")).play_to_the_end(rate=4)
    stage.ends({VIDEO_ID: before + 1, "later": 1}, reports=2)
    assert stage.stack.viewers("later") == ["ada"]
    assert scripts == [f"{stage.stack.url}/{name}" for name in ("tracker.js", "tracker-auto.js")]


@pytest.mark.nightly
@pytest.mark.timeout(_INSTALL_SECONDS)
def test_an_app_with_react_18_compiles_and_reports(stage: Stage, react_18_app: Path, origin: str) -> None:
    folder = react_18_app.parent
    for package in ("react", "@types/react"):
        manifest = json.loads((folder / "node_modules" / package / "package.json").read_text())
        assert manifest["version"].startswith("18.")
    options = (*_STRICT, *_RESOLUTIONS["bundler"], "--jsx", "react-jsx")
    _run_tool("typescript/bin/tsc", *options, "main.tsx", "check.tsx", cwd=folder)
    _play_and_count(stage, f"{origin}/react-18/dist/index.html")


@pytest.mark.nightly
@pytest.mark.timeout(2 * _INSTALL_SECONDS)
def test_a_next_app_reports_from_a_server_component(stage: Stage, next_app: str) -> None:
    _play_and_count(stage, next_app, says_so=False)


@pytest.mark.nightly
@pytest.mark.timeout(2 * _INSTALL_SECONDS)
@pytest.mark.parametrize("path", ["pasted", "pasted-in-client"])
def test_the_lines_of_the_readme_work_in_a_next_app_as_they_are(stage: Stage, next_app: str, path: str) -> None:
    stage.page.goto(f"{next_app}/{path}")
    with stage.page.expect_request(lambda request: request.method == "POST") as posted:
        Video(stage.page.locator("video")).play_to_the_end()
    assert posted.value.url == f"{next_app}/analytics"
    assert '"videoId":"intro"' in (posted.value.post_data or "")


def test_a_react_app_reports_with_the_installed_player(stage: Stage, built_app: Path, origin: str) -> None:
    stage.page.route(f"{stage.stack.url}/analytics", lambda route: route.abort(), times=1)
    scripts = _play_and_count(stage, f"{origin}/vite-react/dist/index.html")
    built = {file.name for file in (built_app / "assets").glob("*.js")}
    # The page's own script, and what sends a report again; hls.js is built beside them, but not needed here.
    loaded = [script.rpartition("/")[2] for script in scripts]
    assert [name.partition("-")[0] for name in loaded] == ["index", "tracker"]
    assert any(name.startswith("hls") for name in built - set(loaded))


@pytest.mark.nightly
@pytest.mark.stack
@pytest.mark.timeout(_INSTALL_SECONDS)
def test_npm_pack_installs_what_it_needs_in_a_fresh_clone(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("node_modules", "dist*")
    shutil.copytree(ROOT / "frontend", tmp_path / "frontend", ignore=ignored, symlinks=True)
    _run("npm", "pack", "--loglevel=error", cwd=tmp_path / "frontend" / "player", timeout=_INSTALL_SECONDS)
    packed = next((tmp_path / "frontend" / "player").glob("*.tgz"))
    with tarfile.open(packed) as files:
        scripts = {name.rpartition("/")[2] for name in files.getnames() if name.endswith(".js")}
    chunks = {f"tracker-{name}.js" for name in ("auto", "hls-js", "redelivery")}
    assert scripts == {"index.js", "react.js", "tracker.js", *chunks}


@resolutions
def test_the_types_of_the_player_check_with_react_19(react_app: Path, resolution: str) -> None:
    version = json.loads((react_app / "node_modules/@types/react/package.json").read_text())["version"]
    assert version.startswith("19.")
    options = (*_STRICT, *_RESOLUTIONS[resolution], "--jsx", "react-jsx")
    _run_tool("typescript/bin/tsc", *options, "main.tsx", "check.tsx", cwd=react_app)


@resolutions
def test_the_types_of_the_tracker_check_without_react(plain_page: Path, resolution: str) -> None:
    _run_tool("typescript/bin/tsc", *_STRICT, *_RESOLUTIONS[resolution], "check.ts", cwd=plain_page)


def test_only_what_needs_react_starts_with_use_client(react_app: Path) -> None:
    scripts = _entry(react_app, ".").parent.glob("*.js")
    assert [file.name for file in scripts if re.match(r"""["']use client["'];""", file.read_text())] == ["react.js"]


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


def _play_and_count(stage: Stage, url: str, *, says_so: bool = True) -> list[str]:
    """Play the film of a page to its end, which counts once. Returns the scripts that the page fetched."""
    before = stage.stack.count(VIDEO_ID)
    scripts = _note_scripts(stage)
    stage.page.goto(url)
    Video(stage.page.locator("video")).play_to_the_end()
    if says_so:
        stage.page.get_by_role("status").get_by_text("Watched past the half").wait_for()
    stage.ends({VIDEO_ID: before + 1}, reports=1)
    return scripts


def _note_scripts(stage: Stage) -> list[str]:
    """The addresses of the scripts that the page fetches from now on."""
    scripts: list[str] = []
    stage.page.on("request", lambda request: scripts.append(request.url) if request.url.endswith(".js") else None)
    return scripts


def _copy(name: str, web_root: Path, copy: str | None = None) -> Path:
    folder = web_root / (copy or name)
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(*_ADDED))
    if (CHECKS / name).is_dir():
        shutil.copytree(CHECKS / name, folder, dirs_exist_ok=True)
    return folder


def _install_from_registry(folder: Path, tarball: Path, **versions: dict[str, str]) -> None:
    """Install an example as its README says, with these versions instead of its own."""
    shutil.copy(tarball, folder)
    manifest = json.loads((folder / "package.json").read_text())
    for kind, changed in versions.items():
        manifest[kind].update(changed)
    (folder / "package.json").write_text(json.dumps(manifest))
    _run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder, timeout=_INSTALL_SECONDS)


def _build_with_vite(folder: Path, stack: Stack) -> Path:
    _set_endpoint(folder / "main.tsx", stack)
    (folder / "public").mkdir()
    shutil.copy(MEDIA / "clip-4s.mp4", folder / "public" / "film.mp4")
    _run_tool("vite/bin/vite.js", "build", "--base", "./", "--logLevel", "warn", cwd=folder)
    return folder / "dist"


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


def _run(name: str, *arguments: str, cwd: Path, timeout: float = 110) -> str:
    """Run a program of Node's, from the PATH or the virtual environment. Returns its output."""
    env = _node_env()
    program = shutil.which(name, path=env["PATH"])
    assert program, f"These tests need {name}: `make site`."
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=timeout
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _node_env() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "NEXT_TELEMETRY_DISABLED": "1"}


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: a browser closes the connection of a video as soon as it has enough of it."""
