import { readFileSync } from 'node:fs'
import { answer } from '../probe.mjs'

export const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8')

/** An answer of the gateway's, handed over before anything is asked. */
export const data = {}

answer('data', given => {
  Object.assign(data, given)
})
