import type { Audit } from '../audit/audit.ts'
import type { Authentication } from '../auth/authentication.ts'
import type { CallerLimits } from '../caller-limit/caller-limit.ts'
import { isLocal } from '../config/opening.ts'
import type { GatewayOptions } from '../config.ts'
import type { Context } from '../context.ts'
import type { ChangeLog } from '../events/change-log.ts'
import type { Overlay } from '../events/overlay.ts'
import type { IamClient, OnSilence } from '../iam/client.ts'
import type { Identity } from '../iam/identity.ts'
import { beginOperation } from '../iam/operation.ts'
import type { Sessions } from '../iam/web-identity.ts'
import { createX509Reader } from '../iam/x509-certificate.ts'
import { createLoaders } from '../loaders/loaders.ts'
import type { Logger } from '../log.ts'
import type { Progress } from '../progress.ts'
import { schema } from '../schema/index.ts'
import { createGate } from '../server/gate.ts'
import type { GraphiQLSettings } from '../server/graphiql.ts'
import { type HttpServer, startHttpServer } from '../server/http.ts'
import type { CreateContext } from '../server/operation.ts'
import type { PersistedOptions } from '../server/persisted-operation.ts'
import { createSubscriptions } from '../server/subscription.ts'
import { createGraphQLServer } from '../server/yoga.ts'
import { portTaken } from '../start-error.ts'

export interface ListenParts {
  readonly iam: IamClient
  readonly identity: Identity
  readonly events: ChangeLog
  readonly overlay: Overlay
  readonly log: Logger
  readonly progress: Progress
  readonly graphiql: GraphiQLSettings
  /** Undefined: nobody is asked who he is. */
  readonly authentication?: Authentication | undefined
  /** Undefined: what is changed or refused is written down nowhere. */
  readonly audit?: Audit | undefined
  readonly callerLimits: CallerLimits
  readonly persisted: PersistedOptions
  /** Undefined: IAM is asked in the gateway's own name for everybody. */
  readonly sessions?: Sessions | undefined
  readonly troubles: () => readonly string[]
}

export function listen(config: GatewayOptions, parts: ListenParts): Promise<HttpServer> {
  const { iam, log, graphiql, troubles, audit, callerLimits, persisted } = parts
  const { port, host, maxBody, allowedOrigin: allowedOrigins, allowedHost: allowedHosts } = config
  const subscriptions = createSubscriptions(config.maxSubscriptions)
  const { scopePrefix, tokenGrace } = config
  const callers = { authentication: parts.authentication, tokenGrace: tokenGrace * 1000, scopePrefix, audit }
  const isOpenToLook = isLocal(config)
  const hasGraphiQL = config.graphiql ?? isOpenToLook
  const yoga = createGraphQLServer({
    schema,
    createContext: createContexts(config, parts),
    subscriptions,
    log,
    limits: config,
    cost: config,
    answers: {
      answerCacheBytes: config.cacheTtl === 0 ? 0 : config.answerCacheBytes,
      isSettled: () => parts.overlay.isEmpty,
    },
    maxBody,
    allowedOrigins,
    graphiql: hasGraphiQL ? graphiql : undefined,
    introspection: (config.introspection ?? isOpenToLook) ? 'everybody' : 'scope',
    callers,
    callerLimits,
    persisted,
  })
  const gate = createGate({ allowedHosts: [...allowedHosts, inUrl(host)], allowedOrigins })
  const isReady = iam.answersLately
  const sockets = {
    keepAlive: config.keepAlive * 1000,
    connectionInitTimeout: config.connectionInitTimeout * 1000,
    maxSocketSubscriptions: config.maxSocketSubscriptions,
  }
  return startHttpServer({
    host,
    port,
    yoga,
    gate,
    log,
    maxBody,
    isReady,
    troubles,
    subscriptions,
    sockets,
    hasGraphiQL,
    callers,
    callerLimits,
    persisted,
  }).catch(portTaken(port, '--port'))
}

export function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

export function logSilence(log: Logger): OnSilence {
  return error => log.warn({ err: error }, 'IAM did not answer')
}

function createContexts(config: GatewayOptions, parts: ListenParts): CreateContext {
  const { iam, identity, events, overlay, log, progress, callerLimits, sessions } = parts
  const x509 = createX509Reader()
  return ({ requestId, principal, client }): Context => {
    const callerIam = sessions ? iam.as(sessions.of(principal)) : iam
    const operationLog = log.child({ requestId })
    const timeout = config.operationTimeout * 1000
    const operation = beginOperation({
      client,
      caller: principal.key,
      timeout,
      maxCalls: config.maxIamCalls,
      onEnd: () => ended(),
      onSpend: owed => callerLimits.spend(principal, owed),
    })
    const ended = progress.track({ requestId, cost: operation.cost })
    const operationIam = callerIam.on(operation, logSilence(operationLog))
    return {
      principal,
      requestId,
      log: operationLog,
      audit: parts.audit,
      iam: operationIam,
      operation,
      cost: operation.cost,
      loaders: createLoaders(operationIam, overlay),
      x509,
      events,
      changedBy: sessions ? callerIam.session?.arn : identity.arn,
      allowImplicitUser: config.allowImplicitUser,
      walkCalls: config.walkCalls,
    }
  }
}
