// Reads `{form, frames}` (bytes as base64) and writes what engine/live_fragments.js makes of it.
import { stdin, stdout } from "node:process";
import { text } from "node:stream/consumers";

import { Fragments } from "../../streamer/web/engine/live_fragments.js";

const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const { form, frames } = JSON.parse(await text(stdin));
const made = new Fragments({ ...form, description: bytes(form.description) });
stdout.write(made.init);
for (const { at_us, units } of frames) stdout.write(made.add([{ at_us, units: units.map(bytes) }]));
