// Uploads one file with tus-js-client as any phone app would, and prints how it went.
// Standard input: {"endpoint", "token", "sha256", "content" (base64), "chunk_bytes"}.
import { readFileSync } from "node:fs";
import { Upload } from "tus-js-client";

const order = JSON.parse(readFileSync(0, "utf8"));
let retries = 0;
const upload = new Upload(Buffer.from(order.content, "base64"), {
  endpoint: order.endpoint,
  headers: { Authorization: `Bearer ${order.token}` },
  metadata: { sha256: order.sha256, filetype: "image/jpeg" },
  chunkSize: order.chunk_bytes ?? Infinity,
  retryDelays: Array(400).fill(20),
  onShouldRetry: (error) => {
    retries += 1;
    const status = error.originalResponse?.getStatus() ?? 0;
    return status === 0 || status === 400 || status === 409 || status >= 500;
  },
  onSuccess: () => console.log(JSON.stringify({ done: true, retries, url: upload.url })),
  onError: (error) => console.log(JSON.stringify({ done: false, retries, status: error.originalResponse?.getStatus() ?? 0 })),
});
upload.start();
