"""What a page's audio elements sound like, sample by sample, as the page itself plays them."""

import base64

import numpy as np
from playwright.sync_api import Page

from tests.support.pcm import Samples

# An AudioWorklet hears every sample that the elements give, whatever the machine is busy with. Its file has
# an address of the page's own making, so the context has to be made with `bypass_csp=True`.
_START_JS = """async rate => {
  const context = new AudioContext({sampleRate: rate});
  window.heard = [];
  MAKE_NODE
  for (const audio of document.querySelectorAll("audio")) {
    context.createMediaElementSource(audio).connect(node);
  }
  node.connect(context.destination);
  await context.resume();
}"""
_WORKLET_JS = """const worklet = `registerProcessor("capture", class extends AudioWorkletProcessor {
    process([channels]) {
      if (channels.length) this.port.postMessage(channels.map(each => each.slice()));
      return true;
    }
  })`;
  const file = new Blob([worklet], {type: "text/javascript"});
  await context.audioWorklet.addModule(URL.createObjectURL(file));
  const node = new AudioWorkletNode(context, "capture", {channelCount: 2, channelCountMode: "explicit"});
  node.port.onmessage = ({data}) => window.heard.push(data);"""
_SCRIPTED_JS = """const node = context.createScriptProcessor(16384, 2, 2);
  node.onaudioprocess = ({inputBuffer}) =>
    window.heard.push([0, 1].map(channel => inputBuffer.getChannelData(channel).slice()));"""
START_JS = _START_JS.replace("MAKE_NODE", _WORKLET_JS)
# For Firefox, which takes a worklet only from where the page's policy allows, and keeps up without one.
START_SCRIPTED_JS = _START_JS.replace("MAKE_NODE", _SCRIPTED_JS)
TAKE_JS = """(() => {
  const pairs = window.heard.flatMap(([left, right = left]) =>
    Array.from(left, (sample, i) => [sample, right[i]]));
  const bytes = new Uint8Array(new Float32Array(pairs.flat()).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
})()"""


def own_rate(page: Page) -> int:
    """Hz of the browser's sound output: sound of that rate is not resampled on its way."""
    rate: float = page.evaluate("new AudioContext().sampleRate")
    return int(rate)


def start_capture(page: Page, rate: int) -> None:
    """From now on, all that the page's audio elements play is heard, at `rate` Hz."""
    page.evaluate(START_JS, rate)


def samples_of(text: str) -> Samples:
    """What `TAKE_JS` gave: float32 of shape (frames, 2)."""
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(-1, 2)


def captured(page: Page) -> Samples:
    """What was heard so far: float32 of shape (frames, 2)."""
    return samples_of(page.evaluate(TAKE_JS))
