import { gatewayAnnouncement, sandboxAnnouncement } from './announcement.ts'
import { auditIsAway } from './audit/audit.ts'
import { SANDBOX_PREFIX } from './config/declaration.ts'
import type { SandboxConfig, ServeConfig, StartConfig } from './config.ts'
import type { ChangeLog } from './events/change-log.ts'
import { createOverlay } from './events/overlay.ts'
import { startAudit } from './gateway/audit.ts'
import { keysAreAway, startAuthentication } from './gateway/authentication.ts'
import { startCallerLimits } from './gateway/caller-limit.ts'
import { type Changes, startChanges } from './gateway/changes.ts'
import { inUrl, listen, logSilence } from './gateway/listen.ts'
import { readPersisted } from './gateway/persisted-operation.ts'
import { startEmbedded } from './gateway/sandbox.ts'
import { startSessions } from './gateway/session.ts'
import { createIamClient, type IamClient, type IamClientOptions } from './iam/client.ts'
import { type Identity, identify } from './iam/identity.ts'
import { createPacer } from './iam/pacer.ts'
import { createConsole } from './log.ts'
import { createProgress } from './progress.ts'
import type { Sandbox } from './sandbox/server.ts'
import { endpoint } from './server/yoga.ts'
import { nobodyAsks } from './start-error.ts'

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
  const sandbox = await startEmbedded(options, '')
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
    const persisted = await readPersisted(config)
    const authentication = await startAuthentication(config, log)
    if (authentication) started.push(async () => authentication.close())
    const sandbox = config.command === 'start' ? await startEmbedded(config.sandbox, SANDBOX_PREFIX) : undefined
    if (sandbox) started.push(sandbox.close)
    const connection = iamConnection(sandbox)
    const overlay = createOverlay({
      window: config.consistencyWindow * 1000,
      cacheTtl: config.cacheTtl * 1000,
      capacity: config.rememberedChanges,
      onEnded: ({ kind, userName }) => iam.forget(kind, userName),
    })
    const { cacheEntries, cacheBytes } = config
    let changes: Changes | undefined
    const iam = createIamClient({
      ...connection,
      pacer: createPacer({ concurrency: config.iamConcurrency }),
      callTimeout: config.callTimeout * 1000,
      cacheTtl: config.cacheTtl * 1000,
      cacheEntries,
      cacheBytes,
      onSilence: logSilence(log),
      onDoubt(kind, userName) {
        overlay.doubted(kind, userName)
        // Where none is named it is the gateway's own: the next round compares it.
        if (userName !== undefined) changes?.reconciliation?.check(kind, userName)
      },
    })
    started.push(iam.destroy)
    const identity = await whoAsks(iam, connection)
    changes = await startChanges(config, { iam, overlay, identity, sandboxQueueUrl: sandbox?.queueUrl, log })
    started.push(changes.close)
    const { events, troubles } = changes
    // What a browser remembers of the sandbox's tabs must not come up before a real account.
    const target = sandbox ? 'sandbox' : `${identity.name} at ${identity.endpoint}`
    const title = sandbox ? 'iam-graphql-gateway: sandbox' : identity.name.replace(/^arn:[^:]*:[^:]*:[^:]*:/, '')
    const graphiql = { title, target, example: sandbox?.example }
    const progress = createProgress({ log, show, perSecond: () => iam.pacer.slowest })
    const audit = await startAudit(config, log)
    if (audit) started.push(() => audit.settled().then(audit.close))
    const callerLimits = startCallerLimits(config, identity, log)
    started.push(callerLimits.close)
    const sessions = startSessions(config, { iam, identity, stsEndpoint: connection.stsEndpoint, audit, log })
    if (sessions) started.push(sessions.destroy)
    const parts = {
      authentication,
      sessions,
      iam,
      identity,
      events,
      overlay,
      log,
      progress,
      graphiql,
      audit,
      callerLimits,
      persisted,
    }
    const http = await listen(config, {
      ...parts,
      troubles: () => [
        ...troubles(),
        ...(audit?.state === 'degraded' ? [auditIsAway] : []),
        ...(authentication?.isFailing ? [keysAreAway] : []),
      ],
    })
    started.push(() => http.close(config.grace * 1000))

    const url = `http://${inUrl(config.host)}:${http.port}${endpoint}`
    const { name, endpoint: iamEndpoint, reason } = identity
    if (!sandbox) {
      const said = { url, identity: name, endpoint: iamEndpoint, reason }
      log[reason === undefined ? 'info' : 'warn'](said, 'gateway serves')
    }
    const announcement = gatewayAnnouncement(url, identity, sandbox)
    return { url, sandbox, events, iam, announcement, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function iamConnection(sandbox: Sandbox | undefined): IamClientOptions & { stsEndpoint?: string } {
  if (!sandbox) return {}
  const { url, credentials } = sandbox
  return { endpoint: url, stsEndpoint: url, region: 'us-east-1', credentials }
}

function whoAsks(iam: IamClient, target: { readonly stsEndpoint?: string }): Promise<Identity> {
  return identify(iam, target).catch(nobodyAsks)
}
