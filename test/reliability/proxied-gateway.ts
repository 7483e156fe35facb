import { vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { type Account, openAccount } from '../account.ts'
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts'
import { type Answer, post } from '../gateway.ts'

/** The gateway as `serve` starts it, on a sandbox behind a proxy. */
export interface ProxiedGateway extends AsyncDisposable {
  readonly url: string
  readonly gateway: Gateway
  readonly proxy: FaultProxy
  readonly sandbox: Sandbox
  /** Somebody beside the gateway, who asks the sandbox itself. */
  readonly account: Account
  ask(query: string, variables?: object): Promise<Answer>
}

export async function startProxiedGateway(...flags: string[]): Promise<ProxiedGateway> {
  const sandbox = await startSandbox({ users: 20 })
  const proxy = await startFaultProxy(sandbox.url)
  vi.stubEnv('AWS_ENDPOINT_URL_IAM', proxy.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', sandbox.credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', sandbox.credentials.secretAccessKey)
  const config = readConfig(['serve', '--port=0', '--log-level=silent', '--cache-ttl=0', ...flags], {})
  if (config.command !== 'serve') throw new Error('expected the serve command')
  const gateway = await createGateway(config)
  const account = openAccount(sandbox)
  return {
    url: gateway.url,
    gateway,
    proxy,
    sandbox,
    account,
    ask: (query, variables = {}) => post(gateway.url, { query, variables }),
    async [Symbol.asyncDispose]() {
      await gateway.close()
      account[Symbol.dispose]()
      await proxy[Symbol.asyncDispose]()
      await sandbox.close()
      vi.unstubAllEnvs()
    },
  }
}
