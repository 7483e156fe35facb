import { rm } from 'node:fs/promises'
import {
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isNonNullType,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { schema } from '../../src/schema/index.ts'
import { targetFields } from '../../src/schema/mutation-target.ts'
import { type Operations, setStatus, startOperations, upload } from '../schema/changing.ts'
import { answerOf, refusalOf, startStubIam } from '../stub-iam.ts'
import { disabling, type Line, openAudit, type TestAudit } from './written.ts'

const certificateId = 'A'.repeat(32)
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})

describe('every mutation of the schema', () => {
  test('is among these', () => {
    expect(mutations.length).toBeGreaterThan(1)
  })

  test.each(mutations)('$name asks IAM for nothing where its intent cannot be written', async field => {
    await using scene = await open('/dev/full')
    const { data } = await scene.operations.ask(mutationOf(field), { input: exampleOf(inputOf(field)) })
    expect(data.result).toEqual({
      __typename: 'RequestFailedError',
      code: 'AUDIT_UNAVAILABLE',
      message: 'The audit log cannot be written. Nothing was changed.',
      requestId: null,
    })
    expect(scene.sandbox.calls).toEqual([])
  })

  test.each(mutations)('$name is told with its target, by name, digest or not at all', field => {
    expect(Object.keys(targetFields)).toEqual(expect.arrayContaining(Object.keys(inputOf(field).getFields())))
  })
})

describe('the audit log', () => {
  test('has the intent before IAM is asked, and the outcome before the client is told', async () => {
    await using written = await openAudit()
    const seen: string[][] = []
    await using iam = await startStubIam(async ({ action }) => {
      seen.push([action, ...(await written.records()).map(({ event }) => event)])
      return action === 'UpdateSigningCertificate' ? answerOf(action) : refusalOf('NoSuchEntity', 404)
    })
    await using operations = startOperations(
      { endpoint: iam.url, credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' } },
      { audit: written.audit, changedBy: 'arn:aws:iam::123456789012:user/gateway' },
    )
    const input = { userName: 'bob', certificateId, status: 'INACTIVE', clientMutationId: 'mine' }
    const { data } = await operations.ask(setStatus, { input })
    expect(data.result.__typename).toBe('SetSigningCertificateStatusPayload')
    expect(seen).toEqual([
      ['ListSigningCertificates', 'intent'],
      ['UpdateSigningCertificate', 'intent'],
    ])
    const asked = {
      requestId: 'request',
      principal: { name: 'anonymous' },
      awsIdentity: 'arn:aws:iam::123456789012:user/gateway',
      mutation: 'setSigningCertificateStatus',
      path: 'result',
      target: { userName: 'bob', certificateId, status: 'Inactive' },
    }
    const [intent, outcome] = await written.records()
    const { id } = intent
    expect(intent).toEqual({ time: expect.any(String), event: 'intent', id, ...asked })
    const made = { code: 'OK', awsRequestId: 'stub-request' }
    expect(outcome).toEqual({ time: expect.any(String), event: 'outcome', id, ...asked, ...made })
  })

  test('says which certificate was to be uploaded, and never what is in it', async () => {
    await using scene = await open()
    const certificateBody = mintCertificate()
    const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n'
    for (const body of [certificateBody, 'no certificate', certificateBody + key, key]) {
      await scene.operations.ask(upload, { input: { userName: 'nobody', certificateBody: body } })
    }
    const targets = (await scene.records()).filter(({ event }) => event === 'intent').map(({ target }) => target)
    const certificate = { sha256Fingerprint: expect.stringMatching(/^[\dA-F]{64}$/) }
    expect(targets).toEqual([
      { userName: 'nobody', certificate },
      { userName: 'nobody', certificate: { length: 14 } },
      { userName: 'nobody', certificate },
      { userName: 'nobody', certificate: { length: key.length } },
    ])
    const text = JSON.stringify(await scene.records())
    for (const line of [...certificateBody.split('\n'), ...key.split('\n')].filter(line => line.length > 10)) {
      expect(text).not.toContain(line)
    }
  })

  test('tells what did not come about by the code that the client gets, and with IAM’s id where IAM said it', async () => {
    await using scene = await open()
    const { operations, sandbox } = scene
    const input = { userName: 'nobody', certificateId, status: 'INACTIVE' }
    await operations.ask(setStatus, { input })
    sandbox.fault({ action: 'UpdateSigningCertificate', times: 1, answer: { code: 'AccessDenied', status: 403 } })
    await operations.ask(setStatus, { input })
    sandbox.fault({ action: 'UpdateSigningCertificate', times: 1, answer: 'reset' })
    await operations.ask(setStatus, { input: { ...input, status: 'ACTIVE' } })
    await operations.ask(setStatus, { input: { ...input, userName: null } })
    await operations.ask(upload, { input: { userName: 'nobody', certificateBody: 'PRIVATE KEY' } })
    const outcomes = (await scene.records()).filter(({ event }) => event === 'outcome')
    expect(outcomes.map(({ code, awsRequestId }) => [code, awsRequestId])).toEqual([
      ['NoSuchEntity', expect.any(String)],
      ['AccessDenied', expect.any(String)],
      ['OUTCOME_UNKNOWN', null],
      ['USER_NAME_REQUIRED', null],
      ['PRIVATE_KEY_REFUSED', null],
    ])
  })

  test('tells the mutations of one operation apart, by their aliases', async () => {
    await using scene = await open()
    const fields = ['one', 'two'].map(alias => {
      const input = `{ userName: "nobody", certificateId: "${certificateId}", status: INACTIVE }`
      return `${alias}: setSigningCertificateStatus(input: ${input}) { __typename }`
    })
    await scene.operations.ask(`mutation Both { ${fields.join(' ')} }`)
    const records = await scene.records()
    expect(records.map(({ event, path, operationName }) => [event, path, operationName])).toEqual([
      ['intent', 'one', 'Both'],
      ['outcome', 'one', 'Both'],
      ['intent', 'two', 'Both'],
      ['outcome', 'two', 'Both'],
    ])
    expect(new Set(records.map(({ id }) => id)).size).toBe(2)
  })

  test('that fails while IAM is asked hides nothing from the client: the change was made', async () => {
    await using written = await openAudit()
    await using iam = await startStubIam(async ({ action }) => {
      await rm(written.folder, { recursive: true, force: true })
      // Where the file was looked for lately, it is still written to: this one asks anew.
      await written.audit.intent(disabling()).catch(() => undefined)
      return action === 'UpdateSigningCertificate' ? answerOf(action) : refusalOf('NoSuchEntity', 404)
    })
    await using operations = startOperations(
      { endpoint: iam.url, credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' } },
      { audit: written.audit },
    )
    const input = { userName: 'bob', certificateId, status: 'INACTIVE' }
    const { data } = await operations.ask(setStatus, { input })
    expect(data.result.__typename).toBe('SetSigningCertificateStatusPayload')
    const lost = written.log.filter(({ msg }) => msg === 'an outcome could not be written to the audit log')
    expect(lost).toMatchObject([{ level: 50, record: { event: 'outcome', code: 'OK', awsRequestId: 'stub-request' } }])
    const { data: next } = await operations.ask(setStatus, { input })
    expect(next.result.code).toBe('AUDIT_UNAVAILABLE')
    expect(iam.calls).toHaveLength(2)
  })
})

interface Scene extends AsyncDisposable {
  readonly operations: Operations
  readonly sandbox: Sandbox
  records(): Promise<Line[]>
}

async function open(destination?: string): Promise<Scene> {
  const written: TestAudit = await openAudit(destination === undefined ? {} : { destination })
  const sandbox = await startSandbox({ users: 0 })
  const operations = startOperations(
    { endpoint: sandbox.url, credentials: sandbox.credentials },
    { audit: written.audit, allowImplicitUser: false },
  )
  return {
    operations,
    sandbox,
    records: written.records,
    async [Symbol.asyncDispose]() {
      await operations[Symbol.asyncDispose]()
      await sandbox.close()
      await written[Symbol.asyncDispose]()
    },
  }
}

function mutationOf({ name, args }: GraphQLField<unknown, unknown>): string {
  return `mutation ($input: ${args[0]?.type}) {
    result: ${name}(input: $input) { __typename ... on IamError { code message requestId } }
  }`
}

function inputOf({ name, args }: GraphQLField<unknown, unknown>): GraphQLInputObjectType {
  const type = args[0] && getNamedType(args[0].type)
  if (!isInputObjectType(type) || args.length !== 1) throw new Error(`expected ${name} to take one input`)
  return type
}

/** Something that fits. */
function exampleOf(type: GraphQLInputObjectType): object {
  const fields = Object.values(type.getFields()).filter(field => isNonNullType(field.type))
  return Object.fromEntries(fields.map(field => [field.name, exampleValue(field.type)]))
}

function exampleValue(type: GraphQLInputType): unknown {
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]?.name
  return isInputObjectType(named) ? exampleOf(named) : 'x'
}
