import { isDeepStrictEqual } from 'node:util'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { Logger } from 'pino'
import { discoverKeys } from './discovery.ts'
import { readDocument } from './issuer-document.ts'
import type { KeySet, Keys } from './key-set.ts'
import { KeysUnavailable } from './token-error.ts'

/** For so long, in milliseconds, what the issuer published is taken for what it publishes: a withdrawn key as well. */
const fresh = 60_000

/** For so long it is, too, where the issuer does not answer. */
const stale = 600_000

/** The issuer is left alone for so long after each question, whatever tokens come. */
const pause = 5_000

/** What the issuer publishes, from the first time that somebody needs it. */
export function createIssuerKeys(issuer: string, log: Logger): Keys {
  const end = new AbortController()
  let place: URL | undefined
  let published: { readonly document: unknown; readonly keys: KeySet; readonly readAt: number } | undefined
  let asking: Promise<void> | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let isFailing = false

  async function read(): Promise<void> {
    try {
      place ??= await discoverKeys(issuer, end.signal)
      const document = await readDocument(place, end.signal)
      // A set that did not change stays itself: what it proved is still proved.
      const known = isDeepStrictEqual(document, published?.document) ? published?.keys : undefined
      const keys = known ?? createLocalJWKSet(document as JSONWebKeySet)
      published = { document, keys, readAt: performance.now() }
      if (isFailing) log.info({ issuer }, "the issuer's keys can be had again")
      isFailing = false
    } catch (error) {
      // It may have moved them.
      place = undefined
      if (!isFailing && !end.signal.aborted) {
        log.warn({ issuer, reason: reasonOf(error) }, "the issuer's keys cannot be had")
      }
      isFailing = true
    }
  }

  /** Never rejects; at once where the issuer is to be left alone. */
  async function renew(): Promise<void> {
    if (asking === undefined && performance.now() - askedAt >= pause && !end.signal.aborted) {
      asking = read().finally(() => {
        asking = undefined
        askedAt = performance.now()
      })
    }
    await asking
  }

  const isYounger = (age: number) => published !== undefined && performance.now() - published.readAt < age

  return {
    async current() {
      if (!isYounger(fresh)) {
        const renewed = renew()
        // Whoever comes while the issuer is silent does not wait for each attempt to end.
        if (!isFailing || !isYounger(stale)) await renewed
      }
      if (published && isYounger(stale)) return published.keys
      throw new KeysUnavailable()
    },
    async newest() {
      await renew()
      // Where it was asked just now and did not answer, it may have published what nobody here has seen.
      if (published && isYounger(stale) && !isFailing) return published.keys
      throw new KeysUnavailable()
    },
    get isFailing() {
      return isFailing
    },
    close() {
      end.abort()
    },
  }
}

/** What fetch failed with is its error's cause. */
function reasonOf(error: unknown): string {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return reason instanceof Error ? reason.message : 'no answer'
}
