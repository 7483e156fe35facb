import { IAMClient } from '@aws-sdk/client-iam'
import { type Answer, post } from '../gateway.ts'
import { type Environment, type Process, runMain } from './process.ts'

export interface GatewayProcess extends Process {
  readonly url: string
  ask(query: string, variables?: object): Promise<Answer>
}

export interface ServeProcess extends GatewayProcess {
  readonly identity: string
  readonly endpoint: string
}

export interface SandboxProcess extends Process {
  readonly sandboxUrl: string
  /** The lines to paste into a shell, as they were printed. */
  readonly exportLines: string
  /** The variables that those lines set. */
  readonly exported: Environment
  /** The real client with that access key, asking once. */
  readonly iam: IAMClient
}

/** `start` on free ports, once it has said what to open. */
export async function runStart(flags: readonly string[] = [], environment?: Environment) {
  return startAnnounced(await runMain(['start', '--port', '0', '--sandbox-port', '0', ...flags], environment))
}

/** `serve` on a free port, once it has said what to open. */
export async function runServe(flags: readonly string[], environment: Environment): Promise<ServeProcess> {
  return serveAnnounced(await runMain(['serve', '--port', '0', ...flags], environment))
}

/** `sandbox` on a free port, once it has said where. */
export async function runSandbox(flags: readonly string[] = [], environment?: Environment): Promise<SandboxProcess> {
  return sandboxAnnounced(await runMain(['sandbox', '--port', '0', ...flags], environment))
}

export async function startAnnounced(process: Process): Promise<GatewayProcess & SandboxProcess> {
  const [, url = '', sandboxUrl = '', exportLines = ''] = await announced(
    process,
    /^Open (\S+)\n\nIt serves an embedded sandbox IAM at (\S+); for the AWS CLI or an SDK:\n\n((?: {2}export .*\n){3})/m,
  )
  return { ...gatewayAt(url), ...sandboxOf(process, sandboxUrl, exportLines) }
}

export async function serveAnnounced(process: Process): Promise<ServeProcess> {
  const pattern = /^Open (\S+)\n\nIdentity: (.*)\nIAM: {6}(\S+)\n/m
  const [, url = '', identity = '', endpoint = ''] = await announced(process, pattern)
  return { ...process, ...gatewayAt(url), identity, endpoint }
}

export async function sandboxAnnounced(process: Process): Promise<SandboxProcess> {
  const pattern = /^The sandbox IAM listens at (\S+)\n\n((?: {2}export .*\n){3})/m
  const [, sandboxUrl = '', exportLines = ''] = await announced(process, pattern)
  return sandboxOf(process, sandboxUrl, exportLines)
}

async function announced(process: Process, pattern: RegExp): Promise<readonly string[]> {
  try {
    return await process.said(pattern)
  } catch (error) {
    await process[Symbol.asyncDispose]()
    throw error
  }
}

function gatewayAt(url: string) {
  return { url, ask: (query: string, variables: object = {}) => post(url, { query, variables }) }
}

function sandboxOf(process: Process, sandboxUrl: string, exportLines: string): SandboxProcess {
  const variables = [...exportLines.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value])
  const exported: Environment = Object.fromEntries(variables)
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = exported
  const credentials = { accessKeyId, secretAccessKey }
  const iam = new IAMClient({ endpoint: sandboxUrl, region: 'us-east-1', credentials, maxAttempts: 1 })
  return {
    ...process,
    sandboxUrl,
    exportLines,
    exported,
    iam,
    async [Symbol.asyncDispose]() {
      iam.destroy()
      await process[Symbol.asyncDispose]()
    },
  }
}
