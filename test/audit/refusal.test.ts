import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { GatewayError } from '../../src/gateway-error.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { startLimits } from '../caller-limit/caller.ts'
import { post } from '../gateway.ts'
import { type AuthenticatedServer, startAuthenticatedServer } from '../server/authenticated-server.ts'
import { startLoggedServer } from '../server/logged-server.ts'
import { openGraphQLSocket, postText, sendRaw, subscribeBySse, upgradeStatus } from '../server/transport.ts'
import { type Line, openAudit } from './written.ts'

const query = '{ latestChangeId }'
const mutation = `mutation Disable { ${field('one')} ${field('two')} }`
const subscription = 'subscription Watch { signingCertificateStatusChanged { userName } }'
const latest = { field: 'latestChangeId', path: 'latestChangeId' }
const local = { address: '127.0.0.1' }

describe('there is a line for each access that was refused', () => {
  test('at the gate, by HTTP and in place of a WebSocket', async () => {
    await using scene = await open()
    const { url } = scene.server
    await sendRaw(url, postText(JSON.stringify({ query }), { host: 'evil.example', 'x-forwarded-for': '198.51.100.1' }))
    await fetch(`${url}?query=${query}`, { headers: { origin: 'https://evil.example' } })
    expect(await upgradeStatus(url, { origin: 'https://evil.example' })).toBe(403)
    expect(await scene.records()).toEqual([
      {
        time: expect.any(String),
        event: 'refused',
        code: 'HOST_REFUSED',
        message: 'Host: expected a name of this gateway, got "evil.example". See --allowed-host.',
        transport: 'http',
        client: { ...local, forwardedFor: '198.51.100.1' },
      },
      expect.objectContaining({ code: 'ORIGIN_REFUSED', transport: 'http', client: local }),
      expect.objectContaining({ code: 'ORIGIN_REFUSED', transport: 'websocket', client: local }),
    ])
  })

  test('of somebody who did not say who he is, or could not prove it', async () => {
    await using scene = await open()
    const { server } = scene
    const expired = await server.bearer({ expiresIn: -60 })
    await post(server.url, { query })
    await post(server.url, { query }, expired)
    expect(await closeCode(server.url, { type: 'connection_init', payload: expired })).toBe(4403)
    const records = await scene.records()
    expect(records.map(({ code, transport }) => [code, transport])).toEqual([
      ['UNAUTHENTICATED', 'http'],
      ['UNAUTHENTICATED', 'http'],
      ['UNAUTHENTICATED', 'websocket'],
    ])
    expect(records.map(({ principal }) => principal)).toEqual(Array(3).fill(undefined))
    expect(records[0].requestId).toEqual(expect.any(String))
    for (const part of expired.authorization.slice('Bearer '.length).split('.')) {
      expect(JSON.stringify(records)).not.toContain(part)
    }
  })

  test.each(['http', 'websocket'])('for want of a scope, one for each operation and code, by %s', async transport => {
    await using scene = await open()
    const { server } = scene
    const proof = await server.bearer({ subject: 'alice', scopes: ['read'] })
    if (transport === 'http') {
      await post(server.url, { query: mutation, operationName: 'Disable' }, proof)
      await subscribeBySse(server.url, { query: subscription, operationName: 'Watch' }, proof)
      await post(server.url, { query: '{ __schema { queryType { name } } }' }, proof)
      await post(server.url, { query }, proof)
    } else {
      await using socket = await openGraphQLSocket(server.url, proof)
      await socket.ask({ query: mutation, operationName: 'Disable' })
      await socket
        .run({ query: subscription, operationName: 'Watch' })
        .next()
        .catch(() => undefined)
      await socket.ask({ query: '{ __schema { queryType { name } } }' })
      await socket.ask({ query })
    }
    const principal = { name: 'alice', issuer: server.issuer.url }
    const one = { time: expect.any(String), event: 'refused', requestId: expect.any(String), transport, client: local }
    const forbidden = { ...one, principal, code: 'FORBIDDEN', message: expect.stringContaining('needs the scope') }
    const schema = { field: '__schema', path: '__schema' }
    const watched = { field: 'signingCertificateStatusChanged', path: 'signingCertificateStatusChanged' }
    expect(await scene.records()).toEqual([
      { ...forbidden, operation: 'mutation', operationName: 'Disable', fields: [disabling('one'), disabling('two')] },
      { ...forbidden, operation: 'subscription', operationName: 'Watch', fields: [watched] },
      {
        ...one,
        principal,
        operation: 'query',
        fields: [schema],
        code: 'INTROSPECTION_DISABLED',
        message: expect.any(String),
      },
    ])
    expect(server.sandbox.calls).toEqual([])
  })

  test('of a caller whose token names no role that he may have', async () => {
    await using written = await openAudit()
    const refuse = () => {
      throw new GatewayError('ROLE_REFUSED', 'The token names no role.', { http: { status: 403 } })
    }
    await using server = await startLoggedServer(refuse, { audit: written.audit })
    await post(server.url, { query })
    await using socket = await openGraphQLSocket(server.url)
    await expect(socket.ask({ query })).rejects.toMatchObject([{ extensions: { code: 'ROLE_REFUSED' } }])
    await written.audit.close()
    const records = await written.records()
    expect(records.map(({ code, transport, fields }) => [code, transport, fields])).toEqual([
      ['ROLE_REFUSED', 'http', [latest]],
      ['ROLE_REFUSED', 'websocket', [latest]],
    ])
  })

  test('of an operation that is not one of the persisted, where there are no others', async () => {
    await using scene = await open({ persisted: { documents: new Map(), isOnly: true } })
    const { server } = scene
    await server.askAs(['read'], query)
    await using socket = await openGraphQLSocket(server.url, await server.bearer())
    const refused = socket.run({ query, operationName: 'Own' }).next()
    await expect(refused).rejects.toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_ONLY' } }])
    expect(await scene.records()).toMatchObject([
      { code: 'PERSISTED_QUERY_ONLY', transport: 'http', principal: { name: 'alice' }, fields: [latest] },
      { code: 'PERSISTED_QUERY_ONLY', transport: 'websocket', principal: { name: 'alice' }, operationName: 'Own' },
    ])
  })

  test('of a caller who asks too often, subscriptions among it', async () => {
    const limits = startLimits({ maxCallerOperationsPerMinute: 1 })
    await using scene = await open({ callerLimits: limits })
    const { server } = scene
    const proof = await server.bearer({ subject: 'alice' })
    for (const _ of [1, 2]) await post(server.url, { query }, proof)
    await subscribeBySse(server.url, { query: subscription }, proof)
    await using socket = await openGraphQLSocket(server.url, proof)
    for (const refused of [query, subscription]) {
      await expect(socket.run({ query: refused }).next()).rejects.toMatchObject([
        { extensions: { code: 'RATE_LIMITED' } },
      ])
    }
    await limits.close()
    const records = await scene.records()
    const watched = { field: 'signingCertificateStatusChanged', path: 'signingCertificateStatusChanged' }
    expect(
      records.map(({ code, transport, principal, fields }) => [code, transport, principal.name, ...fields]),
    ).toEqual([
      ['RATE_LIMITED', 'http', 'alice', latest],
      ['RATE_LIMITED', 'http', 'alice', watched],
      ['RATE_LIMITED', 'websocket', 'alice', latest],
      ['RATE_LIMITED', 'websocket', 'alice', watched],
    ])
  })

  test('of an operation before the greeting of a WebSocket', async () => {
    await using scene = await open()
    expect(await closeCode(scene.server.url, { type: 'subscribe', id: '1', payload: { query } })).toBe(4401)
    expect(await scene.records()).toEqual([
      {
        time: expect.any(String),
        event: 'refused',
        code: 'UNAUTHENTICATED',
        message: 'An operation came before the greeting.',
        transport: 'websocket',
        client: local,
      },
    ])
  })
})

describe('the line says what was asked for', () => {
  test.each(['http', 'websocket'])('as it would have been done, by %s', async transport => {
    const changedBy = 'arn:aws:sts::123456789012:assumed-role/auditor/alice'
    await using scene = await open({ change: context => ({ ...context, changedBy }) })
    const { server } = scene
    const document = `
      mutation First { ${field('first')} }
      mutation Second($input: SetSigningCertificateStatusInput!, $not: Boolean!) {
        ...Changes
        left: setSigningCertificateStatus(input: $input) @skip(if: $not) { __typename }
      }
      fragment Changes on Mutation { given: setSigningCertificateStatus(input: $input) { __typename } }`
    const input = { userName: 'bob', certificateId: 'A'.repeat(32), status: 'INACTIVE', clientMutationId: 'secret' }
    const asked = { query: document, operationName: 'Second', variables: { input, not: true } }
    await ask(server, transport, asked)
    expect(await scene.records()).toMatchObject([
      { operation: 'mutation', operationName: 'Second', awsIdentity: changedBy, fields: [disabling('given')] },
    ])
  })

  test.each(['http', 'websocket'])(
    'with the name in the document, where none was sent beside it, by %s',
    async transport => {
      await using scene = await open()
      await ask(scene.server, transport, { query: mutation })
      expect(await scene.records()).toMatchObject([{ operationName: 'Disable' }])
    },
  )

  test('and never what is in a certificate', async () => {
    await using scene = await open()
    const certificateBody = mintCertificate()
    const upload = `mutation ($input: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $input) { __typename } }`
    await ask(scene.server, 'http', { query: upload, variables: { input: { userName: 'bob', certificateBody } } })
    const records = await scene.records()
    expect(records).toMatchObject([
      {
        fields: [
          { target: { userName: 'bob', certificate: { sha256Fingerprint: expect.stringMatching(/^[\dA-F]{64}$/) } } },
        ],
      },
    ])
    for (const line of certificateBody.split('\n').filter(line => line.length > 10)) {
      expect(JSON.stringify(records)).not.toContain(line)
    }
  })

  test('up to ten fields, and how many there were beyond', async () => {
    await using scene = await open()
    const aliases = Array.from({ length: 12 }, (_, at) => `a${at}`)
    await ask(scene.server, 'http', { query: `mutation { ${aliases.map(field).join(' ')} }` })
    expect(await scene.records()).toMatchObject([{ fields: aliases.slice(0, 10).map(disabling), furtherFields: 2 }])
  })

  test.each([
    ['nobody could read it', '{', {}],
    ['it is too deep', '{a'.repeat(4_999), {}],
    ['it is too long', `{${' a'.repeat(20_000)}}`, {}],
    ['it is of another schema', 'mutation Other { other(input: 1) }', { fields: [{ field: 'other', path: 'other' }] }],
    [
      'its arguments do not fit',
      'mutation Other { setSigningCertificateStatus(input: 1) }',
      { fields: [{ field: 'setSigningCertificateStatus', path: 'setSigningCertificateStatus' }] },
    ],
  ])('as far as it is known, where it was refused before it was looked at: %s', async (_why, query, known) => {
    await using scene = await open({ persisted: { documents: new Map(), isOnly: true } })
    await ask(scene.server, 'http', { query, operationName: 'Other' })
    const [{ code, operationName, fields }] = await scene.records()
    expect({ code, operationName, fields }).toEqual({ code: 'PERSISTED_QUERY_ONLY', operationName: 'Other', ...known })
  })
})

test('there is none for a mistake, nor for what was let in', async () => {
  await using scene = await open()
  const { server } = scene
  await fetch(server.url.replace('/graphql', '/nowhere'))
  await fetch(server.url.replace('/graphql', '/health'))
  await fetch(server.url, { method: 'POST', body: 'query=x', headers: { 'content-type': 'text/plain' } })
  for (const source of ['{', '{ nothing }', '{ users(first: 0) { nodes { userName } } }', query]) {
    await server.askAs(['read'], source)
  }
  // Not even a file.
  await expect(scene.records()).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a refusal that cannot be written is one all the same', async () => {
  await using scene = await open({}, '/dev/full')
  const { server } = scene
  expect((await post(server.url, { query })).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  expect((await server.askAs(['read'], mutation)).errors).toMatchObject([
    { extensions: { code: 'FORBIDDEN', scope: 'write' } },
  ])
  expect(scene.log).toHaveLength(1)
})

async function open(settings: Parameters<typeof startAuthenticatedServer>[0] = {}, destination?: string) {
  const written = await openAudit(destination === undefined ? {} : { destination })
  const server = await startAuthenticatedServer({ ...settings, audit: written.audit })
  return {
    server,
    log: written.log,
    records: async (): Promise<Line[]> => {
      await written.audit.close()
      return written.records()
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await written[Symbol.asyncDispose]()
    },
  }
}

/** As one who may read. */
async function ask({ url, bearer }: AuthenticatedServer, transport: string, asked: Asked): Promise<void> {
  const proof = await bearer({ scopes: ['read'] })
  if (transport === 'http') return void (await post(url, asked, proof))
  await using socket = await openGraphQLSocket(url, proof)
  await socket.ask(asked)
}

type Asked = Parameters<Awaited<ReturnType<typeof openGraphQLSocket>>['ask']>[0]

/** What the log shows of `field`. */
function disabling(path: string): object {
  const target = { userName: 'bob', certificateId: 'A'.repeat(32), status: 'Inactive' }
  return { field: 'setSigningCertificateStatus', path, target }
}

/** Why a WebSocket whose first message is this one is closed. */
async function closeCode(url: string, message: object): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  await once(socket, 'open')
  socket.send(JSON.stringify(message))
  const [code] = await once(socket, 'close')
  return code
}

function field(alias: string): string {
  const input = `{ userName: "bob", certificateId: "${'A'.repeat(32)}", status: INACTIVE }`
  return `${alias}: setSigningCertificateStatus(input: ${input}) { __typename }`
}
