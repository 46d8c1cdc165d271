// Uploads a file with tus-js-client, which knows nothing of this server but its address.
//
//     node tus_client.mjs FILE ENDPOINT CHUNK-BYTES
//
// Says a JSON line each on stdout: `{"resumed": n}` when it learns where to go on, `{"done": url}`, `{"failed": why}`.
import { createReadStream } from "node:fs";

import { Upload } from "tus-js-client";

const [path, endpoint, chunkBytes] = process.argv.slice(2);
const say = (words) => process.stdout.write(`${JSON.stringify(words)}\n`);

const upload = new Upload(createReadStream(path), {
  endpoint,
  chunkSize: Number(chunkBytes) || Infinity,
  metadata: { filename: "by tus-js-client.wav", filetype: "audio/wav", ref: "tus-js-client" },
  retryDelays: Array.from({ length: 200 }, () => 100),
  onAfterResponse(request, response) {
    if (request.getMethod() === "HEAD") say({ resumed: Number(response.getHeader("Upload-Offset")) });
  },
  onSuccess: () => say({ done: upload.url }),
  onError(error) {
    say({ failed: error.message });
    process.exitCode = 1;
  },
});
upload.start();
