import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createActionGroups } from './actions/index.ts'
import { createAuthenticate } from './authentication.ts'
import { createCallLog, type SandboxCall } from './call-log.ts'
import { createEndpoint } from './endpoint.ts'
import { createFaults, type FaultRule } from './fault.ts'
import { createHttpServer } from './http.ts'
import { createPager } from './marker.ts'
import { roleArn } from './principal.ts'
import { createRateLimit, type RateChange } from './rate.ts'
import { createFederation } from './role/federation.ts'
import { createSessions, describeSession, type SandboxSession } from './role/session.ts'
import { ACCOUNT_ID, createAccount, type Example } from './seed/account.ts'
import { queuePath } from './sqs/action.ts'
import { createQueueEndpoint, type QueueFaultRule, type SandboxQueueCall } from './sqs/endpoint.ts'
import { readTarget } from './sqs/protocol.ts'
import { createQueue, type QueueBehaviour } from './sqs/queue.ts'
import { createTrail } from './trail.ts'

export type { SandboxCall } from './call-log.ts'
export type { FaultAnswer, FaultRule } from './fault.ts'
export type { RateChange } from './rate.ts'
export { RoleFileError } from './role/json-place.ts'
export type { SandboxSession } from './role/session.ts'
export type { Example } from './seed/account.ts'
export type { QueueFaultRule, SandboxQueueCall } from './sqs/endpoint.ts'
export type { QueueBehaviour } from './sqs/queue.ts'

export interface SandboxOptions {
  /** Default 0: any free one. */
  readonly port?: number
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** How many users to make up beside the gateway's own; an account holds 5,000 in all. Default 0. */
  readonly users?: number
  /** Milliseconds before each answer; the queue answers without. Default 0. */
  readonly latency?: number
  /** Calls a second for each API, by a token bucket. Default 0: unlimited. */
  readonly rate?: number
  /** What a bucket holds: the calls that may come at once. Default 0: a second's worth, at least one. */
  readonly burst?: number
  /** Pages are no longer than this, though truncated. Default 1000. */
  readonly maxPage?: number
  /** Milliseconds until Lists of certificates and credentials show a change. Default 0: at once. */
  readonly consistencyDelay?: number
  /** Milliseconds until the event of a change is in the queue. Default 0: at once, before the change is answered. */
  readonly eventDelay?: number
  /** The same seed: the same names, numbers, statuses and offsets from now. Default 1. */
  readonly seed?: number
  /** Default: made of the seed. */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** JSON: the identity providers and the roles of AssumeRoleWithWebIdentity, as readRoleFile has it. Default: none. */
  readonly roles?: string | undefined
}

export interface Sandbox extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly accountId: string
  /** An IAM user's, so that the implicit user works. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly userName: string }
  /** A role's: there is no implicit user. */
  readonly roleCredentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
  }
  /** Of a role by its name, whether there is one or not. */
  roleArn(roleName: string): string
  /** In order of their beginnings, those that are over among them; the newest 10,000. */
  readonly sessions: readonly SandboxSession[]
  /** Every call received, in order of arrival, refused ones too; the newest 100,000. */
  readonly calls: readonly SandboxCall[]
  clearCalls(): void
  /** Returns how to undo it. */
  fault(rule: FaultRule): () => void
  /** Another rate from now on. What the buckets hold stays, as far as there is room. */
  setRate(change: RateChange): void
  /** An SQS queue at the same port, which holds what EventBridge makes of CloudTrail's records of every change. */
  readonly queueUrl: string
  readonly queue: SandboxQueue
  /** Something to show on first sight: in an account of two seeded users or more. */
  readonly example: Example | undefined
  /** Answers what was received, and closes. */
  close(): Promise<void>
}

/** What else may come into the queue, and out of it. */
export interface SandboxQueue {
  /** Any text, at once. */
  send(body: string): void
  /** From now on; what is left out stays. */
  set(behaviour: Partial<QueueBehaviour>): void
  /** The first matching rule answers instead of SQS. Returns how to undo it. */
  fault(rule: QueueFaultRule): () => void
  /** Every call of SQS, in order of arrival, refused ones too; the newest 100,000. They are not among IAM's. */
  readonly calls: readonly SandboxQueueCall[]
}

/** Throws RoleFileError where the roles cannot be read. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const {
    port = 0,
    host = '127.0.0.1',
    users = 0,
    latency = 0,
    rate = 0,
    burst = 0,
    maxPage = 1000,
    eventDelay = 0,
    seed = 1,
  } = options
  const closing = new AbortController()
  const sessions = createSessions()
  const groups = createActionGroups({ ...createFederation(options.roles, ACCOUNT_ID, closing.signal), sessions, seed })
  const { account, accessKey, roleKey, example } = await createAccount(groups, {
    users,
    seed,
    accessKeyId: options.accessKeyId,
    secretAccessKey: options.secretAccessKey,
    consistencyDelay: options.consistencyDelay ?? 0,
  })
  const log = createCallLog<SandboxCall>()
  const faults = createFaults()
  const page = createPager(seed, maxPage)
  const rateLimit = createRateLimit({ rate, burst })
  const authenticate = createAuthenticate(account, roleKey, sessions)
  const queue = createQueue()
  const trail = createTrail(account, event => queue.send(event, eventDelay))
  const endpoint = createEndpoint({ account, groups, authenticate, page, rateLimit, faults, trail, log, latency })
  const queueFaults = createFaults<QueueFaultRule>()
  const queueLog = createCallLog<SandboxQueueCall>()
  const queueEndpoint = createQueueEndpoint({ account, authenticate, queue, faults: queueFaults, log: queueLog })
  const http = createHttpServer((request, over) =>
    readTarget(request) === undefined ? endpoint(request) : queueEndpoint(request, over),
  )
  http.server.listen(port, host)
  await once(http.server, 'listening')
  // A TCP server that listens has an address with a port.
  const address = http.server.address() as AddressInfo
  const close = () => {
    closing.abort()
    return http.close()
  }

  const { sessionToken } = roleKey
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
  return {
    url,
    port: address.port,
    accountId: account.accountId,
    credentials: {
      accessKeyId: accessKey.id,
      secretAccessKey: accessKey.secretAccessKey,
      userName: accessKey.user.userName,
    },
    roleCredentials: { accessKeyId: roleKey.accessKeyId, secretAccessKey: roleKey.secretAccessKey, sessionToken },
    roleArn: roleName => roleArn(account.accountId, roleName),
    get sessions() {
      return sessions.all().map(session => describeSession(account, session))
    },
    calls: log.calls,
    clearCalls: log.clear,
    fault: faults.add,
    setRate: rateLimit.set,
    queueUrl: `${url}${queuePath(account.accountId)}`,
    queue: {
      send: body => queue.send(body, 0),
      set: queue.set,
      fault: queueFaults.add,
      calls: queueLog.calls,
    },
    example,
    close,
    [Symbol.asyncDispose]: close,
  }
}
