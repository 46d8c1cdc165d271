// veza.js as it is served, against the server that serves it, over a line that can be cut.
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";

const SERVER = new URL(process.env.VEZA_URL);
const script = await (await fetch(new URL("/veza.js", SERVER))).text();
const { Veza } = await import(`data:text/javascript,${encodeURIComponent(script)}`);

/** A line to the server: `cut()` and `mend()` it, or make the client `deaf`. */
async function aLine() {
  const ends = new Set();
  const line = { whole: true, deaf: false };
  const listener = net.createServer((near) => {
    if (!line.whole) return void near.destroy();
    const far = net.connect(Number(SERVER.port), SERVER.hostname);
    for (const end of [near, far]) {
      ends.add(end);
      end.on("error", () => {});
      end.on("close", () => ends.delete(end));
    }
    near.pipe(far);
    far.on("data", (data) => line.deaf || near.write(data));
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  line.url = `ws://127.0.0.1:${listener.address().port}/ws`;
  line.cut = () => {
    line.whole = false;
    for (const end of ends) end.destroy();
  };
  line.mend = () => (line.whole = true);
  line.close = () => {
    line.cut();
    listener.close();
  };
  return line;
}

/** Somebody in a room, who writes down what is said there. */
function somebody(url, name, room) {
  const client = new Veza({ url, name, page: null });
  const heard = [];
  const note = ({ seq, body }) => heard.push({ seq, body });
  client.on("joined", ({ messages }) => messages.forEach(note));
  client.on("message", note);
  client.join(room);
  client.connect();
  return { client, heard, said: () => heard.map(({ body }) => body) };
}

async function until(condition) {
  const limit = Date.now() + 30_000;
  while (!condition()) {
    assert.ok(Date.now() < limit, `never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("over a line that breaks again and again nothing is lost, nothing is doubled", async () => {
  const line = await aLine();
  const ann = somebody(line.url, "ann", "node-cut");
  const bob = somebody(`ws://${SERVER.host}/ws`, "bob", "node-cut");
  const written = [];
  try {
    for (let round = 0; round < 5; round += 1) {
      for (const who of [ann, bob]) {
        for (let index = 0; index < 4; index += 1) {
          written.push(`${round} ${who === ann} ${index}`);
          who.client.send("node-cut", written.at(-1));
        }
        if (who === ann) line.cut();
      }
      line.mend();
      await until(() => ann.heard.length >= written.length && bob.heard.length >= written.length);
    }
    assert.deepEqual(ann.heard, bob.heard);
    assert.deepEqual(ann.heard.map(({ seq }) => seq), written.map((_, index) => index + 1));
    assert.deepEqual(ann.said().toSorted(), written.toSorted());
    assert.deepEqual(ann.client.pending("node-cut"), []);
  } finally {
    for (const { client } of [ann, bob]) client.close();
    line.close();
  }
});

test("a message whose acknowledgement was lost goes again and is stored once", async () => {
  const line = await aLine();
  const ann = somebody(line.url, "ann", "node-deaf");
  const bob = somebody(`ws://${SERVER.host}/ws`, "bob", "node-deaf");
  try {
    ann.client.send("node-deaf", "before");
    await until(() => ann.heard.length && bob.heard.length);
    line.deaf = true;
    ann.client.send("node-deaf", "once");
    await until(() => bob.heard.length === 2);
    assert.equal(ann.client.pending("node-deaf").length, 1);
    line.cut();
    line.deaf = false;
    line.mend();
    await until(() => ann.client.pending("node-deaf").length === 0);
    ann.client.send("node-deaf", "after");
    await until(() => ann.heard.length >= 3 && bob.heard.length >= 3);
    assert.deepEqual(bob.said(), ["before", "once", "after"]);
    assert.deepEqual(ann.heard, bob.heard);
  } finally {
    for (const { client } of [ann, bob]) client.close();
    line.close();
  }
});

test("the server's time is known to within the way to it", async () => {
  const { client } = somebody(`ws://${SERVER.host}/ws`, "ann", "node-time");
  try {
    client.measure();
    let pongs = 0;
    client.on("pong", () => (pongs += 1));
    await until(() => pongs === 4);
    const before = Date.now();
    const { now, error_ms } = client.serverTime(); // the same machine's clock
    const after = Date.now();
    const off_ms = now < before ? before - now : Math.max(0, now - after);
    assert.ok(off_ms <= error_ms + 2, `${off_ms} ms off, ${error_ms} claimed`);
  } finally {
    client.close();
  }
});
