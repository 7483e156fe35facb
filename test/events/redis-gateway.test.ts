import { afterEach, describe, expect, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import type { ChangeLog } from '../../src/events/change-log.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { pass, startFaultProxy, type Treatment } from '../fault-proxy.ts'
import { post } from '../gateway.ts'
import { setStatus } from '../schema/changing.ts'
import { next, subscribe } from './instance.ts'
import { type Redis, redisServer, startRedis } from './redis.ts'

afterEach(() => vi.unstubAllEnvs())

const statuses = `query ($name: String!) {
  user(userName: $name) { signingCertificates { nodes { certificateId status } } }
}`

describe.skipIf(!redisServer)('two gateways with one Redis', () => {
  test('tell a mutation at one to the subscribers of both, and show it at both', async () => {
    await using redis = await startRedis()
    await using sandbox = await startAccount()
    await using one = await startGateway(redis)
    await using two = await startGateway(redis)
    const example = exampleOf(sandbox)
    const changes = [one, two].map(({ events }) => subscribe(events))
    // IAM's lists go on showing the state before; and what each gateway remembers of them does so, too.
    for (const { url } of [one, two]) expect(await statusAt(url, example)).toBe('ACTIVE')
    await post(one.url, { query: setStatus, variables: { input: { ...example, status: 'INACTIVE' } } })
    const told = await Promise.all(changes.map(each => next(each, 1)))
    expect(told[0]).toEqual(told[1])
    expect(told[0]).toMatchObject([
      {
        credentialId: example.certificateId,
        previousStatus: 'Active',
        status: 'Inactive',
        call: { api: 'UpdateSigningCertificate', accessKeyId: sandbox.credentials.accessKeyId },
      },
    ])
    for (const { url } of [one, two]) expect(await statusAt(url, example)).toBe('INACTIVE')
    expect(await redis.command('KEYS', '*')).toEqual(
      expect.arrayContaining([`team:{${sandbox.accountId}}:changes`, `team:{${sandbox.accountId}}:meta`]),
    )
  })

  test('of two updates at once, made one way round and answered the other, believe what IAM lists', async () => {
    await using redis = await startRedis()
    await using sandbox = await startAccount()
    await using proxy = await startFaultProxy(sandbox.url)
    vi.stubEnv('AWS_ENDPOINT_URL_IAM', proxy.url)
    await using one = await startGateway(redis)
    await using two = await startGateway(redis)
    const example = exampleOf(sandbox)
    const set = ({ url }: Gateway, status: string) =>
      post(url, { query: setStatus, variables: { input: { ...example, status } } })
    const isDisabled = gate()
    const isEnabled = gate()
    const treatments: Record<string, Treatment> = {
      async Inactive({ response, forward }) {
        const { status, headers, body } = await forward()
        isDisabled.open()
        await isEnabled.opened
        response.writeHead(status, headers).end(body)
      },
      async Active(exchange) {
        await isDisabled.opened
        await pass(exchange)
      },
    }
    proxy.treat(({ parameters: { Status = '' } }) => treatments[Status])
    const enabled = set(two, 'ACTIVE')
    // It listed the certificate as active: to this gateway it seems to change nothing.
    await proxy.arrived(({ parameters: { Status } }) => Status === 'Active')
    const disabled = set(one, 'INACTIVE')
    await enabled
    isEnabled.open()
    await disabled
    await vi.waitUntil(() => one.events.latestId() === two.events.latestId())
    const changes = subscribe(two.events, { after: one.events.latestId().replace(/\.\d+\.[^.]*$/, '.0.0') })
    const states = [await next(changes, 1)].flat().filter(({ superseded }) => !superseded)
    expect(states.every(({ status }) => status === 'Active')).toBe(true)
    for (const { events } of [one, two]) expect(lastStatus(events, example.certificateId)).not.toBe('INACTIVE')
    for (const { url } of [one, two]) expect(await statusAt(url, example)).toBe('ACTIVE')
  })

  test('go on without it, and tell once it is back what was changed meanwhile', async () => {
    await using redis = await startRedis()
    await using sandbox = await startAccount()
    await using one = await startGateway(redis)
    const example = exampleOf(sandbox)
    const changes = subscribe(one.events)
    await redis.kill()
    await vi.waitUntil(() => one.events.state === 'degraded')
    const troubles = ['Redis is away: changes are told once it is back']
    expect(await healthOf(one)).toEqual({ status: 'degraded', troubles })
    const input = { ...example, status: 'INACTIVE' }
    const { data } = await post(one.url, { query: setStatus, variables: { input } })
    expect(data.result.signingCertificate).toMatchObject({ status: 'INACTIVE' })
    expect(await statusAt(one.url, example)).toBe('INACTIVE')
    await redis.start()
    expect(await next(changes, 1)).toMatchObject([{ status: 'Inactive' }])
    expect(await healthOf(one)).toEqual({ status: 'ok' })
  })
})

async function healthOf({ url }: Gateway): Promise<unknown> {
  const response = await fetch(new URL('/health', url))
  expect(response.status).toBe(200)
  return response.json()
}

async function startAccount(): Promise<Sandbox & AsyncDisposable> {
  const sandbox = await startSandbox({ users: 3 })
  vi.stubEnv('AWS_ENDPOINT_URL_IAM', sandbox.url)
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sandbox.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', sandbox.credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', sandbox.credentials.secretAccessKey)
  return Object.assign(sandbox, { [Symbol.asyncDispose]: sandbox.close })
}

async function startGateway({ url }: Redis): Promise<Gateway> {
  const flags = ['--port=0', '--log-level=silent', `--redis-url=${url}`, '--redis-prefix=team']
  const config = readConfig(['serve', ...flags], {})
  if (config.command !== 'serve') throw new Error('expected the serve command')
  return createGateway(config)
}

function exampleOf({ example }: Sandbox) {
  if (!example) throw new Error('expected an example')
  return { userName: example.userName, certificateId: example.certificateId }
}

async function statusAt(url: string, { userName, certificateId }: ReturnType<typeof exampleOf>): Promise<string> {
  const { data } = await post(url, { query: statuses, variables: { name: userName } })
  const { nodes } = data.user.signingCertificates
  return nodes.find((node: { certificateId: string }) => node.certificateId === certificateId).status
}

function lastStatus(events: ChangeLog, certificateId: string): string | undefined {
  return events.lastTold('SigningCertificate', certificateId)?.status?.toUpperCase()
}

function gate() {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { open: () => open(), opened }
}
