import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { type Account, openAccount } from '../account.ts'
import { runServe, type ServeProcess } from '../command/announcement.ts'
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts'

/** `serve` as a process of its own, on a sandbox behind a proxy, and somebody in it who tells what it holds. */
export interface WitnessedGateway extends AsyncDisposable {
  readonly process: ServeProcess
  readonly proxy: FaultProxy
  readonly sandbox: Sandbox
  readonly account: Account
  report(): Promise<Report>
}

export interface Report {
  readonly timers: number
  readonly sockets: number
  /** What is in use, without garbage; in bytes. */
  readonly memory: number
}

/** `handles`: whether timers and sockets are counted; otherwise none are. */
export async function startWitnessedGateway(
  { handles }: { readonly handles: boolean },
  ...flags: string[]
): Promise<WitnessedGateway> {
  const sandbox = await startSandbox()
  const proxy = await startFaultProxy(sandbox.url)
  const process = await runServe(flags, {
    AWS_ENDPOINT_URL_IAM: proxy.url,
    AWS_ACCESS_KEY_ID: sandbox.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sandbox.credentials.secretAccessKey,
    NODE_OPTIONS: `--import ${new URL(handles ? 'witness.mjs?handles' : 'witness.mjs', import.meta.url)}`,
  })
  const account = openAccount(sandbox)
  let asked = 0
  return {
    process,
    proxy,
    sandbox,
    account,
    async report() {
      asked += 1
      process.kill('SIGUSR2')
      const [, report = ''] = await process.said(new RegExp(`^witness: (\\{"asked":${asked},.*)$`, 'm'), 'stderr')
      return JSON.parse(report) as Report
    },
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]()
      account[Symbol.dispose]()
      await proxy[Symbol.asyncDispose]()
      await sandbox.close()
    },
  }
}
