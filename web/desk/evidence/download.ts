/** Hands an answer of the API to the browser as a file, under the name that the server gave it. */

export async function keepFile(answer: Response, otherwise: string): Promise<void> {
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = named?.[1] ?? otherwise;
  link.click();
  // The browser reads the address when it begins to save, which is after this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
