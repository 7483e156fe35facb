import type { FormattedExecutionResult } from 'graphql'
import { describe, expect, test } from 'vitest'
import { createOverlay } from '../../src/events/overlay.ts'
import { beginOperation } from '../../src/iam/operation.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import type { Principal } from '../../src/principal.ts'
import { type StubCallers, startStubCallers } from '../iam/stub-callers.ts'
import { aPrincipal, aToken } from '../iam/token.ts'
import { aChange } from '../server/change.ts'
import { type LoggedServer, startLoggedServer } from '../server/logged-server.ts'
import { openGraphQLSocket, subscribeBySse } from '../server/transport.ts'
import { refusalOf, type StubAnswer, type StubCall } from '../stub-iam.ts'

type AnswerList = (call: StubCall) => StubAnswer | undefined | Promise<StubAnswer | undefined>

interface Watched extends AsyncDisposable {
  readonly server: LoggedServer
  readonly callers: StubCallers
  /** The Lists that IAM was asked for, each with the access key that signed it. */
  lists(): readonly string[]
  publish(userName: string, of?: Parameters<typeof aChange>[0]): Promise<void>
}

/** The server, where each caller asks IAM in a name of his own: the bearer token is the subject. */
async function startWatched(
  answer: AnswerList,
  { timeout = 60_000, isOwn = true }: { readonly timeout?: number; readonly isOwn?: boolean } = {},
): Promise<Watched> {
  const callers = await startStubCallers(call => (call.action.startsWith('List') ? answer(call) : undefined))
  const principals = new Map<string, Principal>()
  const server = await startLoggedServer(
    ({ operation: { end, signal }, ...context }) => {
      const operation = beginOperation({ client: signal, timeout, maxCalls: 10, onEnd: end })
      const iam = (isOwn ? callers.as(context.principal) : callers.iam).on(operation)
      const loaders = createLoaders(iam, createOverlay({ window: 0 }))
      return { ...context, operation, cost: operation.cost, iam, loaders }
    },
    {
      authentication: {
        async authenticate(subject) {
          const principal = principals.get(subject) ?? aPrincipal(aToken({ subject }))
          principals.set(subject, principal)
          return principal
        },
      },
    },
  )
  return {
    server,
    callers,
    lists: () =>
      callers.stub.calls.flatMap(({ action, parameters: { UserName }, headers: { authorization = '' } }) =>
        action.startsWith('List')
          ? `${action} ${UserName} ${/Credential=ASIAreader(\w+)/.exec(authorization)?.[1]}`
          : [],
      ),
    async publish(userName, of) {
      await server.events.publish(aChange({ userName, ...of }))
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await callers[Symbol.asyncDispose]()
    },
  }
}

const query = 'subscription { change: signingCertificateStatusChanged { userName status } }'

interface Subscriber extends AsyncDisposable {
  /** Whose change was told, or by which code it ended, and then `complete`. */
  next(): Promise<string>
}

async function bySse({ server }: Watched, subject: string, asked = query): Promise<Subscriber> {
  const stream = await subscribeBySse(server.url, { query: asked }, { authorization: `Bearer ${subject}` })
  return {
    async next() {
      const event = await stream.next()
      return event?.event === 'next' ? told(JSON.parse(event.data)) : 'complete'
    },
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  }
}

async function byWebSocket({ server }: Watched, subject: string, asked = query): Promise<Subscriber> {
  const before = server.events.subscribers
  const socket = await openGraphQLSocket(server.url, { authorization: `Bearer ${subject}` })
  const results = socket.run({ query: asked })
  const pending = [results.next()]
  await expect.poll(() => server.events.subscribers).toBe(before + 1)
  return {
    async next() {
      try {
        const { value, done } = await (pending.shift() ?? results.next())
        return done ? 'complete' : told(value)
      } catch (errors) {
        return told({ errors } as FormattedExecutionResult)
      }
    },
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  }
}

const transports = [
  ['SSE', bySse],
  ['WebSocket', byWebSocket],
] as const

function told({ data, errors }: FormattedExecutionResult): string {
  if (errors) return String(errors[0]?.extensions?.['code'])
  return (data as { readonly change: { readonly userName: string } }).change.userName
}

const denied = refusalOf('AccessDenied', 403)
const gone = refusalOf('NoSuchEntity', 404)
const of =
  (answers: Readonly<Record<string, StubAnswer>>): AnswerList =>
  ({ parameters: { UserName = '' } }) =>
    answers[UserName]

describe.each(transports)('over %s', (_name, subscribe) => {
  test('a change is told to those who may list the user’s credentials, and to others nothing', async () => {
    await using watched = await startWatched(({ parameters: { UserName }, headers: { authorization = '' } }) =>
      UserName === 'carol' && authorization.includes('ASIAreaderbob') ? denied : undefined,
    )
    await using alice = await subscribe(watched, 'alice')
    await using bob = await subscribe(watched, 'bob')
    for (const userName of ['carol', 'dave', 'carol']) await watched.publish(userName)
    expect([await alice.next(), await alice.next(), await alice.next()]).toEqual(['carol', 'dave', 'carol'])
    await watched.publish('eve')
    expect([await bob.next(), await bob.next()]).toEqual(['dave', 'eve'])
  })

  test('one that cannot be decided ends the stream, and does not say why', async () => {
    await using watched = await startWatched(of({ carol: gone }))
    await using alice = await subscribe(watched, 'alice')
    await watched.publish('dave')
    await watched.publish('carol')
    await watched.publish('dave')
    expect([await alice.next(), await alice.next()]).toEqual(['dave', 'ACCESS_UNDECIDED'])
    await expect.poll(() => watched.server.events.subscribers).toBe(0)
  })
})

describe('a decision', () => {
  test('is one List for all subscribers of an identity, and holds for the changes behind it', async () => {
    await using watched = await startWatched(of({ Dave: denied }))
    await using one = await bySse(watched, 'alice')
    await using another = await byWebSocket(watched, 'alice')
    await using bob = await bySse(watched, 'bob')
    for (const userName of ['Carol', 'carol', 'Dave', 'dave', 'eve']) await watched.publish(userName)
    for (const subscriber of [one, another, bob]) {
      expect([await subscriber.next(), await subscriber.next(), await subscriber.next()]).toEqual([
        'Carol',
        'carol',
        'eve',
      ])
    }
    const ofEach = ['Carol', 'Dave', 'eve'].map(userName => `ListSigningCertificates ${userName}`)
    expect([...watched.lists()].sort()).toEqual(ofEach.flatMap(list => [`${list} alice`, `${list} bob`]).sort())
  })

  test('is made for each kind of credential by its own List', async () => {
    await using watched = await startWatched(({ action }) =>
      action === 'ListServiceSpecificCredentials' ? denied : undefined,
    )
    const credentials = 'subscription { change: serviceSpecificCredentialStatusChanged { userName } }'
    await using certificate = await bySse(watched, 'alice')
    await using credential = await bySse(watched, 'alice', credentials)
    await watched.server.events.publish({ ...aChange({ userName: 'carol' }), kind: 'ServiceSpecificCredential' })
    await watched.publish('carol')
    expect(await certificate.next()).toBe('carol')
    await expect
      .poll(() => [...watched.lists()].sort())
      .toEqual(['ListServiceSpecificCredentials carol alice', 'ListSigningCertificates carol alice'])
    await watched.server.line(({ msg, userName }) => msg === 'changes of a user are withheld' && userName === 'carol')
    watched.server.events.close()
    expect(await credential.next()).toBe('complete')
  })

  test('that is slow holds back what is behind it: the order stays', async () => {
    let answer = () => {}
    const answered = new Promise<undefined>(resolve => {
      answer = () => resolve(undefined)
    })
    await using watched = await startWatched(({ parameters: { UserName } }) =>
      UserName === 'carol' ? answered : undefined,
    )
    await using alice = await bySse(watched, 'alice')
    await watched.publish('dave')
    await watched.publish('carol')
    await watched.publish('dave')
    expect(await alice.next()).toBe('dave')
    await expect.poll(() => watched.lists()).toHaveLength(2)
    answer()
    expect([await alice.next(), await alice.next()]).toEqual(['carol', 'dave'])
  })

  test('is remembered: the deletion of a user’s last credential is told when the user is gone, too', async () => {
    let isGone = false
    await using watched = await startWatched(() => (isGone ? gone : undefined))
    await using alice = await bySse(watched, 'alice')
    await watched.publish('carol')
    expect(await alice.next()).toBe('carol')
    isGone = true
    await watched.publish('carol', { status: undefined })
    expect(await alice.next()).toBe('carol')
  })

  test.each([
    ['IAM throttles', refusalOf('Throttling')],
    ['IAM is silent', 'hang'],
  ] as const)('that is not made in the time of an operation, for %s, ends the stream', async (_why, answer) => {
    await using watched = await startWatched(() => answer, { timeout: 300 })
    await using alice = await bySse(watched, 'alice')
    await watched.publish('carol')
    expect(await alice.next()).toBe('ACCESS_UNDECIDED')
  })

  test('is none where the caller’s own session is refused', async () => {
    await using watched = await startWatched(() => undefined)
    await using callers = await startStubCallers(({ action }) =>
      action === 'AssumeRoleWithWebIdentity' ? denied : undefined,
    )
    Object.assign(watched.callers, { as: callers.as })
    await using alice = await bySse(watched, 'alice')
    await watched.publish('carol')
    expect(await alice.next()).toBe('ACCESS_UNDECIDED')
    expect(callers.signed).toEqual([])
  })

  test('that somebody asked for who has gone is made by another who waits for it', async () => {
    let answer = () => {}
    const answered = new Promise<undefined>(resolve => {
      answer = () => resolve(undefined)
    })
    await using watched = await startWatched(() => answered)
    const leaving = await byWebSocket(watched, 'alice')
    await using staying = await bySse(watched, 'alice')
    await watched.publish('carol')
    await expect.poll(() => watched.lists()).toHaveLength(1)
    await leaving[Symbol.asyncDispose]()
    await watched.callers.stub.calls.find(({ action }) => action.startsWith('List'))?.over
    await expect.poll(() => watched.lists()).toHaveLength(2)
    answer()
    expect(await staying.next()).toBe('carol')
  })
})

test('the credential that changed is looked up once for each identity, and never for another', async () => {
  await using watched = await startWatched(() => undefined)
  const asked = 'subscription { change: signingCertificateStatusChanged { userName signingCertificate { status } } }'
  await using one = await bySse(watched, 'alice', asked)
  await using another = await bySse(watched, 'alice', asked)
  await using bob = await bySse(watched, 'bob', asked)
  await watched.publish('carol')
  for (const subscriber of [one, another, bob]) expect(await subscriber.next()).toBe('carol')
  // To decide, and then to look it up.
  const ofEach = (subject: string) => Array(2).fill(`ListSigningCertificates carol ${subject}`)
  expect([...watched.lists()].sort()).toEqual([...ofEach('alice'), ...ofEach('bob')])
})

test('where the gateway asks in its own name for everybody, nothing is asked to decide', async () => {
  await using watched = await startWatched(() => denied, { isOwn: false })
  await using alice = await bySse(watched, 'alice')
  await watched.publish('carol')
  expect([await alice.next(), watched.lists()]).toEqual(['carol', []])
})

test('an id that is not remembered is told of as ever', async () => {
  await using watched = await startWatched(() => undefined)
  const after = 'subscription { change: signingCertificateStatusChanged(after: "stale") { userName } }'
  await using alice = await bySse(watched, 'alice', after)
  expect([await alice.next(), watched.lists()]).toEqual(['CHANGE_NOT_REMEMBERED', []])
})
