import type { Context } from '../../src/context.ts'

export interface Held {
  /** For a server whose mutations are to wait. */
  readonly inMutations: (context: Context) => Context
  readonly isUnderWay: Promise<void>
  release(): void
}

/** Mutations that IAM is asked for when the test says so. */
export function hold(): Held {
  const underWay = gate()
  const released = gate()
  return {
    inMutations: context => ({
      ...context,
      iam: {
        ...context.iam,
        async change(command, kind) {
          underWay.resolve()
          await released.promise
          return context.iam.change(command, kind)
        },
      },
    }),
    isUnderWay: underWay.promise,
    release: () => released.resolve(),
  }
}

function gate() {
  let resolve = () => {}
  const promise = new Promise<void>(opened => {
    resolve = opened
  })
  return { promise, resolve: () => resolve() }
}
