import { startChild } from '../child.mjs'

/**
 * A process that answers workloads: over HTTP as any client would ask it, or a script, over the probe.
 *
 * @typedef {Awaited<ReturnType<typeof startChild>> & { answer: (question: Question) => Promise<any> }} Contender
 * @typedef {{ workload: string, query: string, variables: object, silently?: boolean }} Question
 */

/** @param {{ folder: string, sandbox: { environment: Record<string, string> }, flags?: string[] }} options */
export function startGateway({ folder, sandbox, flags = [], name = 'this gateway' }) {
  const command = [`${folder}/dist/main.js`, 'serve', '--port=0', '--log-level=warn', ...flags]
  return overHttp(startChild(name, command, sandbox.environment))
}

export function startApollo({ sandbox }) {
  return overHttp(startChild('Apollo Server, by hand', ['contender/apollo.mjs'], sandbox.environment))
}

export function startMercurius({ sandbox }) {
  return overHttp(startChild('mercurius, by hand', ['contender/mercurius.mjs'], sandbox.environment))
}

/** @param {'sequential' | 'unbounded' | 'adaptive' | 'lanes'} mode */
export async function startSdk(mode, { sandbox }) {
  const child = await startChild(`SDK, ${sdkNames[mode]}`, ['contender/sdk.mjs', mode], sandbox.environment)
  return {
    ...child,
    answer: ({ workload, variables, silently }) => child.ask('run', { workload, variables, silently }),
  }
}

export async function startReady(kind, data) {
  const { name, command } = readyServers[kind]
  const contender = await overHttp(startChild(name, command))
  await contender.ask('data', data)
  return contender
}

export function startBareSubscriptions() {
  return overHttp(startChild('Yoga and graphql-ws, bare', ['contender/bare-subscriptions.mjs']))
}

const sdkNames = {
  sequential: 'one after the other',
  unbounded: 'all at once',
  adaptive: 'all at once, adaptive',
  lanes: '20 at once, 9 attempts',
}

const readyServers = {
  yoga: { name: 'Yoga, ready data', command: ['contender/ready-yoga.mjs'] },
  mercurius: { name: 'mercurius, ready data', command: ['contender/ready-mercurius.mjs'] },
  mercuriusJit: { name: 'mercurius with JIT, ready data', command: ['contender/ready-mercurius.mjs', 'jit'] },
}

/** @returns {Promise<Contender>} */
async function overHttp(starting) {
  const child = await starting
  return {
    ...child,
    async answer({ query, variables, silently }) {
      const response = await fetch(child.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      const text = await response.text()
      if (silently && !text.includes('"errors"')) return undefined
      const { data, errors } = JSON.parse(text)
      if (data) return data
      throw new Error(`${child.name} answered ${response.status}: ${JSON.stringify(errors)}`)
    },
  }
}
