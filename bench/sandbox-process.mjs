import { startChild } from './child.mjs'

/** @param {{ folder: string } & Record<string, unknown>} options the sandbox's own, and where the gateway's build is */
export function startSandbox({ folder, ...options }) {
  return startChild('the sandbox', ['sandbox.mjs', folder, JSON.stringify(options)])
}
