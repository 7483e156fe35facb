import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const probe = new URL('probe.mjs', import.meta.url).href
const running = new Set()

/**
 * Starts a Node process with the probe in it, and waits until it says where it listens.
 *
 * @param {string} name for messages
 * @param {string[]} command the module and its arguments
 * @param {Record<string, string>} environment in place of this process's own AWS settings
 */
export async function startChild(name, command, environment = {}) {
  const started = performance.now()
  const child = spawn(process.execPath, ['--import', probe, ...command], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...withoutAws(process.env), ...quiet, ...environment },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  running.add(child)
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child)
    throw new Error(`${name} ended with ${signal ?? code}`)
  })
  ended.catch(() => {})

  const waiting = new Map()
  let lastId = 0
  const details = await Promise.race([readiness(child), ended])
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(value)
    else reject(new Error(`${name}: ${error}`))
  })

  return {
    name,
    started,
    ...details,
    /** @param {string} question @param {unknown} [content] @returns {Promise<any>} */
    ask(question, content) {
      const id = ++lastId
      const answered = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
      child.send({ id, question, details: content })
      return Promise.race([answered, ended])
    },
    async stop() {
      child.kill()
      await ended.catch(() => {})
    },
  }
}

/** Whatever was started and is not stopped yet. */
export function killAll() {
  for (const child of running) child.kill('SIGKILL')
}

/** The benchmark's own processes say it over IPC; the gateway says it as it says it to everybody. */
function readiness(child) {
  return new Promise(resolve => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      said += text
      const url = /Open (http:\S+)\n/.exec(said)?.[1]
      if (url !== undefined) resolve({ url })
    })
    child.on('message', function listen({ ready }) {
      if (ready === undefined) return
      child.off('message', listen)
      resolve(ready)
    })
  })
}

const quiet = { NODE_ENV: 'production', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }

function withoutAws(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(AWS|IAM_GATEWAY)_/.test(name)))
}
