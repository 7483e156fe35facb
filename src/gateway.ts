import type { GatewayOptions, SandboxConfig, ServeConfig, StartConfig } from './config.ts'
import type { Context } from './context.ts'
import { type ChangeLog, createChangeLog } from './events/change-log.ts'
import { createIamClient, type IamClient, type IamClientOptions, type OnSilence } from './iam/client.ts'
import { BadEndpoint } from './iam/endpoint.ts'
import { type Identity, identify, NoCredentials } from './iam/identity.ts'
import { createLoaders } from './loaders/loaders.ts'
import { createLog, type Logger } from './log.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox/server.ts'
import { schema } from './schema/index.ts'
import { createGate } from './server/gate.ts'
import type { GraphiQLSettings } from './server/graphiql.ts'
import { startHttpServer } from './server/http.ts'
import { createGraphQLServer, endpoint } from './server/yoga.ts'

/** What kept it from starting, in one sentence for whoever started it. */
export class StartError extends Error {}

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
}

export async function createSandbox({ sandbox: options, logLevel }: SandboxConfig): Promise<Running> {
  const log = createLog(logLevel)
  const sandbox = await startEmbedded(options, '--port')
  log.debug({ url: sandbox.url }, 'sandbox listens')
  return {
    url: sandbox.url,
    announcement: `The sandbox IAM listens at ${sandbox.url}\n\n${environmentOf(sandbox)}\n\n${roleOf(sandbox)}`,
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
    const log = createLog(config.logLevel)
    const sandbox = config.command === 'start' ? await startEmbedded(config.sandbox, '--sandbox-port') : undefined
    if (sandbox) started.push(sandbox.close)
    const connection = iamConnection(sandbox)
    const iam = createIamClient({ ...connection, onSilence: logSilence(log) })
    started.push(iam.destroy)
    const identity = await whoAsks(iam, connection)
    const events = createChangeLog({ capacity: config.rememberedChanges })
    // What a browser remembers of the sandbox's tabs must not come up before a real account.
    const target = sandbox ? 'sandbox' : `${identity.name} at ${identity.endpoint}`
    const title = sandbox ? 'iam-graphql-gateway: sandbox' : identity.name.replace(/^arn:[^:]*:[^:]*:[^:]*:/, '')
    const graphiql = { title, target, example: sandbox?.example }
    const http = await listen(config, { iam, identity, events, log, graphiql })
    started.push(() => http.close(config.grace * 1000))

    const { host } = config
    const url = `http://${inUrl(host)}:${http.port}${endpoint}`
    const { name, endpoint: iamEndpoint, reason } = identity
    if (!sandbox)
      log[reason === undefined ? 'info' : 'warn'](
        { url, identity: name, endpoint: iamEndpoint, reason },
        'gateway serves',
      )
    const announcement = announce(url, identity, sandbox)
    return { url, sandbox, events, announcement, close, [Symbol.asyncDispose]: close }
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

async function whoAsks(iam: IamClient, target: { readonly stsEndpoint?: string }): Promise<Identity> {
  return identify(iam, target).catch((error: unknown) => {
    if (error instanceof BadEndpoint) throw new StartError(`the configured AWS endpoint: ${error.message}.`)
    if (!(error instanceof NoCredentials)) throw error
    const reason = error.cause instanceof Error ? ` (${error.cause.message.replace(/\.$/, '')})` : ''
    throw new StartError(
      `found no AWS credentials${reason}: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or try it ` +
        'without an account by "npm start".',
    )
  })
}

function listen(
  config: GatewayOptions,
  parts: {
    readonly iam: IamClient
    readonly identity: Identity
    readonly events: ChangeLog
    readonly log: Logger
    readonly graphiql: GraphiQLSettings
  },
) {
  const { iam, identity, events, log, graphiql } = parts
  const createContext = (requestId: string): Context => {
    const operationLog = log.child({ requestId })
    const operationIam = iam.reportingTo(logSilence(operationLog))
    return {
      principal: { name: 'anonymous' },
      requestId,
      log: operationLog,
      iam: operationIam,
      loaders: createLoaders(operationIam),
      events,
      changedBy: identity.arn,
      allowImplicitUser: config.allowImplicitUser,
    }
  }
  const { port, host, maxBody, allowedOrigin: allowedOrigins, allowedHost: allowedHosts } = config
  const yoga = createGraphQLServer({ schema, createContext, log, limits: config, maxBody, allowedOrigins, graphiql })
  const gate = createGate({ allowedHosts: [...allowedHosts, inUrl(host)], allowedOrigins })
  const isReady = iam.answersLately
  return startHttpServer({ host, port, yoga, gate, log, maxBody, isReady, endSubscriptions: events.close }).catch(
    portTaken(port, '--port'),
  )
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function portTaken(port: number, flag: string) {
  return (error: unknown): never => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE')
      throw new StartError(`port ${port} is in use: choose another with ${flag}, or 0 for any free one.`)
    if (code === 'EACCES') throw new StartError(`port ${port} is not for this user: choose another with ${flag}.`)
    if (code === 'EADDRNOTAVAIL') throw new StartError('the address of --host is not one of this machine.')
    throw error
  }
}

function announce(url: string, identity: Identity, sandbox: Sandbox | undefined): string {
  const { name, endpoint: iamEndpoint, reason } = identity
  const who = reason === undefined ? name : `${name} (whose it is was not to be had: ${reason})`
  if (!sandbox) return `Open ${url}\n\nIdentity: ${who}\nIAM:      ${iamEndpoint}`
  return `Open ${url}\n\nIt serves an embedded sandbox IAM at ${sandbox.url}; for the AWS CLI or an SDK:\n\n${environmentOf(sandbox)}`
}

/** The region under both its names: boto3, and with it version 1 of the AWS CLI, knows only the second. */
function environmentOf({ url, credentials }: Sandbox): string {
  return [
    `  export AWS_ENDPOINT_URL_IAM=${url} AWS_ENDPOINT_URL_STS=${url}`,
    '  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1',
    `  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}`,
  ].join('\n')
}

function roleOf({ roleCredentials: { accessKeyId, secretAccessKey, sessionToken } }: Sandbox): string {
  return [
    'As a role, which has no implicit user:',
    '',
    `  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    `  export AWS_SESSION_TOKEN=${sessionToken}`,
  ].join('\n')
}
