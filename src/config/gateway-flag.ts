import { hostAddress, hostNames, origins, queueAddress, redisAddress } from './address.ts'
import { authFlags } from './auth-flag.ts'
import { callerFlags } from './caller-flag.ts'
import type { Flags } from './flag.ts'
import { choice, decimalNumber, text, trueOrFalse, wholeNumber } from './kind.ts'

export function gatewayFlags(command: 'start' | 'serve') {
  return {
    port: { kind: wholeNumber('<port>', PORTS), initial: 4000, help: 'Port to listen on; 0 takes any free one.' },
    host: {
      kind: hostAddress('<address>'),
      initial: '127.0.0.1',
      help: 'Address to listen on; beyond this machine it needs --oidc-issuer, or --insecure-no-auth.',
    },
    allowedHost: {
      kind: hostNames('<name>'),
      initial: [],
      help: 'Host name, with or without a port, that requests may also be addressed to. Repeatable, or between commas.',
    },
    allowedOrigin: {
      kind: origins('<origin>'),
      initial: [],
      help: 'Origin whose pages may use the gateway from a browser. Repeatable, or between commas.',
    },
    ...authFlags(),
    allowImplicitUser: {
      kind: trueOrFalse(),
      initial: command === 'start',
      help: 'Let a mutation without userName act on the user that the credentials belong to.',
    },
    ...logFlags(),
    grace: {
      // A timer of more than 2^31 ms fires at once (Node's setTimeout), so "very long" has to end somewhere: at a day.
      kind: decimalNumber('<seconds>', { from: 0, to: 86_400 }),
      initial: 10,
      help: 'How long requests in flight may take to finish after SIGTERM or SIGINT.',
    },
    rememberedChanges: {
      kind: wholeNumber('<count>', { from: 1 }),
      initial: 10_000,
      help: 'How many changes are remembered for "after", and so how far a subscriber may fall behind.',
    },
    rememberedFor: {
      kind: decimalNumber('<hours>', { from: 0.001 }),
      initial: 168,
      help: 'How long a change is remembered for "after".',
    },
    redisUrl: {
      kind: redisAddress('<url>'),
      initial: undefined,
      alias: 'REDIS_URL',
      help: 'Redis that the changes go through, so that every instance tells them; without it each tells its own.',
    },
    redisPrefix: {
      kind: text('<prefix>', 'letters, digits and any of ._:-', /^[\w.:-]{1,100}$/),
      initial: 'iam-graphql-gateway',
      help: 'What the keys in Redis begin with; instances with the same prefix and account belong together.',
    },
    changeQueueUrl: {
      kind: queueAddress('<url>'),
      initial: undefined,
      alias: 'CHANGE_QUEUE_URL',
      help: "SQS queue that an EventBridge rule fills with CloudTrail's events of IAM, or none; under start the sandbox's.",
    },
    reconcileInterval: {
      kind: decimalNumber('<seconds>', { from: 0, to: 2_000_000 }),
      initial: 900,
      help: 'How often, while anybody subscribes, what IAM lists is compared with what was told; 0: never.',
    },
    keepAlive: {
      kind: decimalNumber('<seconds>', { from: 0.1, to: 3600 }),
      initial: 30,
      help: 'How often a WebSocket is pinged; one that did not answer by the next time is closed.',
    },
    connectionInitTimeout: {
      kind: decimalNumber('<seconds>', { from: 0.1, to: 3600 }),
      initial: 10,
      help: 'How long a WebSocket may take to say connection_init before it is closed with 4408.',
    },
    maxSocketSubscriptions: {
      kind: wholeNumber('<count>', { from: 1 }),
      initial: 100,
      help: 'Most operations under way on one WebSocket.',
    },
    maxSubscriptions: {
      kind: wholeNumber('<count>', { from: 1 }),
      initial: 20_000,
      help: 'Most subscriptions open at once, over WebSocket and SSE together.',
    },
    operationTimeout: {
      kind: decimalNumber('<seconds>', { from: 0.1, to: 86_400 }),
      initial: 120,
      help: 'How long an operation may take; of a subscription, each event.',
    },
    callTimeout: {
      kind: decimalNumber('<seconds>', { from: 0.1, to: 3600 }),
      initial: 30,
      help: 'How long one call of IAM may take before it counts as unanswered.',
    },
    iamConcurrency: {
      kind: wholeNumber('<calls>', { from: 1, to: 50 }),
      initial: 25,
      help: 'Most reads of IAM under way at once.',
    },
    maxIamCalls: {
      kind: wholeNumber('<calls>', { from: 1 }),
      initial: 1500,
      help: 'Most IAM calls of an operation; one whose estimate is higher is refused before the first.',
    },
    walkCalls: {
      kind: wholeNumber('<calls>', { from: 2 }),
      initial: 200,
      help: 'IAM calls that a page of the account-wide signingCertificates may cost.',
    },
    cacheTtl: {
      kind: decimalNumber('<seconds>', { from: 0, to: 3600 }),
      initial: 5,
      help: 'How long pages of IAM are remembered for other operations; 0 remembers none.',
    },
    cacheEntries: {
      kind: wholeNumber('<pages>', { from: 1 }),
      initial: 20_000,
      help: 'Most pages of IAM that are remembered.',
    },
    cacheBytes: {
      kind: wholeNumber('<bytes>', { from: 1 }),
      initial: 67_108_864,
      help: 'Most memory that remembered pages may take, about.',
    },
    answerCacheBytes: {
      kind: wholeNumber('<bytes>', { from: 0 }),
      initial: 16_777_216,
      help: 'Most memory that whole answers made of remembered pages may take, about; 0 makes each anew.',
    },
    consistencyWindow: {
      kind: decimalNumber('<seconds>', { from: 0, to: 3600 }),
      initial: 15,
      help: 'How long a told change goes before what IAM still lists; 0 shows what IAM lists.',
    },
    reportCost: {
      kind: trueOrFalse(),
      initial: true,
      help: 'Say in extensions.cost of each answer what it cost.',
    },
    maxDepth: { kind: wholeNumber('<levels>', { from: 1 }), initial: 12, help: 'Deepest nesting of a document.' },
    maxAliases: { kind: wholeNumber('<count>', { from: 1 }), initial: 30, help: 'Most aliases in a document.' },
    maxTokens: { kind: wholeNumber('<count>', { from: 1 }), initial: 2000, help: 'Most tokens in a document.' },
    maxDirectives: { kind: wholeNumber('<count>', { from: 1 }), initial: 50, help: 'Most directives in a document.' },
    maxBody: {
      kind: wholeNumber('<bytes>', { from: 1 }),
      initial: 131_072,
      help: 'Largest HTTP body and largest WebSocket message, document and variables together.',
    },
    ...callerFlags(),
  } as const satisfies Flags
}

export function logFlags() {
  return {
    logLevel: {
      kind: choice('<level>', LOG_LEVELS),
      initial: 'info',
      help: `Least severe level that is logged: ${LOG_LEVELS.join(', ')}.`,
    },
  } as const satisfies Flags
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const PORTS = { from: 0, to: 65_535 } as const
