import { once } from 'node:events'
import { Writable } from 'node:stream'
import type { CallerLimits } from '../../src/caller-limit/caller-limit.ts'
import type { Context } from '../../src/context.ts'
import { type ChangeLog, createChangeLog } from '../../src/events/change-log.ts'
import { createOverlay } from '../../src/events/overlay.ts'
import { createIamClient } from '../../src/iam/client.ts'
import { beginOperation } from '../../src/iam/operation.ts'
import { createX509Reader } from '../../src/iam/x509-certificate.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import { createLog } from '../../src/log.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { schema } from '../../src/schema/index.ts'
import type { CallerOptions } from '../../src/server/caller.ts'
import { createGate } from '../../src/server/gate.ts'
import type { GraphiQLSettings } from '../../src/server/graphiql.ts'
import { type HttpServer, startHttpServer } from '../../src/server/http.ts'
import type { Introspection } from '../../src/server/introspection.ts'
import type { PersistedOptions } from '../../src/server/persisted-operation.ts'
import { createSubscriptions } from '../../src/server/subscription.ts'
import { createGraphQLServer } from '../../src/server/yoga.ts'

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly requestId?: string
  readonly err?: { readonly type: string; readonly message: string; readonly stack: string }
  readonly [key: string]: unknown
}

export interface LoggedServer extends AsyncDisposable {
  readonly url: string
  readonly http: HttpServer
  readonly sandbox: Sandbox
  readonly events: ChangeLog
  /** What was logged so far, every level. */
  lines(): LogLine[]
  /** Resolves with the first line, of those to come too, that fits. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>
}

export interface ServerSettings extends Partial<CallerOptions> {
  readonly introspection?: Introspection
  readonly allowedOrigins?: readonly string[]
  readonly graphiql?: GraphiQLSettings | undefined
  readonly callerLimits?: CallerLimits
  readonly persisted?: PersistedOptions
}

/** The server room with its log at hand, and a context that may be changed before an operation gets it. */
export async function startLoggedServer(
  change: (context: Context) => Context = context => context,
  settings: ServerSettings = {},
): Promise<LoggedServer> {
  const { introspection = 'everybody', allowedOrigins = [], callerLimits, persisted } = settings
  const { authentication, tokenGrace = 30_000, scopePrefix = '', audit, recheckInterval } = settings
  const example = { title: 'test', target: 'test', example: undefined }
  const graphiql = 'graphiql' in settings ? settings.graphiql : example
  const callers = { authentication, tokenGrace, scopePrefix, audit, recheckInterval }
  const lines: LogLine[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      const line = JSON.parse(String(chunk)) as LogLine
      lines.push(line)
      stream.emit('line', line)
      done()
    },
  })
  const log = createLog('trace', stream)
  const sandbox = await startSandbox({ users: 2 })
  const iam = createIamClient({
    endpoint: sandbox.url,
    region: 'us-east-1',
    credentials: sandbox.credentials,
    onSilence: error => log.warn({ err: error }, 'IAM did not answer'),
  })
  const events = createChangeLog({ capacity: 100 })
  const x509 = createX509Reader()
  const subscriptions = createSubscriptions(100)
  const yoga = createGraphQLServer({
    schema,
    subscriptions,
    log,
    limits: {
      maxDepth: 12,
      maxAliases: 30,
      maxDirectives: 50,
      maxTokens: 2000,
      maxVariableValues: 2000,
      maxVariableDepth: 10,
    },
    cost: { maxIamCalls: 1500, reportCost: false },
    maxBody: 131_072,
    allowedOrigins,
    graphiql,
    introspection,
    callers,
    callerLimits,
    persisted,
    createContext: ({ requestId, principal, client }) => {
      const operation = beginOperation({
        client,
        timeout: 60_000,
        maxCalls: 1000,
        onSpend: owed => callerLimits?.spend(principal, owed),
      })
      return change({
        principal,
        requestId,
        log: log.child({ requestId }),
        audit,
        iam: iam.on(operation),
        operation,
        cost: operation.cost,
        walkCalls: 200,
        loaders: createLoaders(iam.on(operation), createOverlay({ window: 0 })),
        x509,
        events,
        changedBy: undefined,
        allowImplicitUser: true,
      })
    },
  })
  const http = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    yoga,
    gate: createGate({ allowedHosts: [], allowedOrigins }),
    log,
    maxBody: 131_072,
    isReady: iam.answersLately,
    troubles: () => [],
    subscriptions,
    sockets: { keepAlive: 30_000, connectionInitTimeout: 10_000, maxSocketSubscriptions: 100 },
    hasGraphiQL: graphiql !== undefined,
    callers,
    callerLimits,
    persisted,
  })
  return {
    url: `http://127.0.0.1:${http.port}/graphql`,
    http,
    sandbox,
    events,
    lines: () => [...lines],
    async line(fits) {
      for (;;) {
        const found = lines.find(fits)
        if (found) return found
        await once(stream, 'line')
      }
    },
    async [Symbol.asyncDispose]() {
      await http.close(1_000)
      iam.destroy()
      await sandbox.close()
    },
  }
}
