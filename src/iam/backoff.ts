/** How long to wait before the next attempt: exponential from `base`, with full jitter, in milliseconds. */
export function backoff(attempt: number, base: number): number {
  return Math.random() * base * 2 ** (attempt - 1)
}
