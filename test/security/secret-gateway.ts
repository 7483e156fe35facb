import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { WebSocket } from 'ws'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { openAudit } from '../audit/written.ts'
import { type Issuer, startIssuer } from '../auth/issuer.ts'
import { type Environment, type Process, runMain } from '../command/process.ts'
import { type Redis, startRedis } from '../events/redis.ts'
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts'
import { everything } from '../sandbox/role/federation.ts'

/** The process as it runs on a company's network, talkative as it can be, and all that comes out of it. */
export interface SecretGateway extends AsyncDisposable {
  readonly url: string
  readonly process: Process
  readonly sandbox: Sandbox
  readonly proxy: FaultProxy
  readonly issuer: Issuer
  /** Every answer goes among what came out. */
  request(path: string, init?: RequestInit): Promise<Received>
  ask(token: string, query: string, variables?: unknown): Promise<Received>
  /** Opens a WebSocket, says each message when the one before was answered, and closes when all are, or is closed. */
  speak(...messages: object[]): Promise<string>
  /** Everything, by where it came out: the process is stopped for it. */
  everything(): Promise<ReadonlyMap<string, string>>
}

export interface Received {
  readonly status: number
  readonly text: string
}

export interface Secrets {
  readonly redisPassword: string
  readonly queuePassword: string
}

export async function startSecretGateway({ redisPassword, queuePassword }: Secrets): Promise<SecretGateway> {
  const issuer = await startIssuer()
  const sandbox = await startSandbox({ users: 5, roles: rolesOf(issuer) })
  const proxy = await startFaultProxy(sandbox.url)
  const redis = await startRedis(['--requirepass', redisPassword, '--appendonly', 'yes'])
  const written = await openAudit()
  const { accessKeyId, secretAccessKey, sessionToken } = sandbox.roleCredentials
  const environment: Environment = {
    AWS_ENDPOINT_URL_IAM: proxy.url,
    AWS_ENDPOINT_URL_STS: proxy.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    REDIS_URL: withPassword(redis.url, redisPassword),
    CHANGE_QUEUE_URL: withPassword(sandbox.queueUrl, queuePassword),
    IAM_GATEWAY_OIDC_ISSUER: issuer.url,
    IAM_GATEWAY_OIDC_AUDIENCE: 'iam-gateway',
    IAM_GATEWAY_AWS_WEB_IDENTITY_ROLE: sandbox.roleArn('auditor'),
  }
  const flags = ['--port=0', '--log-level=trace', `--audit-log=${written.path}`, '--cache-ttl=0']
  const gateway = await runMain(['serve', ...flags], environment)
  const [, url = ''] = await gateway.said(/(http:\S+\/graphql)/)
  const answers: string[] = []

  async function request(path: string, init?: RequestInit): Promise<Received> {
    const response = await fetch(new URL(path, url), init)
    const text = await response.text()
    answers.push(`${[...response.headers].join('\n')}\n\n${text}`)
    return { status: response.status, text }
  }

  return {
    url,
    process: gateway,
    sandbox,
    proxy,
    issuer,
    request,
    ask: (token, query, variables) =>
      request('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      }),
    async speak(...messages) {
      const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
      const heard: string[] = []
      const over = new Promise<void>(resolve => {
        const say = () => {
          const message = messages[heard.length]
          if (message === undefined) socket.close()
          else socket.send(JSON.stringify(message))
        }
        socket.on('open', say)
        socket.on('message', data => {
          heard.push(String(data))
          say()
        })
        socket.on('close', (code, reason) => {
          heard.push(`${code} ${reason}`)
          resolve()
        })
      })
      await over
      answers.push(...heard)
      return heard.join('\n')
    },
    async everything() {
      gateway.kill('SIGTERM')
      const { stdout, stderr } = await gateway.ended
      return new Map([
        ['stdout', stdout],
        ['stderr', stderr],
        ['audit log', await readFile(written.path, 'utf8')],
        ['Redis', await allOfRedis(redis, redisPassword)],
        ['answers', answers.join('\n\n')],
      ])
    },
    async [Symbol.asyncDispose]() {
      for (const one of [gateway, written, redis, proxy]) await one[Symbol.asyncDispose]()
      await sandbox.close()
      await issuer.close()
    },
  }
}

/** One that may do everything, for whoever has a token of the issuer's. */
function rolesOf(issuer: Issuer): string {
  return JSON.stringify({
    OpenIDConnectProviders: [{ Url: issuer.url, ClientIDList: ['iam-gateway'] }],
    Roles: [{ RoleName: 'auditor', PolicyDocument: everything }],
  })
}

function withPassword(address: string, password: string): string {
  const url = new URL(address)
  url.password = password
  return url.href
}

/** All that was ever written to it, what it has deleted too: its append-only log holds every command as it came. */
async function allOfRedis({ url }: Redis, password: string): Promise<string> {
  const client = createClient({ url, password, RESP: 2 })
  await client.connect()
  const [, folder] = (await client.sendCommand(['CONFIG', 'GET', 'dir'])) as string[]
  client.destroy()
  if (folder === undefined) throw new Error('expected to learn where Redis writes')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile())
  return (await Promise.all(files.map(file => readFile(join(file.parentPath, file.name), 'latin1')))).join('\n')
}
