// Reads a waveform with waveform-data, the library that players in browsers take for it.
//
//     node waveform_client.mjs WIDTH ADDRESS...
//
// Says a JSON line for each address, which ends in .dat or .json: what the library found there, and what it
// makes of it when it is to be WIDTH points wide.
import WaveformData from "waveform-data";

const [width, ...addresses] = process.argv.slice(2);

const shown = (waveform) => ({
  rate: waveform.sample_rate,
  scale: waveform.scale,
  length: waveform.length,
  bits: waveform.bits,
  channels: waveform.channels,
  seconds: waveform.duration,
  min: waveform.channel(0).min_array(),
  max: waveform.channel(0).max_array(),
});

for (const address of addresses) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} at ${address}`);
  const isText = new URL(address).pathname.endsWith(".json");
  const waveform = WaveformData.create(isText ? await answer.json() : await answer.arrayBuffer());
  const words = { found: shown(waveform), drawn: shown(waveform.resample({ width: Number(width) })) };
  process.stdout.write(`${JSON.stringify(words)}\n`);
}
