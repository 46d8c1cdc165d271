"""streamer/script.py: what is preloaded, what is left out, and several modules as one."""

from streamer.script import joined, static_imports, without_comments


def test_all_that_the_entry_imports_is_preloaded_once_and_no_more() -> None:
    scripts = {
        "/assets/1/app.js": b'import { a } from "./parts/a.js";\nimport x from "lib";\nimport("./later.js");',
        "/assets/1/parts/a.js": b'import "../b.js";\nexport * from "./a.js";',
        "/assets/1/b.js": b'import{h}from"lib";',
        "/assets/1/later.js": b"",
        "/assets/2/lib.mjs": b'import{y}from"deep";',
        "/assets/2/deep.mjs": b"",
    }
    modules = {"lib": "/assets/2/lib.mjs", "deep": "/assets/2/deep.mjs"}
    assert sorted(static_imports(scripts, modules, ["/assets/1/app.js"])) == [
        "/assets/1/app.js",
        "/assets/1/b.js",
        "/assets/1/parts/a.js",
        "/assets/2/deep.mjs",
        "/assets/2/lib.mjs",
    ]


def test_comments_stay_behind_and_lines_keep_their_numbers() -> None:
    script = """// What it is.
const a = 1; // said of this line
/** One line. */
/**
 * Several
 * lines.
 */
const url = "https://x";
  // indented
a();
"""
    sent = without_comments(script)
    assert sent == '\nconst a = 1; // said of this line\n\n\n\n\n\nconst url = "https://x";\n\na();\n'
    assert sent.count("\n") == script.count("\n")


def test_modules_of_a_folder_become_one_with_what_is_imported_first() -> None:
    scripts = {
        "main.js": 'import { B } from "./b.js";\nimport { a } from "./a.js";\nexport class M extends B {}\n',
        "b.js": 'import { a } from "./a.js";\nexport class B { x = a; }\n',
        "a.js": "export const a = 1;\n",
        "other.js": "export const other = 1;\n",
    }
    assert joined(scripts, "main.js") == (
        "export const a = 1;\n\nexport class B { x = a; }\n\nexport class M extends B {}\n"
    )
