import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Answer, startTestGateway, type TestGateway } from '../gateway.ts'
import { setStatus } from './operated.ts'
import { type GraphQLSocket, openGraphQLSocket, subscribeBySse } from './transport.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const latest = '{ latestChangeId }'
const users = 'query Users($first: Int!) { users(first: $first) { nodes { userName ... @defer { arn } } } }'
const watch = 'subscription { signingCertificateStatusChanged { userName } }'
const deep = '{ __type(name: "Query") { ofType { ofType { ofType { ofType { ofType { name } } } } } } }'
const documents = [latest, users, watch, setStatus, deep]

const apollos = {
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: [latest, watch, setStatus].map(body => ({ id: sha256(body), name: 'One', type: 'query', body })),
}
const byHash = Object.fromEntries([users, deep, latest].map(body => [sha256(body), body]))

let folder: string
let flags: string[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'persisted-'))
  await writeFile(join(folder, 'apollo.json'), JSON.stringify(apollos))
  await writeFile(join(folder, 'relay.json'), JSON.stringify(byHash))
  const files = ['apollo.json', 'relay.json'].map(name => `--persisted-operations=${join(folder, name)}`)
  flags = ['--sandbox-users=2', '--max-depth=6', ...files]
})
afterAll(() => rm(folder, { recursive: true }))

interface Headed extends Answer {
  readonly status: number
}

/** As a client that knows the media type of GraphQL over HTTP, which has its statuses. */
async function send(url: string, body: object): Promise<Headed> {
  const accept = 'application/graphql-response+json'
  const headers = { 'content-type': 'application/json', accept }
  return headed(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }))
}

async function get(url: string, parameters: Record<string, string>): Promise<Headed> {
  const accept = 'application/graphql-response+json'
  return headed(await fetch(`${url}?${new URLSearchParams(parameters)}`, { headers: { accept } }))
}

async function headed(response: Response): Promise<Headed> {
  return { ...((await response.json()) as Answer), status: response.status }
}

const hashed = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(text) } })
const told = { data: { latestChangeId: expect.any(String) }, status: 200 }
const refused = (code: string, status: number) => ({ status, errors: [{ extensions: { code } }] })

describe('beside others', () => {
  let gateway: TestGateway
  let socket: GraphQLSocket
  beforeAll(async () => {
    gateway = await startTestGateway(...flags)
    socket = await openGraphQLSocket(gateway.url)
  })
  afterAll(async () => {
    await socket[Symbol.asyncDispose]()
    await gateway.gateway.close()
  })

  test.each([
    ['extensions.persistedQuery', { extensions: hashed(latest) }],
    ['documentId', { documentId: sha256(latest) }],
    ['id', { id: sha256(latest) }],
  ])('one is asked for by %s, on every transport', async (_where, asking) => {
    expect(await send(gateway.url, asking)).toMatchObject(told)
    const parameters = Object.entries(asking).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ])
    expect(await get(gateway.url, Object.fromEntries(parameters))).toMatchObject(told)
    expect((await socket.ask({ query: '', ...asking })).data).toEqual({ latestChangeId: expect.any(String) })
  })

  test('variables and the name of the operation go with it', async () => {
    const asking = { documentId: sha256(users), variables: { first: 1 }, operationName: 'Users' }
    expect((await send(gateway.url, asking)).data.users.nodes).toHaveLength(1)
    expect(await send(gateway.url, { documentId: sha256(users) })).toMatchObject({
      errors: [{ message: expect.stringContaining('"$first" of required type "Int!" was not provided') }],
    })
  })

  test('a subscription is one like any other', async () => {
    await using stream = await subscribeBySse(gateway.url, { query: '', extensions: hashed(watch) })
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
    const watching = socket.run({ query: '', extensions: hashed(watch) })
    void watching.next()
    await vi.waitFor(() => expect(gateway.gateway.events.subscribers).toBe(2))
    await watching.return?.()
  })

  test('no mutation is made by GET', async () => {
    const { userName, certificateId } = gateway.sandbox.example ?? {}
    const variables = JSON.stringify({ input: { userName, certificateId, status: 'INACTIVE' } })
    const work = async () => {
      expect(await get(gateway.url, { documentId: sha256(setStatus), variables })).toMatchObject({ status: 405 })
    }
    expect(await gateway.callsOf(work)).toEqual([])
  })

  test('the limits of a document hold for it, too', async () => {
    expect(await send(gateway.url, { documentId: sha256(deep) })).toMatchObject({
      errors: [{ message: 'Query depth limit of 6 exceeded, found 7.', extensions: { code: 'LIMIT_EXCEEDED' } }],
    })
  })

  test('an id that is not known is not found: 404, in the words that clients of automatic ones go by', async () => {
    const unknown = { extensions: hashed('{ viewer { userName } }') }
    const answer = await send(gateway.url, unknown)
    expect(answer).toMatchObject({ ...refused('PERSISTED_QUERY_NOT_FOUND', 404) })
    expect(answer.errors?.[0]?.message).toBe('PersistedQueryNotFound')
    await expect(socket.ask({ query: '', ...unknown })).rejects.toEqual(answer.errors)
  })

  test('a text that comes with an id that is not known is carried out, and not remembered', async () => {
    const query = '{ __typename latestChangeId }'
    expect(await send(gateway.url, { query, extensions: hashed(query) })).toMatchObject(told)
    expect(await send(gateway.url, { extensions: hashed(query) })).toMatchObject({ status: 404 })
  })

  test('a text and an id that are not of the same operation are refused', async () => {
    expect(await send(gateway.url, { query: latest, documentId: sha256(latest) })).toMatchObject(told)
    expect(await send(gateway.url, { query: '{ __typename }', documentId: sha256(latest) })).toMatchObject(
      refused('BAD_REQUEST', 400),
    )
  })

  test.each([
    { id: 5 },
    { id: '' },
    { documentId: ['x'] },
    { extensions: { persistedQuery: { sha256Hash: {} } } },
    { extensions: { persistedQuery: 'x' } },
    { extensions: 'x' },
    { query: 5, documentId: 'x' },
    {},
  ])('what is no id is refused: %j', async asking => {
    expect(await send(gateway.url, asking)).toMatchObject(refused('BAD_REQUEST', 400))
  })

  test('names of every object are no ids', async () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect(await send(gateway.url, { id })).toMatchObject({ status: 404 })
    }
  })

  test('operations that are not persisted go on as ever', async () => {
    expect(await send(gateway.url, { query: '{ __typename }' })).toMatchObject({ data: { __typename: 'Query' } })
  })
})

describe('alone', () => {
  let gateway: TestGateway
  let socket: GraphQLSocket
  beforeAll(async () => {
    gateway = await startTestGateway(...flags, '--persisted-operations-only')
    socket = await openGraphQLSocket(gateway.url)
  })
  afterAll(async () => {
    await socket[Symbol.asyncDispose]()
    await gateway.gateway.close()
  })

  test.each(['{ viewer { userName } }', '{ __schema { types { name } } }', latest, '', '{ not a document'])(
    'no text is carried out, on any transport: %s',
    async query => {
      const answers = [await send(gateway.url, { query }), ...(query === '' ? [] : [await get(gateway.url, { query })])]
      for (const answer of answers) expect(answer).toMatchObject(refused('PERSISTED_QUERY_ONLY', 400))
      await expect(socket.ask({ query })).rejects.toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_ONLY' } }])
    },
  )

  test('nor with an id that is not known', async () => {
    const query = '{ viewer { userName } }'
    const asking = { query, extensions: hashed(query) }
    expect(await send(gateway.url, asking)).toMatchObject(refused('PERSISTED_QUERY_ONLY', 400))
  })

  test('of a text that comes with a known id the stored one is carried out', async () => {
    const asking = { query: '{ viewer { userName } }', documentId: sha256(latest) }
    expect(await send(gateway.url, asking)).toMatchObject(told)
    expect(await get(gateway.url, asking)).toMatchObject(told)
    expect((await socket.ask(asking)).data).toEqual({ latestChangeId: expect.any(String) })
  })

  test('each of the manifests is found', async () => {
    for (const text of documents) {
      const { errors = [] } = await send(gateway.url, { id: sha256(text), variables: { first: 1, input: {} } })
      const codes = errors.map(({ extensions }) => extensions.code)
      expect(codes).not.toContain('PERSISTED_QUERY_NOT_FOUND')
      expect(codes).not.toContain('PERSISTED_QUERY_ONLY')
    }
  })
})
