/** One at a time, over all pages of the app: two that count at once would give one number twice. */

export async function oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`daogang.${name}`, work) as Promise<T>;
}
