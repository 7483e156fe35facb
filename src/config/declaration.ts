import { hostNames, loopbackHost, origins } from './address.ts'
import type { Flags } from './flag.ts'
import { choice, decimalNumber, trueOrFalse, unspokenText, wholeNumber } from './kind.ts'

export type CommandName = 'start' | 'serve' | 'sandbox'

export interface Declaration {
  readonly summary: string
  readonly groups: readonly { readonly prefix: string; readonly flags: Flags }[]
}

/** Every command with its flags: `--help`, the README's table and what is accepted all come from here. */
export function declarations(): Readonly<Record<CommandName, Declaration>> {
  return {
    start: {
      summary: 'Serve GraphQL on an embedded sandbox IAM; needs no AWS account.',
      groups: [
        { prefix: '', flags: gatewayFlags('start') },
        { prefix: SANDBOX_PREFIX, flags: sandboxFlags() },
      ],
    },
    serve: {
      summary: 'Serve GraphQL on the IAM that the AWS credential chain and AWS_ENDPOINT_URL_IAM lead to.',
      groups: [{ prefix: '', flags: gatewayFlags('serve') }],
    },
    sandbox: {
      summary: 'Run the sandbox IAM alone.',
      groups: [
        { prefix: '', flags: sandboxFlags() },
        { prefix: '', flags: accessKeyFlags() },
        { prefix: '', flags: logFlags() },
      ],
    },
  }
}

export const SANDBOX_PREFIX = 'sandbox-'

export function gatewayFlags(command: 'start' | 'serve') {
  return {
    port: { kind: wholeNumber('<port>', PORTS), initial: 4000, help: 'Port to listen on; 0 takes any free one.' },
    host: { kind: loopbackHost('<address>'), initial: '127.0.0.1', help: 'Loopback address to listen on.' },
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
    maxDepth: { kind: wholeNumber('<levels>', { from: 1 }), initial: 12, help: 'Deepest nesting of a document.' },
    maxAliases: { kind: wholeNumber('<count>', { from: 1 }), initial: 30, help: 'Most aliases in a document.' },
    maxTokens: { kind: wholeNumber('<count>', { from: 1 }), initial: 2000, help: 'Most tokens in a document.' },
    maxDirectives: { kind: wholeNumber('<count>', { from: 1 }), initial: 50, help: 'Most directives in a document.' },
    maxBody: {
      kind: wholeNumber('<bytes>', { from: 1 }),
      initial: 131_072,
      help: 'Largest HTTP body and largest WebSocket message, document and variables together.',
    },
  } as const satisfies Flags
}

export function sandboxFlags() {
  return {
    port: {
      kind: wholeNumber('<port>', PORTS),
      initial: 4566,
      help: 'Port the sandbox IAM listens on; 0 takes any free one.',
    },
    users: {
      kind: wholeNumber('<count>', { from: 0, to: 5000 }),
      initial: 200,
      help: 'Users the sandbox begins with.',
    },
    latency: {
      kind: decimalNumber('<milliseconds>', { from: 0, to: 60_000 }),
      initial: 0,
      help: 'How long the sandbox waits before each answer.',
    },
    rate: {
      kind: decimalNumber('<calls>', { from: 0, to: 10_000 }),
      initial: 0,
      help: 'Calls a second the sandbox answers for each API before it throttles; 0 never throttles.',
    },
    maxPage: {
      kind: wholeNumber('<count>', { from: 1, to: 1000 }),
      initial: 1000,
      help: 'Most items on a page of the sandbox, whatever MaxItems asks.',
    },
    seed: {
      kind: wholeNumber('<number>', { from: 0 }),
      initial: 1,
      help: 'What the sandbox makes its users from: the same seed makes the same ones.',
    },
  } as const satisfies Flags
}

export function accessKeyFlags() {
  return {
    accessKeyId: {
      kind: unspokenText('<id>', 'letters, digits and underscores', /^\w+$/),
      initial: undefined,
      help: 'Access key id the sandbox accepts; made from the seed when not given.',
    },
    secretAccessKey: {
      kind: unspokenText('<secret>', 'a text without spaces', /^\S+$/),
      initial: undefined,
      help: 'Secret that belongs to --access-key-id.',
    },
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
