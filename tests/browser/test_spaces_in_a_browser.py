"""The graphs of the spaces that ship say in a browser (onnxruntime-web, WebAssembly) what they say here."""

from __future__ import annotations

import functools
import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from bandroid.bundle.store import SHIPPED_FOLDER, open_style
from bandroid.generation.space_style import SpaceStyle, load_space_style
from bandroid.representations.window import PATCH_STEPS, WINDOW_KINDS, Voice, patches_of

FOLDER = Path(__file__).resolve().parent
RUNTIME = FOLDER / "node_modules" / "onnxruntime-web" / "dist"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_SECOND = 120

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    missing = "no Chromium" if found is None else "no onnxruntime-web (npm ci in tests/browser)"
    if found is None or not RUNTIME.is_dir():
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


class _Server(http.server.ThreadingHTTPServer):
    """Serves the page, the runtime and the spaces, and takes the answer."""

    def __init__(self, cases: dict[str, Any]) -> None:
        self.cases = json.dumps(cases).encode()
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(FOLDER)))


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - as the base class has it
        ".html": "text/html",
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        "": "application/octet-stream",
    }

    def translate_path(self, path: str) -> str:
        for prefix, folder in (("/ort/", RUNTIME), ("/spaces/", SHIPPED_FOLDER)):
            if path.startswith(prefix):
                return str(folder / path.removeprefix(prefix))
        return super().translate_path(path)

    def do_GET(self) -> None:
        if self.path != "/cases.json":
            return super().do_GET()
        cases = cast(_Server, self.server).cases
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(cases)))
        self.end_headers()
        self.wfile.write(cases)
        return None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        cast(_Server, self.server).answers.put(json.loads(body))

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""


def spaces() -> dict[str, SpaceStyle]:
    return {name: load_space_style(open_style(SHIPPED_FOLDER / name)) for name in WINDOW_KINDS}


def kind_of(voice: Voice) -> str:
    return "part" if voice.is_part else "line" if voice.is_line else "drums"


def test_one_point_of_each_space_is_written_alike(browser: str, tmp_path: Path) -> None:
    styles = spaces()
    points, frames = {}, {}
    for name, style in styles.items():
        points[name], band = style.draw(np.random.default_rng(7), 1, style.bands[0])
        players = band.player_numbers if style.kind.has_parts else None
        frames[name] = style.frames(1, 14 if name == "drums-2bar" else 16, players)
    cases = {
        name: {
            "url": f"/spaces/{name}",
            "z": [float(number) for number in points[name][0]],
            "lengths": frames[name].lengths[0].tolist(),
            "players": frames[name].players[0].tolist(),
            "voices": [
                {"size": str(voice.grid.size), "nScores": voice.grid.n_scores, "kind": kind_of(voice)}
                for voice in style.kind.voices
            ],
        }
        for name, style in styles.items()
    }
    server = _Server(cases)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += [f"--user-data-dir={tmp_path}", f"http://127.0.0.1:{server.server_port}/page.html"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            answer = server.answers.get(timeout=WAIT_SECOND)
        except queue.Empty:
            pytest.fail(f"the browser said nothing for {WAIT_SECOND} seconds")
        finally:
            process.terminate()
            process.wait(20)
            server.shutdown()
            server.server_close()
    assert "found" in answer, answer.get("error")
    for name, style in styles.items():
        (window,) = style.runtime.decode(points[name], frames[name])
        here = patches_of([window], style.kind).symbols[0]
        there = np.array(answer["found"][name], dtype=np.int64)
        assert there.shape == (style.kind.n_patches, len(style.kind.voices), PATCH_STEPS)
        np.testing.assert_array_equal(there, here, err_msg=name)
        assert here.any(), f"{name}: silence proves nothing"
