import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { postText, requestText, sendRaw } from './transport.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.gateway.close())

describe('GraphQL over HTTP, as the audits of graphql-http have it', () => {
  for (const { id, name, fn } of serverAudits({ url: () => gateway.url, fetchFn: fetch })) {
    test(`${id} ${name}`, async () => {
      expect(await fn()).toMatchObject({ status: 'ok' })
    })
  }
})

describe('an answer in a format that the client does not take', () => {
  test.each([
    [
      'a subscription, where it takes only JSON',
      'subscription { signingCertificateStatusChanged { id } }',
      'application/json',
    ],
    ['a query, where it takes only XML', '{ latestChangeId }', 'application/xml'],
  ])('of %s is 406, and says what was expected', async (_name, query, accept) => {
    const answer = await sendRaw(gateway.url, postText(JSON.stringify({ query }), { accept }))
    expect(answer.status).toBe(406)
    expect(JSON.parse(answer.body)).toEqual({
      errors: [{ message: expect.stringMatching(/^Accept: expected/), extensions: { code: 'NOT_ACCEPTABLE' } }],
    })
    expect(gateway.gateway.events.subscribers).toBe(0)
  })
})

describe('GET', () => {
  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}?query=${encodeURIComponent(query)}`, { headers })

  test('answers a query', async () => {
    const response = await get('{ viewer { userName } }')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ data: { viewer: { userName: 'gateway' } } })
  })

  test('refuses a mutation, whatever its name or shape, and asks IAM nothing', async () => {
    const calls = await gateway.callsOf(async () => {
      const mutation = 'mutation M { uploadSigningCertificate(input: { certificateBody: "x" }) { __typename } }'
      for (const query of [mutation, `query Q { latestChangeId } ${mutation}&operationName=M`]) {
        const [document = '', name = ''] = query.split('&')
        const response = await fetch(`${gateway.url}?query=${encodeURIComponent(document)}&${name}`)
        expect(response.status).toBe(405)
        expect(response.headers.get('allow')).toBe('POST')
        expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
      }
    })
    expect(calls).toEqual([])
  })

  test('opens a subscription over SSE', async () => {
    const response = await get('subscription { signingCertificateStatusChanged { userName } }', {
      accept: 'text/event-stream',
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    await response.body?.cancel()
  })

  test('with variables that are not JSON is a client mistake, and does not repeat them', async () => {
    const response = await fetch(`${gateway.url}?query={latestChangeId}&variables={secret`)
    expect(response.status).toBe(400)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
    expect(text).not.toContain('secret')
  })
})

describe('a request body', () => {
  test.each([
    ['is not JSON', '{"query": "{ viewer { userName } }", "variables": {"body": "MIICsecret"'],
    ['is nothing', ''],
    ['is null', 'null'],
    ['is a text', '"MIICsecret"'],
    ['is a number', '1'],
    ['is a list, a batch', '[{"query": "{ latestChangeId }"}, {"query": "{ latestChangeId }"}]'],
    ['has no query', '{"variables": {"body": "MIICsecret"}}'],
    ['has a query that is no text', '{"query": {"body": "MIICsecret"}}'],
    ['has variables that are no object', '{"query": "{ latestChangeId }", "variables": "MIICsecret"}'],
    ['has variables that are a list', '{"query": "{ latestChangeId }", "variables": ["MIICsecret"]}'],
    ['has a member that GraphQL does not know', '{"query": "{ latestChangeId }", "files": "MIICsecret"}'],
  ])('that %s is refused in standard form, and not repeated', async (_what, body) => {
    const answer = await sendRaw(gateway.url, postText(body))
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST' } }],
    })
    expect(answer.body).not.toContain('MIICsecret')
  })

  test('of 128 KiB is read, a larger one refused, whether its length is known or not', async () => {
    const sized = (length: number) => {
      const [start, end] = ['{"query":"{ latestChangeId }","variables":{"x":"', '"}}']
      return start + 'x'.repeat(length - start.length - end.length) + end
    }
    expect(await sendRaw(gateway.url, postText(sized(131_072)))).toMatchObject({ status: 200 })
    const large = await sendRaw(gateway.url, postText(sized(131_073)))
    expect(large.status).toBe(413)
    expect(JSON.parse(large.body).errors[0].extensions).toEqual({ code: 'REQUEST_ENTITY_TOO_LARGE' })

    const chunked = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([sized(131_073)]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(chunked.status).toBe(413)
    // What else the client meant to send on this connection would be lost.
    expect(chunked.headers.get('connection')).toBe('close')
    expect(await chunked.json()).toMatchObject({ errors: [{ extensions: { code: 'REQUEST_ENTITY_TOO_LARGE' } }] })
    expect((await gateway.ask('{ latestChangeId }')).errors).toBeUndefined()
  })
})

describe('a method', () => {
  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is answered by 405 and the ones that work', async method => {
    const { status, head, body } = await sendRaw(gateway.url, requestText(`${method} /graphql`, {}))
    expect(status).toBe(405)
    expect(head.toLowerCase()).toContain('allow: get, post')
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  test('HEAD is answered without a body', async () => {
    const { status, body } = await sendRaw(gateway.url, requestText('HEAD /graphql', {}))
    expect(status).toBe(405)
    expect(body).toBe('')
  })
})

test('an answer carries its request id, and is kept by no cache', async () => {
  const ids = new Set<string | null>()
  for (let index = 0; index < 2; index += 1) {
    const response = await fetch(`${gateway.url}?query={latestChangeId}`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    ids.add(response.headers.get('x-request-id'))
  }
  expect(ids.size).toBe(2)
  expect(ids).not.toContain(null)
})
