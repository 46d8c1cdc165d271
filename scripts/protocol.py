"""Write what the types of `chat/` say of the protocol into docs/: run it after every change of them.

python -m scripts.protocol
"""

from pathlib import Path

from chat.protocol import encode_schema, fill_in

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    page = DOCS / "protocol.md"
    page.write_text(fill_in(page.read_text()))
    (DOCS / "protocol.schema.json").write_text(encode_schema())


if __name__ == "__main__":
    main()
