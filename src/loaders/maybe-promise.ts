/** At once where it is known: a promise costs a row of a page more than all else that is done for it. */
export type MaybePromise<Value> = Value | Promise<Value>

export function andThen<Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return value instanceof Promise ? value.then(next) : next(value)
}
