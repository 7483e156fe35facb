import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Audit, type AuditOptions, createAudit, type Mutation, type Refused } from '../../src/audit/audit.ts'
import { createLog } from '../../src/log.ts'
import { anonymous, type Principal } from '../../src/principal.ts'

export interface TestAudit extends AsyncDisposable {
  readonly audit: Audit
  /** A folder of the test's own, with the log in it where no other destination was given. */
  readonly folder: string
  readonly path: string
  /** What the audit log holds, parsed; of a file with another name, that one's. */
  records(path?: string): Promise<Line[]>
  /** What the gateway's own log got. */
  readonly log: readonly Line[]
}

// biome-ignore lint/suspicious/noExplicitAny: a record is whatever the test expects
export type Line = any

export async function openAudit(options: Partial<AuditOptions> = {}): Promise<TestAudit> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'))
  const path = join(folder, 'audit.log')
  const log: Line[] = []
  const audit = createAudit({
    destination: path,
    log: createLog('trace', { write: line => void log.push(JSON.parse(line)) }),
    ...options,
  })
  return {
    audit,
    folder,
    path,
    log,
    records: async (file = path) => linesOf(await readFile(file, 'utf8')),
    async [Symbol.asyncDispose]() {
      await audit.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Throws where a line is not one record, or the last one does not end. */
export function linesOf(text: string): Line[] {
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error(`expected the last line to end, got ${JSON.stringify(text.slice(-200))}`)
  return lines.map(line => JSON.parse(line))
}

export const alice: Principal = {
  ...anonymous,
  name: 'alice',
  key: 'alice of the issuer',
  token: {
    text: 'eyJ.secret.token',
    issuer: 'https://issuer.example',
    subject: 'alice',
    expiresAt: new Date(0),
    claims: { role: 'secret claim' },
  },
}

export function disabling(changed: Partial<Mutation> = {}): Mutation {
  return {
    id: 'one',
    requestId: 'request',
    principal: alice,
    awsIdentity: 'arn:aws:iam::123456789012:user/gateway',
    mutation: 'setSigningCertificateStatus',
    path: 'disable',
    operationName: 'Disable',
    target: { userName: 'bob', certificateId: 'A'.repeat(32), status: 'Inactive' },
    ...changed,
  }
}

export function forbidden(changed: Partial<Refused> = {}): Refused {
  return {
    code: 'FORBIDDEN',
    message: 'The token lacks the scope write.',
    transport: 'http',
    client: { address: '203.0.113.7' },
    requestId: 'request',
    principal: alice,
    ...changed,
  }
}
