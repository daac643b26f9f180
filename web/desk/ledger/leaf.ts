/** Reads what a leaf of the log says, column by column (docs/ledger-proofs.md). Pure. */

import { hex } from "../../src/lib/bytes.js";
import { bytesOf } from "./proof.js";

export interface Column {
  readonly name: string;
  readonly value: string | null;
}

const RULING = "ruling_id:u seq:i outcome reasons policy_version:i ruled_by:u note deadline_at:t";
const COLUMNS: Readonly<Record<string, string>> = {
  punch:
    "project_id:u received_at:t punch_id:u source source_id:u event_key person_id:u section_id:u occurred_at:t device_time time_quality " +
    "direction direction_source trust method lane granted:b fence_version_id:u policy_version:i covered:b signed_distance_m:f probability:f " +
    "accuracy_m:f sigma_m:f chainage_m:f offset_m:f signals:a payload_digest:x private_digest:x " +
    RULING.split(" ").map((column) => `first_ruling.${column}`).join(" "),
  ruling: `project_id:u ruled_at:t punch_id:u ${RULING}`,
  attribution: "project_id:u made_at:t attribution_id:u punch_id:u person_id:u occurred_at:t made_by:u reason",
};
const EPOCH_MS = Date.UTC(2000, 0, 1);

/** The columns of a leaf in base64; throws RangeError for bytes that are none. */
export function readLeaf(base64: string): Column[] {
  const [form, kind, ...values] = [...fieldsOf(bytesOf(base64))].map((one) => one);
  const columns = COLUMNS[textOf(kind ?? null) ?? ""]?.split(" ");
  if (textOf(form ?? null) !== "daogang.leaf/1" || columns === undefined || columns.length !== values.length) throw new RangeError("no leaf");
  return columns.map((column, place) => {
    const [name, type] = column.split(":") as [string, string | undefined];
    const bytes = values[place] ?? null;
    return { name, value: bytes === null ? null : valueOf(bytes, type) };
  });
}

function* fieldsOf(content: Uint8Array): Generator<Uint8Array | null> {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  for (let at = 0; at < content.length; ) {
    const length = view.getInt32(at);
    at += 4;
    if (length < -1 || at + Math.max(length, 0) > content.length) throw new RangeError("the leaf ends inside a field");
    yield length < 0 ? null : content.subarray(at, at + length);
    at += Math.max(length, 0);
  }
}

const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));

function valueOf(bytes: Uint8Array, type: string | undefined): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case "u":
      return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    case "t":
      return new Date(EPOCH_MS + Number(view.getBigInt64(0) / 1000n)).toISOString();
    case "b":
      return bytes[0] === 0 ? "false" : "true";
    case "i":
      return String(view.getInt32(0));
    case "f":
      return String(view.getFloat64(0));
    case "x":
      return hex(bytes);
    case "a":
      return [...fieldsOf(bytes.subarray(bytes.length < 20 ? bytes.length : 20))].map((one) => textOf(one) ?? "").join(", ");
    default:
      return textOf(bytes) ?? "";
  }
}
