import { expect, test } from 'vitest'
import { createSessions } from '../../../src/sandbox/role/session.ts'

test('of sessions the newest 10,000 are kept', () => {
  const sessions = createSessions()
  const role = { kind: 'role', roleName: 'auditor', roleId: 'AROAEXAMPLE', session: 'alice' } as const
  const webIdentity = {
    providerArn: 'arn:aws:iam::123456789012:oidc-provider/issuer.example',
    subject: 'alice',
    tags: { values: new Map(), transitiveKeys: [], packedSize: undefined },
    sourceIdentity: undefined,
    permissions: [],
    began: new Date(),
  }
  const begun = Array.from({ length: 10_001 }, () => sessions.begin(role, webIdentity, 900).accessKeyId)
  expect(sessions.all().map(({ accessKeyId }) => accessKeyId)).toEqual(begun.slice(1))
  expect(sessions.get(begun[0] ?? '')).toBeUndefined()
  expect(sessions.get(begun[1] ?? '')).toMatchObject({ accessKeyId: begun[1] })
})
