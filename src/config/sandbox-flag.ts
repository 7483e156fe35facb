import type { Flags } from './flag.ts'
import { decimalNumber, optionalText, unspokenText, wholeNumber } from './kind.ts'

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
    burst: {
      kind: decimalNumber('<calls>', { from: 0, to: 10_000 }),
      initial: 0,
      help: "Calls at once the sandbox answers for each API before it throttles; 0 is a second's worth.",
    },
    maxPage: {
      kind: wholeNumber('<count>', { from: 1, to: 1000 }),
      initial: 1000,
      help: 'Most items on a page of the sandbox, whatever MaxItems asks.',
    },
    consistencyDelay: {
      kind: decimalNumber('<milliseconds>', { from: 0, to: 3_600_000 }),
      initial: 0,
      help: 'How long lists of the sandbox go on showing the state before a change.',
    },
    eventDelay: {
      kind: decimalNumber('<milliseconds>', { from: 0, to: 3_600_000 }),
      initial: 1000,
      help: "How long after a change the sandbox's event of it is in the queue; AWS takes minutes.",
    },
    seed: {
      kind: wholeNumber('<number>', { from: 0 }),
      initial: 1,
      help: 'What the sandbox makes its users from: the same seed makes the same ones.',
    },
    roles: {
      kind: optionalText('<file>', 'a path', /\S/),
      initial: undefined,
      help: 'JSON with the identity providers and the roles that the sandbox gives callers by AssumeRoleWithWebIdentity.',
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

const PORTS = { from: 0, to: 65_535 } as const
