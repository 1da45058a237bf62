"""The page of the quiz, played through in a real browser: heard, answered, counted, saved."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bandroid import terminal
from bandroid.cli import app

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
N_PAIRS = 5

pytestmark = pytest.mark.browser

# What a person does, as fast as a page can: listens to both, chooses by turns A and B, and saves.
PLAYER = """
<script>
(async () => {
  const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
  const log = { sounds: [], verdicts: [], saved: null };
  const link = HTMLAnchorElement.prototype;
  link.click = function () { if (this.download) fetch(this.href).then(r => r.text()).then(text => {
    log.saved = { name: this.download, results: JSON.parse(text) }; }); };
  document.getElementById("begin").click();
  for (let pair = 0; pair < quiz.questions.length; pair += 1) {
    for (const sound of document.querySelectorAll("audio")) {
      for (let tries = 0; tries < 100 && !(sound.duration > 0); tries += 1) await wait(50);
      log.sounds.push(sound.duration);
    }
    document.querySelectorAll("button.choose")[pair % 2].click();
    log.verdicts.push(document.getElementById("verdict").textContent);
    document.getElementById("next").click();
  }
  document.getElementById("save").click();
  for (let tries = 0; tries < 100 && !log.saved; tries += 1) await wait(50);
  log.score = document.getElementById("score").textContent;
  const told = document.createElement("pre");
  told.id = "log";
  told.textContent = JSON.stringify(log);
  document.body.append(told);
})();
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium")
        pytest.skip("no Chromium")
    return found


def test_the_quiz_is_played_through(browser: str, tmp_path: Path) -> None:
    words = ["quiz", "--style", "chorale", "--pairs", str(N_PAIRS), "--bars", "4", "--seed", "1", "-o", str(tmp_path)]
    assert terminal.run(lambda: app(words, standalone_mode=False, prog_name="bandroid")) == 0
    page = tmp_path / "quiz.html"
    played = tmp_path / "played.html"
    played.write_text(page.read_text().replace("</html>", PLAYER + "</html>"))
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=60000",
        f"--user-data-dir={tmp_path}/u",
    ]
    done = subprocess.run(
        [browser, *flags, "--dump-dom", played.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    found = re.search(r'<pre id="log">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stdout[-2000:]
    log = json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert len(log["sounds"]) == 2 * N_PAIRS and all(second > 3 for second in log["sounds"])
    results = log["saved"]["results"]
    assert log["saved"]["name"] == "quiz-chorale-1.json" and results["pairs"] == N_PAIRS
    assert [answer["chosen"] for answer in results["answers"]] == ["A", "B", "A", "B", "A"]
    right = sum(answer["right"] for answer in results["answers"])
    assert results["right"] == right and f"You told {right} of {N_PAIRS}" in log["score"]
    for answer, verdict in zip(results["answers"], log["verdicts"], strict=True):
        assert verdict.startswith("Right" if answer["right"] else "No")
        assert answer["right"] == (answer["chosen"] == answer["real"])
    low, high = results["interval_95"]
    assert 0 <= low <= right / N_PAIRS <= high <= 1
    assert sum(kind["pairs"] for kind in results["kinds"].values()) == N_PAIRS
