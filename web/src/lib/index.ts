/** What an app uses of this library. */

export { Refused, type Access } from "./api.js";
export { exportQueue, type ExportedQueue } from "./export.js";
export { waitAfter } from "./backoff.js";
export { base64url, digestOf, hex, sha256, uuid7 } from "./bytes.js";
export { canonical, type Plain } from "./canonical.js";
export { Client, type Attempt, type Options } from "./client.js";
export { pageClocks, type Clocks, type Reading } from "./clocks.js";
export { ITEM, KEY, makeKey, message, sign, signedBy, SYNC, thumbprint, UPLOAD, type Jwk, type PhoneKey } from "./keys.js";
export { isPassing } from "./photos.js";
export type { Fix, Punch } from "./queue.js";
export type { TakenFrames } from "./proofs.js";
export type { FieldPack, Refusal, StoredItem, StoredProof, StoredReceipt } from "./store.js";
export { fitting, type Synced } from "./sync.js";
export { isOlder } from "./versions.js";
