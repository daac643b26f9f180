/** Shows presence by a passkey of this phone; makes one first where there is none. */

import type { components } from "../generated/api.js";
import { base64url } from "../src/lib/bytes.js";
import { http } from "./state.js";

type Schemas = components["schemas"];
type Options = Readonly<Record<string, unknown>>;

export function canUsePasskeys(): boolean {
  return "PublicKeyCredential" in window && window.isSecureContext;
}

/** Show that I am here to a project. Throws Refused, DOMException when the person says no, TypeError without network. */
export async function showPasskey(projectId: string): Promise<Schemas["ProofAnswer"]> {
  const known = await http.ask("get", "/mobile/v1/presence/passkeys");
  if (known.length === 0) await makePasskey();
  const asked = await http.ask("post", "/mobile/v1/presence/passkey-challenges", { body: { project_id: projectId } });
  const options = asked.options as Options;
  const shown = (await navigator.credentials.get({
    publicKey: {
      ...(options as object),
      challenge: bytes(options["challenge"]),
      allowCredentials: named(options["allowCredentials"]),
    },
  })) as PublicKeyCredential;
  const response = shown.response as AuthenticatorAssertionResponse;
  return http.ask("post", "/mobile/v1/presence/passkey-proofs", {
    body: {
      challenge_id: asked.challenge_id,
      credential: {
        ...spelled(shown),
        response: {
          clientDataJSON: text(response.clientDataJSON),
          authenticatorData: text(response.authenticatorData),
          signature: text(response.signature),
          userHandle: response.userHandle === null ? null : text(response.userHandle),
        },
      },
    },
  });
}

async function makePasskey(): Promise<void> {
  const asked = await http.ask("post", "/mobile/v1/presence/passkeys/challenges");
  const options = asked.options as Options;
  const user = options["user"] as { readonly id: string };
  const made = (await navigator.credentials.create({
    publicKey: {
      ...(options as unknown as PublicKeyCredentialCreationOptions),
      challenge: bytes(options["challenge"]),
      user: { ...(user as unknown as PublicKeyCredentialUserEntity), id: bytes(user.id) },
      excludeCredentials: named(options["excludeCredentials"]),
    },
  })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  await http.ask("post", "/mobile/v1/presence/passkeys", {
    body: {
      challenge_id: asked.challenge_id,
      credential: {
        ...spelled(made),
        response: {
          clientDataJSON: text(response.clientDataJSON),
          attestationObject: text(response.attestationObject),
          transports: response.getTransports(),
        },
      },
    },
  });
}

function spelled(credential: PublicKeyCredential): Readonly<Record<string, unknown>> {
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: credential.getClientExtensionResults() };
}

function named(list: unknown): PublicKeyCredentialDescriptor[] {
  const given = (list ?? []) as readonly { readonly id: string; readonly type: "public-key"; readonly transports?: AuthenticatorTransport[] }[];
  return given.map((one) => ({ ...one, id: bytes(one.id) }));
}

function bytes(spelledText: unknown): Uint8Array<ArrayBuffer> {
  const binary = atob(String(spelledText).replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (one) => one.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  return base64url(new Uint8Array(buffer));
}
