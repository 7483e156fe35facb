import fc from 'fast-check'
import { expect } from 'vitest'
import { runServe, type ServeProcess } from '../command/announcement.ts'
import { expectMasked, expectNoInnards, isKnownCode } from './unharmed.ts'

/**
 * FUZZ_CASES: how many cases all suites try together. By default as few as `npm test` has time for, and the same every
 * time; where a number is given, others each time, unless FUZZ_SEED says which.
 */
const { FUZZ_CASES: asked, FUZZ_SEED: wanted } = process.env
const cases = Number(asked ?? 1_000)
const seed = wanted === undefined ? (asked === undefined ? 1 : Math.floor(Math.random() * 2 ** 31)) : Number(wanted)
const suites = 4
/** Most that are sent side by side, on average half as many. After each of them somebody else must be answered. */
const batch = 20

/** Long enough for every case; a suite that hangs is ended by it. */
export const timeout = 60_000 + cases * 30

/** Tries `judge` with a batch of cases at a time; where one is wrong, the smallest that is, and the seed, are told. */
export async function fuzz<Case>(
  what: string,
  one: fc.Arbitrary<Case>,
  gateway: FuzzedGateway,
  judge: (one: Case) => Promise<void>,
): Promise<void> {
  const numRuns = Math.max(1, Math.round((cases / suites / batch) * 2))
  process.stderr.write(`fuzz: ${what}, ${(numRuns * batch) / 2} cases, FUZZ_SEED=${seed}\n`)
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: batch, size: 'max' }), async all => {
      await Promise.all(all.map(judge)).catch(error => {
        throw new Error(`${error instanceof Error ? error.message : error}\n${unexpected(gateway)}`)
      })
      await gateway.expectAlive()
      // What a client is not told is in the log.
      expect(unexpected(gateway)).toBe('')
    }),
    { numRuns, seed, endOnFailure: cases > 1_000 },
  )
}

/** The log's lines of what nobody thought of. */
function unexpected(gateway: FuzzedGateway): string {
  return (
    gateway.process
      .heard()
      .stderr.match(/^.*unexpected error.*$/gm)
      ?.join('\n') ?? ''
  )
}

/** `serve` as a process of its own, with somebody in it who tells what it holds. */
export interface FuzzedGateway extends AsyncDisposable {
  readonly process: ServeProcess
  readonly url: string
  /** A good question has its answer. */
  expectAlive(): Promise<void>
  /** Once nobody is connected any more: no socket, no timer but the server's own, no line of anything unexpected. */
  expectNothingLeft(): Promise<void>
}

export async function startFuzzedGateway(
  iam: { readonly url: string; readonly accessKeyId: string; readonly secretAccessKey: string },
  isAlive: (gateway: ServeProcess) => Promise<void>,
  ...flags: string[]
): Promise<FuzzedGateway> {
  const gateway = await runServe(
    [
      '--log-level=info',
      '--cache-ttl=0',
      '--reconcile-interval=0',
      '--iam-concurrency=5',
      '--call-timeout=5',
      ...flags,
    ],
    {
      AWS_ENDPOINT_URL_IAM: iam.url,
      AWS_ACCESS_KEY_ID: iam.accessKeyId,
      AWS_SECRET_ACCESS_KEY: iam.secretAccessKey,
      NODE_OPTIONS: `--import ${new URL('../reliability/witness.mjs?handles', import.meta.url)}`,
    },
  )
  let reports = 0
  async function report(): Promise<unknown> {
    reports += 1
    gateway.kill('SIGUSR2')
    const [, held = ''] = await gateway.said(new RegExp(`^witness: (\\{"asked":${reports},.*)$`, 'm'), 'stderr')
    return JSON.parse(held)
  }
  return {
    process: gateway,
    url: gateway.url,
    expectAlive: () => isAlive(gateway),
    async expectNothingLeft() {
      await expect.poll(report, { timeout: 20_000 }).toMatchObject({ timers: 1, sockets: 0 })
      gateway.kill('SIGTERM')
      const { exitCode, stderr } = await gateway.ended
      expect(exitCode).toBe(0)
      expect(stderr).not.toContain('unexpected error')
    },
    [Symbol.asyncDispose]: gateway[Symbol.asyncDispose],
  }
}

/** An answer of GraphQL's, whatever was asked: its errors and its refusals that are data are such as clients may see. */
export function expectAnswer(body: string): void {
  const answer = JSON.parse(body) as { readonly data?: unknown; readonly errors?: readonly unknown[] }
  expect(answer).toBeTypeOf('object')
  expectMasked(answer.errors ?? [])
  JSON.stringify(answer.data, (_key, value: unknown) => {
    if (isRefusal(value)) {
      expect(value.code, body).toSatisfy(isKnownCode)
      expectNoInnards(value.message)
    }
    return value
  })
}

function isRefusal(value: unknown): value is { readonly code: string; readonly message: string } {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}

/** Words of the schema and of GraphQL, in an order that is seldom right. */
const words = [
  ...'{ } { } ( ) [ ] : $ ! = | & @ ... on query mutation subscription fragment F G __typename __schema __type'.split(
    ' ',
  ),
  ...'users user node nodes edges pageInfo endCursor viewer id userName path first after userId input name'.split(' '),
  ...'signingCertificates serviceSpecificCredentials certificateBody x509 subject status latestChangeId'.split(' '),
  ...'setSigningCertificateStatus uploadSigningCertificate User SigningCertificate Node Query ACTIVE true null'.split(
    ' ',
  ),
  ...'1 -1 1.5 1e400 99999999999 "x" "alice" """b""" $a $a: $id ID! String Int @skip(if:$a) @defer @stream #c'.split(
    ' ',
  ),
]

export const operations = [
  '{ users(first: 2) { nodes { id userName } pageInfo { endCursor } } }',
  'query ($a: String!) { user(userName: $a) { userName signingCertificates { nodes { id x509 { subject } } } } }',
  'query ($a: ID!) { node(id: $a) { __typename id ... on SigningCertificate { user { path } } } }',
  'query ($a: [ID!]!) { nodes(ids: $a) { id } }',
  'query ($a: String) { users(after: $a, first: 1) { edges { cursor } } serviceSpecificCredentials(after: $a) { nodes { id } } }',
  'query ($a: Int) { users(first: $a) { nodes { serviceSpecificCredentials { serviceName } } } }',
  'query ($a: DateTime) { signingCertificates(expiresBefore: $a, first: 3) { usersWalked nodes { status } } }',
  `mutation ($a: SetSigningCertificateStatusInput!) { setSigningCertificateStatus(input: $a) {
    __typename ... on IamError { code message } } }`,
  `mutation ($a: UploadSigningCertificateInput!) { uploadSigningCertificate(input: $a) {
    __typename ... on IamError { code message } } }`,
] as const

/** A text in which some signs are others. */
export function mutated(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(),
    length: fc.nat(5),
    by: fc.oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.constantFrom(...words)),
  })
  return fc.array(edit, { maxLength: 4 }).map(edits =>
    edits.reduce((whole, { at, length, by }) => {
      const place = at % (whole.length + 1)
      return whole.slice(0, place) + by + whole.slice(place + length)
    }, text),
  )
}

export const document = fc.oneof(
  fc.constantFrom(...operations),
  fc.constantFrom(...operations).chain(mutated),
  fc.array(fc.constantFrom(...words), { maxLength: 60 }).map(all => all.join(' ')),
  fc.string({ unit: 'binary' }),
)

/** Values as they are meant to be, nearly so, and anything else. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 5 }),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.constantFrom('alice', 'bob', '__proto__', 1, -1, 2 ** 53, 1e308, [], {}, null, '2026-01-01T00:00:00Z'),
  fc.record(
    {
      userName: fc.oneof(fc.constant('alice'), fc.string({ unit: 'binary' }), fc.jsonValue()),
      certificateId: fc.oneof(fc.string({ minLength: 24, maxLength: 130 }), fc.jsonValue()),
      certificateBody: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 500 }),
        fc.constant('-----BEGIN CERTIFICATE-----'),
      ),
      status: fc.constantFrom('ACTIVE', 'INACTIVE', 'EXPIRED', 1),
      clientMutationId: fc.string(),
    },
    { requiredKeys: [] },
  ),
)

export const payload = fc.record(
  {
    query: fc.oneof({ weight: 9, arbitrary: document }, { weight: 1, arbitrary: value }),
    variables: fc.oneof({ weight: 9, arbitrary: fc.record({ a: value }) }, { weight: 1, arbitrary: value }),
    operationName: fc.oneof(fc.constant(undefined), fc.string(), value),
    extensions: fc.oneof(fc.constant(undefined), fc.constant({}), value),
  },
  { requiredKeys: ['query'] },
)
