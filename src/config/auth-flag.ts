import { issuerAddress } from './address.ts'
import type { Flags } from './flag.ts'
import { choices, decimalNumber, optionalText, text, texts, trueOrFalse, wholeNumber } from './kind.ts'

/** Who may ask, and in whose name IAM is asked. */
export function authFlags() {
  return {
    insecureNoAuth: {
      kind: trueOrFalse(),
      initial: false,
      help: 'Let whoever reaches the gateway beyond this machine use its credentials.',
    },
    oidcIssuer: {
      kind: issuerAddress('<url>'),
      initial: undefined,
      help: 'Issuer whose bearer tokens (JWT) callers must show; its keys are found by OpenID Connect Discovery.',
    },
    oidcAudience: {
      kind: texts('<audience>', 'an audience without spaces', /^\S+$/),
      initial: [],
      help: 'Audience that a token must be for. Repeatable, or between commas.',
    },
    jwksFile: {
      kind: optionalText('<file>', 'a path', /\S/),
      initial: undefined,
      help: "JSON Web Key Set with the issuer's keys, in place of those it publishes.",
    },
    oidcAlgorithm: {
      kind: choices('<algorithm>', ALGORITHMS),
      initial: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      help: `Signature that a token may have: ${ALGORITHMS.join(', ')}. Repeatable, or between commas.`,
    },
    scopeClaim: {
      kind: text('<claim>', 'the name of a claim', /^\S+$/),
      initial: 'scope',
      help: "Claim that holds a token's scopes: a text between spaces, or a list.",
    },
    scopePrefix: {
      kind: text('<prefix>', 'a text without spaces', /^\S*$/),
      initial: '',
      help: 'What stands before read, write, watch and introspect in that claim, such as iam: or api://gateway/.',
    },
    clockTolerance: {
      kind: decimalNumber('<seconds>', { from: 0, to: 600 }),
      initial: 30,
      help: "How far the issuer's clock may be off.",
    },
    tokenGrace: {
      kind: decimalNumber('<seconds>', { from: 0, to: 3600 }),
      initial: 30,
      help: 'How long a WebSocket or an event stream may outlive its token.',
    },
    awsWebIdentityRole: {
      kind: texts('<arn>', 'the ARN of an IAM role', /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/),
      initial: [],
      help: "Role that a caller's token is exchanged for by STS, so that IAM decides what that caller may do. Repeatable, or between commas.",
    },
    awsRoleClaim: {
      kind: optionalText('<claim>', 'the name of a claim', /^\S+$/),
      initial: undefined,
      help: "Claim, or path to it, that names the caller's role, one of --aws-web-identity-role; needed where these are several.",
    },
    awsSessionDuration: {
      kind: wholeNumber('<seconds>', { from: 900, to: 43_200 }),
      initial: 3600,
      help: "How long a caller's AWS session lasts; the role must allow it.",
    },
    introspection: {
      kind: trueOrFalse(),
      initial: undefined,
      help: 'Show the schema to everybody; by default on a loopback address, and else to those with the scope introspect.',
    },
    graphiql: {
      kind: trueOrFalse(),
      initial: undefined,
      help: 'Serve GraphiQL; by default on a loopback address.',
    },
    auditLog: {
      kind: optionalText('<file>', 'a path, stdout or none', /\S/),
      initial: undefined,
      help: 'Where a line for each mutation and each refused access goes: a file, stdout or none; by default stdout where callers are authenticated.',
    },
  } as const satisfies Flags
}

/** Signatures of a public key alone: with a shared secret, whoever can check a token could make one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
