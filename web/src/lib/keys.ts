/** Makes the phone's key, whose private part cannot leave the browser, and signs with it. */

import { base64url, digestOf, utf8 } from "./bytes.js";
import { canonical } from "./canonical.js";

export const ITEM = "daogang.item.1\n";
export const SYNC = "daogang.sync.1\n";
export const KEY = "daogang.key.1\n";
export const UPLOAD = "daogang.upload.1\n";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

export interface Jwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

export interface PhoneKey {
  /** RFC 7638 thumbprint, which names the key. */
  readonly id: string;
  readonly jwk: Jwk;
  /** Not extractable: it can be stored and used, not read. */
  readonly privateKey: CryptoKey;
}

export async function makeKey(): Promise<PhoneKey> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const { x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  if (x === undefined || y === undefined) throw new Error("the browser made a key without coordinates");
  const jwk: Jwk = { kty: "EC", crv: "P-256", x, y };
  return { id: await thumbprint(jwk), jwk, privateKey: pair.privateKey };
}

export async function thumbprint(jwk: Jwk): Promise<string> {
  return digestOf(canonical({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }));
}

/** Return what is signed: the label keeps a signature for one purpose from serving another. */
export function message(label: string, text: string): Uint8Array<ArrayBuffer> {
  return utf8(label + text);
}

/** Sign a text; base64url of r and s. */
export async function sign(key: CryptoKey, label: string, text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.sign(SIGNING, key, message(label, text))));
}

/** Return the headers that sign a text: of a call, or of a request for a photo. */
export async function signedBy(key: PhoneKey, label: string, text: string): Promise<Record<string, string>> {
  return {
    "X-Daogang-Phone-Key": key.id,
    "X-Daogang-Phone-Signature": await sign(key.privateKey, label, text),
  };
}
