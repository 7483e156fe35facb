import type { GatewayOptions } from '../config.ts'
import type { Context } from '../context.ts'
import type { ChangeLog } from '../events/change-log.ts'
import type { Overlay } from '../events/overlay.ts'
import type { IamClient, OnSilence } from '../iam/client.ts'
import type { Identity } from '../iam/identity.ts'
import { beginOperation } from '../iam/operation.ts'
import { createX509Reader } from '../iam/x509-certificate.ts'
import { createLoaders } from '../loaders/loaders.ts'
import type { Logger } from '../log.ts'
import { anonymous } from '../principal.ts'
import type { Progress } from '../progress.ts'
import { schema } from '../schema/index.ts'
import { createGate } from '../server/gate.ts'
import type { GraphiQLSettings } from '../server/graphiql.ts'
import { type HttpServer, startHttpServer } from '../server/http.ts'
import type { CreateContext } from '../server/operation.ts'
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
  readonly troubles: () => readonly string[]
}

export function listen(config: GatewayOptions, parts: ListenParts): Promise<HttpServer> {
  const { iam, log, graphiql, troubles } = parts
  const { port, host, maxBody, allowedOrigin: allowedOrigins, allowedHost: allowedHosts } = config
  const subscriptions = createSubscriptions(config.maxSubscriptions)
  const yoga = createGraphQLServer({
    schema,
    createContext: createContexts(config, parts),
    subscriptions,
    log,
    limits: config,
    cost: config,
    maxBody,
    allowedOrigins,
    graphiql,
  })
  const gate = createGate({ allowedHosts: [...allowedHosts, inUrl(host)], allowedOrigins })
  const isReady = iam.answersLately
  const sockets = {
    keepAlive: config.keepAlive * 1000,
    connectionInitTimeout: config.connectionInitTimeout * 1000,
    maxSocketSubscriptions: config.maxSocketSubscriptions,
  }
  return startHttpServer({ host, port, yoga, gate, log, maxBody, isReady, troubles, subscriptions, sockets }).catch(
    portTaken(port, '--port'),
  )
}

export function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

export function logSilence(log: Logger): OnSilence {
  return error => log.warn({ err: error }, 'IAM did not answer')
}

function createContexts(config: GatewayOptions, parts: ListenParts): CreateContext {
  const { iam, identity, events, overlay, log, progress } = parts
  const x509 = createX509Reader()
  return ({ requestId, client }): Context => {
    const operationLog = log.child({ requestId })
    const timeout = config.operationTimeout * 1000
    const operation = beginOperation({ client, timeout, maxCalls: config.maxIamCalls, onEnd: () => ended() })
    const ended = progress.track({ requestId, cost: operation.cost })
    const operationIam = iam.on(operation, logSilence(operationLog))
    return {
      principal: anonymous,
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
}
