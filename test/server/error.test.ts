import { GraphQLError } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { uploadExample } from '../../src/sandbox/seed/example-certificate.ts'
import { post, startTestGateway, type TestGateway } from '../gateway.ts'
import { aChange } from './change.ts'
import { type LogLine, startLoggedServer } from './logged-server.ts'
import { type GraphQLSocket, openGraphQLSocket, subscribeBySse } from './transport.ts'

describe('an error of the client', () => {
  let gateway: TestGateway
  let socket: GraphQLSocket
  beforeAll(async () => {
    gateway = await startTestGateway()
    socket = await openGraphQLSocket(gateway.url)
  })
  afterAll(async () => {
    await socket[Symbol.asyncDispose]()
    await gateway.gateway.close()
  })

  const failing: [
    what: string,
    code: string,
    query: string,
    variables?: Record<string, unknown>,
    operation?: string,
  ][] = [
    ['a document that does not parse', 'GRAPHQL_PARSE_FAILED', '{ viewer { '],
    ['a document that does not fit the schema', 'GRAPHQL_VALIDATION_FAILED', '{ viewer { password } }'],
    ['a literal that does not fit', 'GRAPHQL_VALIDATION_FAILED', '{ users(first: "many") { nodes { userName } } }'],
    [
      'a variable that does not fit',
      'BAD_USER_INPUT',
      'query ($n: Int) { users(first: $n) { usersWalked: __typename } }',
      { n: 'many' },
    ],
    ['a variable that is missing', 'BAD_USER_INPUT', 'query ($name: String!) { user(userName: $name) { path } }'],
    ['an operation that is not there', 'OPERATION_RESOLUTION_FAILURE', 'query A { latestChangeId }', {}, 'B'],
    [
      'an operation that is not named among several',
      'OPERATION_RESOLUTION_FAILURE',
      'query A { latestChangeId } query B { latestChangeId }',
    ],
    ['an argument out of its range', 'BAD_USER_INPUT', '{ users(first: 0) { nodes { userName } } }'],
  ]
  test.each(failing)(
    '%s is told as %s by HTTP, and by a WebSocket that stays open',
    async (_what, code, query, variables, operationName) => {
      const body = { query, ...(variables && { variables }), ...(operationName && { operationName }) }
      const { errors = [] } = await post(gateway.url, body)
      expect(errors.map(({ extensions }) => extensions)).toEqual([{ code }])
      const bySocket = await socket.ask(body).then(
        result => result.errors,
        (thrown: unknown) => thrown,
      )
      expect(bySocket).toEqual(errors)
      expect(await socket.ask({ query: '{ latestChangeId }' })).not.toHaveProperty('errors')
    },
  )

  test('is told where it is: the variable, the path in it, and the reason', async () => {
    const query =
      'mutation ($input: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $input) { __typename } }'
    const variables = { input: { certificateBody: 'x', nope: 1 } }
    const { errors } = await gateway.ask(query, variables)
    expect(errors?.map(({ message }) => message)).toEqual([
      'Variable "$input" got an invalid value; Field "nope" is not defined by type "UploadSigningCertificateInput".',
    ])
    const within = await gateway.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', true] })
    expect(within.errors?.[0]?.message).toBe(
      'Variable "$ids" got an invalid value at "ids[1]"; ID cannot represent value: true',
    )
  })
})

describe('a certificate body', () => {
  const base64 = uploadExample.replace(/-----.*-----|\n/g, '')
  const mutation =
    'mutation ($input: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $input) { __typename } }'
  const literal = (field: string) => `mutation { uploadSigningCertificate(input: { ${field} }) { __typename } }`
  const inBlock = (text: string) => `"""${text}"""`

  const asked: [where: string, query: string, variables?: object][] = [
    ['beside an unknown field', mutation, { input: { certificateBody: uploadExample, nope: 1 } }],
    ['in a list', mutation, { input: { certificateBody: [uploadExample] } }],
    ['in an object', mutation, { input: { certificateBody: { pem: base64 } } }],
    ['instead of the input', mutation, { input: base64 }],
    ['as an enum value', 'query ($s: __TypeKind!) { latestChangeId @skip(if: $s) }', { s: base64 }],
    [
      'as the status',
      mutation
        .replaceAll('Upload', 'X')
        .replace('XSigningCertificateInput', 'SetSigningCertificateStatusInput')
        .replace('uploadSigningCertificate', 'setSigningCertificateStatus'),
      { input: { certificateId: 'x', status: base64 } },
    ],
    ['in a literal beside an unknown field', literal(`certificateBody: ${inBlock(uploadExample)}, nope: 1`)],
    ['in a literal list', literal(`certificateBody: [${JSON.stringify(uploadExample)}]`)],
    ['in a literal of another type', `{ users(first: "${base64}") { nodes { userName } } }`],
    [
      'in a literal object of another type',
      `{ users(first: { pem: ${JSON.stringify(uploadExample)}, x: "${base64}" }) { nodes { userName } } }`,
    ],
    ['where a name belongs', `{ users("${base64}": 1) { nodes { userName } } }`],
    ['where a field belongs', `{ "${base64}" }`],
    ['where a block belongs to nothing', `{ users(first: 1) ${inBlock(uploadExample)} }`],
    ['as the name of a field', `{ x${base64.replace(/\W/g, '')} }`],
    ['that never ends', `{ users(first: "${base64}`],
  ]
  test.each(asked)('%s comes back in no error, and stands in no log', async (_where, query, variables) => {
    await using server = await startLoggedServer()
    await using socket = await openGraphQLSocket(server.url)
    const payload = { query, ...(variables && { variables: variables as Record<string, unknown> }) }
    const answer = await post(server.url, payload)
    expect(answer.errors?.length).toBeGreaterThan(0)
    const bySocket = await socket.ask(payload).then(
      result => result.errors,
      (thrown: unknown) => thrown,
    )
    expect(bySocket).toEqual(answer.errors)
    const said = JSON.stringify([answer, server.lines()])
    for (const piece of [base64.slice(0, 40), base64.slice(100, 140), base64.slice(-40)])
      expect(said).not.toContain(piece)
  })
})

describe('an unexpected error', () => {
  const secret = 'AKIAIOSFODNN7EXAMPLE of arn:aws:iam::123456789012:user/alice'
  const thrown = () => {
    throw new TypeError(`broken by ${secret}`)
  }
  const failingStream = () => ({ next: async () => thrown(), [Symbol.asyncIterator]: failingStream })
  const brokenEvent = () => {
    const broken = {
      get id() {
        return thrown()
      },
    }
    const pending = [{ done: false, value: broken as never } as const]
    const stream = {
      next: () => new Promise<{ done: false; value: never }>(resolve => pending.splice(0).forEach(resolve)),
      [Symbol.asyncIterator]: () => stream,
    }
    return stream
  }
  const masked = (requestId: unknown, path?: (string | number)[]) => ({
    message: 'Something unexpected happened. The gateway has logged it under this request id.',
    ...(path && { path }),
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
  })
  const unexpected = (lines: readonly LogLine[]) => lines.filter(({ msg }) => msg === 'unexpected error')

  test('in a loader is one sentence with the request id, and one line of the log with its stack', async () => {
    await using server = await startLoggedServer(context => ({
      ...context,
      iam: { ...context.iam, ask: thrown },
      loaders: {
        ...context.loaders,
        get user() {
          return thrown()
        },
      },
    }))
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ latestChangeId viewer { userName } }' }),
    })
    const requestId = response.headers.get('x-request-id')
    const text = await response.text()
    const { data, errors } = JSON.parse(text)
    expect(data).toEqual({ latestChangeId: expect.any(String), viewer: null })
    expect(errors).toEqual([{ ...masked(requestId, ['viewer']), locations: [{ line: 1, column: 18 }] }])
    expect(text).not.toMatch(/AKIA|arn:|alice|\.ts|TypeError/)
    expect(unexpected(server.lines())).toEqual([
      {
        level: 50,
        time: expect.any(Number),
        msg: 'unexpected error',
        requestId,
        path: ['viewer'],
        err: { type: 'TypeError', message: `broken by ${secret}`, stack: expect.stringContaining('error.test.ts') },
      },
    ])
  })

  test('is told by a WebSocket with the id it is logged under', async () => {
    await using server = await startLoggedServer(context => ({
      ...context,
      events: { ...context.events, latestId: thrown },
    }))
    await using socket = await openGraphQLSocket(server.url)
    const { errors } = await socket.ask({ query: '{ latestChangeId }' })
    const { requestId } = await server.line(({ msg }) => msg === 'unexpected error')
    expect(errors).toEqual([{ ...masked(requestId, ['latestChangeId']), locations: [{ line: 1, column: 3 }] }])
    expect(requestId).toEqual(expect.any(String))
    expect(unexpected(server.lines())).toHaveLength(1)
  })

  test('while the context is made is no different', async () => {
    await using server = await startLoggedServer(thrown)
    await using socket = await openGraphQLSocket(server.url)
    const response = await fetch(`${server.url}?query={latestChangeId}`)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ errors: [masked(response.headers.get('x-request-id'))] })
    await expect(socket.ask({ query: '{ latestChangeId }' })).rejects.toEqual([masked(expect.any(String))])
    expect(unexpected(server.lines())).toHaveLength(2)
  })

  const query = 'subscription ($after: ID) { signingCertificateStatusChanged(after: $after) { id } }'
  const path = ['signingCertificateStatusChanged']
  const failures: [where: string, change: Parameters<typeof startLoggedServer>[0], shown: object][] = [
    ['in subscribe', context => ({ ...context, events: { ...context.events, subscribe: thrown } }), { path }],
    [
      'in a field of an event',
      context => ({ ...context, events: { ...context.events, subscribe: brokenEvent } }),
      { path: [...path, 'id'] },
    ],
    ['in mid-stream', context => ({ ...context, events: { ...context.events, subscribe: failingStream } }), {}],
  ]
  test.each(failures)('%s is masked on both transports, and logged once for each', async (_where, change, shown) => {
    await using server = await startLoggedServer(change)
    await using socket = await openGraphQLSocket(server.url)
    const after = server.events.latestId()
    await server.events.publish(aChange())
    const payload = { query, variables: { after } }

    const bySocket = await socket.ask(payload).then(
      result => result.errors,
      (thrownErrors: unknown) => thrownErrors,
    )
    const [first] = unexpected(server.lines())
    expect(first?.requestId).toEqual(expect.any(String))
    expect(bySocket).toMatchObject([{ ...masked(first?.requestId), ...shown }])

    await using stream = await subscribeBySse(server.url, payload)
    const { errors } = await stream.nextResult()
    expect(errors).toMatchObject([{ ...masked(stream.response.headers.get('x-request-id')), ...shown }])
    expect(unexpected(server.lines())).toHaveLength(2)
    expect(JSON.stringify([bySocket, errors])).not.toMatch(/AKIA|arn:|alice|\.ts|TypeError/)
  })

  test('of graphql itself, by a value that its type cannot show, is masked, too', async () => {
    await using server = await startLoggedServer(context => ({
      ...context,
      events: { ...context.events, latestId: () => ({ secret }) as unknown as string },
    }))
    const { errors } = await post(server.url, { query: '{ latestChangeId }' })
    expect(errors).toEqual([{ ...masked(expect.any(String), ['latestChangeId']), locations: [{ line: 1, column: 3 }] }])
    const [line] = unexpected(server.lines())
    expect(line).toMatchObject({ err: { message: expect.stringContaining('ID cannot represent value') } })
  })

  test('is not what a resolver means to tell', async () => {
    await using server = await startLoggedServer(context => ({
      ...context,
      events: {
        ...context.events,
        latestId: () => {
          throw new GraphQLError('as it stands', { extensions: { code: 'BAD_CURSOR', secret } })
        },
      },
    }))
    const { errors } = await post(server.url, { query: '{ latestChangeId }' })
    expect(errors).toMatchObject([{ message: 'as it stands', extensions: { code: 'BAD_CURSOR' } }])
    expect(JSON.stringify(errors)).not.toContain('AKIA')
    expect(unexpected(server.lines())).toEqual([])
  })
})
