"""Write the table of `chat.limits.ChatLimits` into docs/operations.md: run it after every change of it.

python -m scripts.limits
"""

import inspect
import re
from pathlib import Path

from chat.limits import ChatLimits
from streamer.chat_settings import DEFAULTS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
BEGIN, END = "<!-- limits: written by python -m scripts.limits -->\n", "<!-- end of limits -->\n"
_LINE = re.compile(r"^    (\w+): \w+ = .*?(?:  # (.*))?$", re.MULTILINE)


def table() -> str:
    """Markdown, one row a limit, with what the source says beside it."""
    meaning = dict(_LINE.findall(inspect.getsource(ChatLimits)))
    rows = [f"| `{name}` | `{default}` | {meaning[name]} |\n" for name, default in DEFAULTS.items()]
    return "| limit | default | |\n|---|---|---|\n" + "".join(rows)


def fill_in(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(fill_in(PAGE.read_text()))
