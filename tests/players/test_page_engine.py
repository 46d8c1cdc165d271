"""The judgement of the page's player, tested in JavaScript, under Node's own test runner."""

import shutil
import subprocess
from pathlib import Path

TIMEOUT_S = 60


def test_the_engine_decides_well() -> None:
    node = shutil.which("node")
    assert node, "node is missing: run scripts/setup serve"
    command = [node, "--test", str(Path(__file__).with_name("engine.test.mjs"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
