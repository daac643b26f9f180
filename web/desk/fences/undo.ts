/** Steps that can be taken back and again. Pure. */

const MOST_STEPS = 200;

export interface Steps<T> {
  readonly past: readonly T[];
  readonly now: T;
  readonly future: readonly T[];
}

export function stepsFrom<T>(now: T): Steps<T> {
  return { past: [], now, future: [] };
}

export function stepped<T>(steps: Steps<T>, next: T): Steps<T> {
  return { past: [...steps.past, steps.now].slice(-MOST_STEPS), now: next, future: [] };
}

export function undone<T>(steps: Steps<T>): Steps<T> {
  const before = steps.past.at(-1);
  return before === undefined ? steps : { past: steps.past.slice(0, -1), now: before, future: [steps.now, ...steps.future] };
}

export function redone<T>(steps: Steps<T>): Steps<T> {
  const [after, ...rest] = steps.future;
  return after === undefined ? steps : { past: [...steps.past, steps.now], now: after, future: rest };
}
