import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Issuer, startIssuer, type TokenRequest } from '../../auth/issuer.ts'
import { refusal } from '../client.ts'
import { everything, startFederation } from './federation.ts'

const tags = { 'https://aws.amazon.com/tags': { principal_tags: { team: ['platform'] } } }
const sourceIdentity = { 'https://aws.amazon.com/source_identity': 'alice' }

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

/** Whether a role with this trust is given to the bearer of such a token; `HOST` stands for the provider's. */
async function isTrusted(statement: object | readonly object[], token: TokenRequest = {}): Promise<boolean | string> {
  const document = { Version: '2012-10-17', Statement: statement }
  const AssumeRolePolicyDocument = JSON.parse(JSON.stringify(document).replaceAll('HOST', new URL(issuer.url).host))
  await using federation = await startFederation(
    () => [{ RoleName: 'auditor', PolicyDocument: everything, AssumeRolePolicyDocument }],
    { issuer },
  )
  const assumed = federation.assume({ token })
  return await assumed.then(
    () => true,
    () => refusal(assumed).then(({ message }) => message),
  )
}

const Federated = 'arn:aws:iam::123456789012:oidc-provider/HOST'
const trust = { Effect: 'Allow', Principal: { Federated }, Action: 'sts:AssumeRoleWithWebIdentity' }
const denied = 'Not authorized to perform sts:AssumeRoleWithWebIdentity'

describe('a role that says whom it trusts', () => {
  test.each<[string, object, boolean | string]>([
    ['anybody the provider vouches for', {}, true],
    ['this subject', { Condition: { StringEquals: { 'HOST:sub': 'alice' } } }, true],
    ['one of these subjects', { Condition: { StringEquals: { 'HOST:sub': ['bob', 'alice'] } } }, true],
    ['another subject', { Condition: { StringEquals: { 'HOST:sub': 'bob' } } }, denied],
    ['a subject of this name exactly', { Condition: { StringEquals: { 'HOST:sub': 'al*' } } }, denied],
    ['subjects like this', { Condition: { StringLike: { 'HOST:sub': 'al*' } } }, true],
    ['this audience', { Condition: { StringEquals: { 'HOST:aud': 'iam-gateway', 'HOST:sub': 'alice' } } }, true],
    ['another audience', { Condition: { StringEquals: { 'HOST:aud': 'other-client', 'HOST:sub': 'alice' } } }, denied],
    ['for another action', { Action: 'sts:AssumeRole' }, denied],
  ])('%s', async (_, changed, outcome) => {
    expect(await isTrusted({ ...trust, ...changed })).toBe(outcome)
  })

  test('and whom it does not', async () => {
    const mistrust = { ...trust, Effect: 'Deny', Condition: { StringEquals: { 'HOST:sub': 'alice' } } }
    expect(await isTrusted([trust, mistrust])).toBe(denied)
    expect(await isTrusted([trust, mistrust], { subject: 'bob' })).toBe(true)
  })

  test('must allow tags and a source identity, too, where the token has them', async () => {
    expect(await isTrusted(trust, { claims: tags })).toBe('Not authorized to perform sts:TagSession')
    expect(await isTrusted(trust, { claims: sourceIdentity })).toBe('Not authorized to perform sts:SetSourceIdentity')
    const both = { ...trust, Action: [trust.Action, 'sts:TagSession', 'sts:SetSourceIdentity'] }
    expect(await isTrusted(both, { claims: { ...tags, ...sourceIdentity } })).toBe(true)
  })
})
