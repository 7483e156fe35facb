import { gatewayAnnouncement, sandboxAnnouncement } from './announcement.ts'
import type { GatewayOptions, SandboxConfig, ServeConfig, StartConfig } from './config.ts'
import type { Context } from './context.ts'
import type { NewChange, Told } from './events/change.ts'
import { type ChangeLog, createChangeLog } from './events/change-log.ts'
import { createOverlay, type Overlay } from './events/overlay.ts'
import { createIamClient, type IamClient, type IamClientOptions, type OnSilence } from './iam/client.ts'
import { type Identity, identify } from './iam/identity.ts'
import { beginOperation } from './iam/operation.ts'
import { createPacer } from './iam/pacer.ts'
import { createX509Reader } from './iam/x509-certificate.ts'
import { createLoaders } from './loaders/loaders.ts'
import { createConsole, type Logger } from './log.ts'
import { createProgress, type Progress } from './progress.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox/server.ts'
import { schema } from './schema/index.ts'
import { createGate } from './server/gate.ts'
import type { GraphiQLSettings } from './server/graphiql.ts'
import { startHttpServer } from './server/http.ts'
import type { CreateContext } from './server/operation.ts'
import { createGraphQLServer, endpoint } from './server/yoga.ts'
import { nobodyAsks, portTaken } from './start-error.ts'

export interface Running extends AsyncDisposable {
  readonly url: string
  /** What to tell whoever started it. */
  readonly announcement: string
  /** Finishes what is under way, within the grace time. */
  close(): Promise<void>
}

export interface Gateway extends Running {
  /** The embedded IAM; undefined where the gateway serves another. */
  readonly sandbox: Sandbox | undefined
  readonly events: ChangeLog
  readonly iam: IamClient
}

export async function createSandbox({ sandbox: options, logLevel }: SandboxConfig): Promise<Running> {
  const { log } = createConsole(logLevel)
  const sandbox = await startEmbedded(options, '--port')
  log.debug({ url: sandbox.url }, 'sandbox listens')
  return {
    url: sandbox.url,
    announcement: sandboxAnnouncement(sandbox),
    close: sandbox.close,
    [Symbol.asyncDispose]: sandbox.close,
  }
}

/** The only place where things are wired: whatever it starts, it closes, also where it fails half way. */
export async function createGateway(config: StartConfig | ServeConfig): Promise<Gateway> {
  const started: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const stop of started.splice(0).reverse()) await stop()
  }
  try {
    const { log, show } = createConsole(config.logLevel)
    const sandbox = config.command === 'start' ? await startEmbedded(config.sandbox, '--sandbox-port') : undefined
    if (sandbox) started.push(sandbox.close)
    const connection = iamConnection(sandbox)
    const overlay = createOverlay({
      window: config.consistencyWindow * 1000,
      cacheTtl: config.cacheTtl * 1000,
      capacity: config.rememberedChanges,
      onEnded: ({ kind, userName }) => iam.forget(kind, userName),
    })
    const { cacheEntries, cacheBytes } = config
    const iam = createIamClient({
      ...connection,
      pacer: createPacer({ concurrency: config.iamConcurrency }),
      callTimeout: config.callTimeout * 1000,
      cacheTtl: config.cacheTtl * 1000,
      cacheEntries,
      cacheBytes,
      onSilence: logSilence(log),
      onDoubt: overlay.doubted,
    })
    started.push(iam.destroy)
    const identity = await whoAsks(iam, connection)
    const onTold = (change: Told<NewChange>) => {
      overlay.told(change)
      iam.forget(change.kind, change.userName)
    }
    const events = createChangeLog({ capacity: config.rememberedChanges, onTold })
    // What a browser remembers of the sandbox's tabs must not come up before a real account.
    const target = sandbox ? 'sandbox' : `${identity.name} at ${identity.endpoint}`
    const title = sandbox ? 'iam-graphql-gateway: sandbox' : identity.name.replace(/^arn:[^:]*:[^:]*:[^:]*:/, '')
    const graphiql = { title, target, example: sandbox?.example }
    const progress = createProgress({ log, show, perSecond: () => iam.pacer.slowest })
    const http = await listen(config, { iam, identity, events, overlay, log, progress, graphiql })
    started.push(() => http.close(config.grace * 1000))

    const { host } = config
    const url = `http://${inUrl(host)}:${http.port}${endpoint}`
    const { name, endpoint: iamEndpoint, reason } = identity
    if (!sandbox)
      log[reason === undefined ? 'info' : 'warn'](
        { url, identity: name, endpoint: iamEndpoint, reason },
        'gateway serves',
      )
    const announcement = gatewayAnnouncement(url, identity, sandbox)
    return { url, sandbox, events, iam, announcement, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startEmbedded(options: SandboxOptions, portFlag: string): Promise<Sandbox> {
  return startSandbox(options).catch(portTaken(options.port ?? 0, portFlag))
}

function iamConnection(sandbox: Sandbox | undefined): IamClientOptions & { stsEndpoint?: string } {
  if (!sandbox) return {}
  const { url, credentials } = sandbox
  return { endpoint: url, stsEndpoint: url, region: 'us-east-1', credentials }
}

function logSilence(log: Logger): OnSilence {
  return error => log.warn({ err: error }, 'IAM did not answer')
}

function whoAsks(iam: IamClient, target: { readonly stsEndpoint?: string }): Promise<Identity> {
  return identify(iam, target).catch(nobodyAsks)
}

function listen(
  config: GatewayOptions,
  parts: {
    readonly iam: IamClient
    readonly identity: Identity
    readonly events: ChangeLog
    readonly overlay: Overlay
    readonly log: Logger
    readonly progress: Progress
    readonly graphiql: GraphiQLSettings
  },
) {
  const { iam, identity, events, overlay, log, progress, graphiql } = parts
  const x509 = createX509Reader()
  const createContext: CreateContext = ({ requestId, client }): Context => {
    const operationLog = log.child({ requestId })
    const timeout = config.operationTimeout * 1000
    const operation = beginOperation({ client, timeout, maxCalls: config.maxIamCalls, onEnd: () => ended() })
    const ended = progress.track({ requestId, cost: operation.cost })
    const operationIam = iam.on(operation, logSilence(operationLog))
    return {
      principal: { name: 'anonymous' },
      requestId,
      log: operationLog,
      iam: operationIam,
      operation,
      cost: operation.cost,
      loaders: createLoaders(operationIam, overlay),
      x509,
      events,
      changedBy: identity.arn,
      allowImplicitUser: config.allowImplicitUser,
      walkCalls: config.walkCalls,
    }
  }
  const { port, host, maxBody, allowedOrigin: allowedOrigins, allowedHost: allowedHosts } = config
  const yoga = createGraphQLServer({
    schema,
    createContext,
    log,
    limits: config,
    cost: config,
    maxBody,
    allowedOrigins,
    graphiql,
  })
  const gate = createGate({ allowedHosts: [...allowedHosts, inUrl(host)], allowedOrigins })
  const isReady = iam.answersLately
  return startHttpServer({ host, port, yoga, gate, log, maxBody, isReady, endSubscriptions: events.close }).catch(
    portTaken(port, '--port'),
  )
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
