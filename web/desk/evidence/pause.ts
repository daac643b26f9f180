/** Waits between two questions to the server; leaving the screen ends the wait. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, left) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      left(new DOMException("left", "AbortError"));
    });
  });
}
