import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '../random.ts'
import { createKeyPair, type KeyPair } from '../x509.ts'

/** Keys to sign seeded certificates with, used again and again: making one for each would take minutes. */
export interface KeyPool {
  pick(type: 'rsa' | 'p256' | 'p384', random: Random): KeyPair
}

const EC_KEYS = 16

/** RSA keys take some 200 ms each, so these are made before, at the same time; EC keys when first asked for. */
export async function createKeyPool(rsaKeys: number): Promise<KeyPool> {
  const rsa = await Promise.all(
    Array.from({ length: rsaKeys }, () => promisify(generateKeyPair)('rsa', { modulusLength: 2048 })),
  )
  const ec = new Map<string, KeyPair>()
  return {
    pick(type, random) {
      if (type === 'rsa') {
        const key = rsa[random.choose(rsa.length)]
        if (key === undefined) throw new Error('This key pool was made without RSA keys')
        return key
      }
      const name = `${type} ${random.choose(EC_KEYS)}`
      const key = ec.get(name) ?? createKeyPair(type)
      ec.set(name, key)
      return key
    },
  }
}
