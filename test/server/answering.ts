import type { NewChange } from '../../src/events/change.ts'
import { createChangeLog } from '../../src/events/change-log.ts'
import { createOverlay } from '../../src/events/overlay.ts'
import { createIamClient, type IamClient } from '../../src/iam/client.ts'
import { beginOperation } from '../../src/iam/operation.ts'
import type { Session } from '../../src/iam/session.ts'
import { createX509Reader } from '../../src/iam/x509-certificate.ts'
import { createLoaders, type Loaders } from '../../src/loaders/loaders.ts'
import { createLog } from '../../src/log.ts'
import { anonymous, type Principal } from '../../src/principal.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { schema } from '../../src/schema/index.ts'
import { createSubscriptions } from '../../src/server/subscription.ts'
import { createGraphQLServer } from '../../src/server/yoga.ts'
import type { Answer } from '../gateway.ts'

export interface Asking {
  readonly query: string
  readonly variables?: object
  readonly as?: Principal
}

/** A server of answers, and how often it asked its loaders for anything: not where it gives an answer again. */
export interface Answering {
  /** The body's text. */
  ask(asking: Asking): Promise<string>
  readonly loads: number
}

export interface Account extends AsyncDisposable {
  readonly sandbox: Sandbox
  /** What the gateway's own identity has read. */
  readonly iam: IamClient
  /** A server of this account; all of them share what is remembered, and the changes that were told. */
  serve(answerCacheBytes: number): Answering
  /** From now on callers of this name ask IAM in a session of their own, another one each time. */
  separate(principal: Principal): void
  /** As of a change that was made elsewhere. */
  tell(change: NewChange): Promise<unknown>
  /** Time passes for the changes that were told, in milliseconds. */
  pass(time: number): void
  /** Called whenever a user was looked up by name, before the operation goes on. */
  onUser: () => void
}

export interface AccountOptions {
  readonly users?: number
  /** In milliseconds. */
  readonly cacheTtl?: number
  readonly window?: number
}

/** Wired as the gateway is, by several servers at once. */
export async function openAnswering({
  users = 12,
  cacheTtl = 600_000,
  window = 15_000,
}: AccountOptions = {}): Promise<Account> {
  const sandbox = await startSandbox({ users })
  let now = 0
  let sessions = 0
  const iam = createIamClient({
    endpoint: sandbox.url,
    region: 'us-east-1',
    credentials: sandbox.credentials,
    cacheTtl,
  })
  const separate = new Map<string, Session>()
  const overlay = createOverlay({
    window,
    cacheTtl,
    now: () => now,
    onEnded: ({ kind, userName }) => iam.forget(kind, userName),
  })
  const events = createChangeLog({
    capacity: 100,
    onTold(change) {
      overlay.told(change)
      iam.forget(change.kind, change.userName)
    },
  })
  const log = createLog('silent', { write() {} })
  const x509 = createX509Reader()

  const account: Account = {
    sandbox,
    iam,
    onUser() {},
    serve(answerCacheBytes) {
      let principal = anonymous
      let loads = 0
      const yoga = createGraphQLServer({
        schema,
        subscriptions: createSubscriptions(100),
        log,
        limits: {
          maxDepth: 12,
          maxAliases: 30,
          maxDirectives: 50,
          maxTokens: 2000,
          maxVariableValues: 2000,
          maxVariableDepth: 10,
        },
        cost: { maxIamCalls: 1500, reportCost: true },
        answers: { answerCacheBytes, isSettled: () => overlay.isEmpty },
        maxBody: 131_072,
        allowedOrigins: [],
        graphiql: undefined,
        introspection: 'everybody',
        callers: { authentication: undefined, tokenGrace: 30_000, scopePrefix: '' },
        callerLimits: undefined,
        createContext({ requestId, client }) {
          const operation = beginOperation({ client, timeout: 60_000, maxCalls: 1500 })
          const session = separate.get(principal.name)
          const own = (session ? iam.as(session) : iam).on(operation)
          const loaders = counting(createLoaders(own, overlay), {
            onLoad() {
              loads += 1
            },
            onUser: () => account.onUser(),
          })
          return {
            principal,
            requestId,
            log,
            iam: own,
            operation,
            cost: operation.cost,
            walkCalls: 200,
            loaders,
            x509,
            events,
            changedBy: undefined,
            audit: undefined,
            allowImplicitUser: true,
          }
        },
      })
      return {
        get loads() {
          return loads
        },
        async ask({ query, variables, as = anonymous }) {
          principal = as
          const response = await yoga.fetch(
            'http://localhost/graphql',
            {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ query, variables }),
            },
            { requestId: 'a test' },
          )
          return await response.text()
        },
      }
    },
    separate({ name }) {
      sessions += 1
      separate.set(name, {
        key: `${name} ${sessions}`,
        arn: undefined,
        ready: async () => {},
        credentials: async () => sandbox.credentials,
        drop: () => false,
      })
    },
    tell: change => events.tell(change),
    pass(time) {
      now += time
    },
    async [Symbol.asyncDispose]() {
      iam.destroy()
      events.close()
      await sandbox.close()
    },
  }
  return account
}

export function read(text: string): Answer {
  return JSON.parse(text) as Answer
}

function counting(loaders: Loaders, { onLoad, onUser }: { onLoad: () => void; onUser: () => void }): Loaders {
  const { users, user, signingCertificates } = loaders
  return {
    ...loaders,
    users: {
      ...users,
      load(request) {
        onLoad()
        return users.load(request)
      },
    },
    signingCertificates: {
      ...signingCertificates,
      load(request) {
        onLoad()
        return signingCertificates.load(request)
      },
    },
    user: {
      ...user,
      async load(name) {
        onLoad()
        const found = await user.load(name)
        onUser()
        return found
      },
    },
  }
}
