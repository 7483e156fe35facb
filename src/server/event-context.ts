import type { Context } from '../context.ts'
import type { Cost } from '../iam/cost.ts'

/**
 * What one event of a subscription has at hand: an operation of its own, begun once something is asked of it. Most
 * events ask IAM for nothing, and there may be ten thousand at once.
 */
export class EventContext implements Context {
  readonly #subscribed: Context
  readonly #estimated: number | undefined
  readonly #create: () => Context
  #begun: Context | undefined

  /** @param estimated IAM calls that each event is expected to cost */
  constructor(subscribed: Context, estimated: number | undefined, create: () => Context) {
    this.#subscribed = subscribed
    this.#estimated = estimated
    this.#create = create
  }

  get operation() {
    return this.#own.operation
  }
  get cost(): Cost {
    return this.#begun?.cost ?? { ...nothing, estimated: this.#estimated }
  }
  get iam() {
    return this.#own.iam
  }
  get loaders() {
    return this.#own.loaders
  }
  get log() {
    return this.#own.log
  }
  get audit() {
    return this.#subscribed.audit
  }
  get principal() {
    return this.#subscribed.principal
  }
  get requestId() {
    return this.#subscribed.requestId
  }
  get x509() {
    return this.#subscribed.x509
  }
  get events() {
    return this.#subscribed.events
  }
  get changedBy() {
    return this.#subscribed.changedBy
  }
  get allowImplicitUser() {
    return this.#subscribed.allowImplicitUser
  }
  get walkCalls() {
    return this.#subscribed.walkCalls
  }

  end(): void {
    this.#begun?.operation.end()
  }

  get #own(): Context {
    if (!this.#begun) {
      this.#begun = this.#create()
      this.#begun.operation.cost.estimates(this.#estimated ?? 0)
    }
    return this.#begun
  }
}

const nothing = { calls: 0, throttled: 0, shared: 0, cached: 0, waited: 0, walks: [] }
