import { expect, test } from 'vitest'
import { RoleFileError, startSandbox } from '../../../src/sandbox/server.ts'

const Url = 'https://issuer.example/realm'
const provider = { Url, ClientIDList: ['gateway'] }
const statement = { Effect: 'Allow', Action: 'iam:*', Resource: '*' }
const role = { RoleName: 'auditor', PolicyDocument: policy(statement) }

const Federated = 'arn:aws:iam::123456789012:oidc-provider/issuer.example/realm'
const trust = { Effect: 'Allow', Principal: { Federated }, Action: 'sts:AssumeRoleWithWebIdentity' }

function policy(Statement: unknown): object {
  return { Version: '2012-10-17', Statement }
}

function file(providers: unknown, roles: unknown): string {
  return JSON.stringify({ OpenIDConnectProviders: providers, Roles: roles })
}

const ofProvider = (changed: object) => file([{ ...provider, ...changed }], [])
const ofRole = (changed: object) => file([provider], [{ ...role, ...changed }])
const ofStatement = (changed: object) => ofRole({ PolicyDocument: policy([statement, { ...statement, ...changed }]) })
const ofTrust = (changed: object) => ofRole({ AssumeRolePolicyDocument: policy({ ...trust, ...changed }) })

const second = 'Roles[0].PolicyDocument.Statement[1]'
const trusted = 'Roles[0].AssumeRolePolicyDocument.Statement'

const refusals: readonly (readonly [roles: string, message: string])[] = [
  ['{', 'expected JSON, got '],
  ['[]', 'expected an object, got []'],
  ['{}', 'OpenIDConnectProviders: expected a list, got nothing'],
  ['{ "Providers": [] }', 'expected an object of OpenIDConnectProviders or Roles, got a member Providers'],
  [
    ofProvider({ Url: 'issuer' }),
    `${at('Url')}an issuer's http or https URL, without query and fragment, got "issuer"`,
  ],
  [ofProvider({ Url: 'https://a?b' }), `${at('Url')}an issuer's http or https URL, without query and fragment`],
  [ofProvider({ ClientIDList: [] }), `${at('ClientIDList')}at least one, got []`],
  [ofProvider({ ClientIDList: [7] }), `${at('ClientIDList[0]')}a text that is not empty, got 7`],
  [
    ofProvider({ ThumbprintList: [] }),
    'OpenIDConnectProviders[0]: expected an object of Url, ClientIDList or Jwks, got',
  ],
  [ofProvider({ Jwks: { keys: {} } }), `${at('Jwks.keys')}a list, got {}`],
  [ofProvider({ Jwks: { keys: ['x'] } }), `${at('Jwks.keys[0]')}an object, got "x"`],
  [ofProvider({ Jwks: { keys: [{ kty: 'RSA', d: 'hush' }] } }), 'a public key, got a private or a symmetric one'],
  [ofProvider({ Jwks: { keys: [{ kty: 'oct', k: 'hush' }] } }), 'a public key, got a private or a symmetric one'],
  [file([provider, provider], []), `OpenIDConnectProviders[1]: expected a Url of its own, got ${Url} a second time`],
  [file([provider], [role, role]), 'Roles[1]: expected a RoleName of its own, got auditor a second time'],
  [
    ofRole({ RoleName: 'a b' }),
    'Roles[0].RoleName: expected a name of [\\w+=,.@-]{1,64} other than operator, got "a b"',
  ],
  [ofRole({ RoleName: 'operator' }), 'other than operator, got "operator"'],
  [ofRole({ MaxSessionDuration: 900 }), 'a whole number of seconds from 3600 to 43200, got 900'],
  [ofRole({ PolicyDocument: undefined }), 'Roles[0].PolicyDocument: expected an object, got nothing'],
  [ofRole({ PolicyDocument: { Statement: statement } }), 'Version: expected "2012-10-17", got nothing'],
  [ofStatement({ Effect: 'Permit' }), `${second}.Effect: expected "Allow" or "Deny", got "Permit"`],
  [
    ofStatement({ Action: 'ListUsers' }),
    `${second}.Action: expected an action such as "iam:ListUsers", "iam:List*" or "*"`,
  ],
  [ofStatement({ Action: ['iam:*', 7] }), `${second}.Action[1]: expected an action such as`],
  [ofStatement({ Resource: [] }), `${second}.Resource: expected at least one, got []`],
  [ofStatement({ Resource: undefined }), `${second}.Resource: expected a text without policy variables, got nothing`],
  [
    ofStatement({ Resource: ['*/', '{aws:username}'].join('$') }),
    `${second}.Resource: expected a text without policy variables, got`,
  ],
  [
    ofStatement({ NotAction: 'iam:*' }),
    `${second}: expected an object of Sid, Effect, Action, Resource or Condition, got`,
  ],
  [
    ofStatement({ Condition: { Bool: {} } }),
    `${second}.Condition: expected an object of StringEquals or StringLike, got a member Bool`,
  ],
  [
    ofStatement({ Condition: { StringEquals: { 'aws:SourceIp': '10.0.0.1' } } }),
    `${second}.Condition.StringEquals: expected the condition key aws:PrincipalTag/ and the name of a tag, got aws:SourceIp`,
  ],
  [
    ofTrust({ Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/other' } }),
    `${trusted}.Principal.Federated: expected ${Federated}, got "arn:aws:iam::123456789012:oidc-provider/other"`,
  ],
  [ofTrust({ Principal: { AWS: '*' } }), `${trusted}.Principal: expected an object of Federated, got a member AWS`],
  [
    ofTrust({ Condition: { StringEquals: { 'issuer.example:sub': 'alice' } } }),
    `${trusted}.Condition.StringEquals: expected the condition key issuer.example/realm:sub or issuer.example/realm:aud, got`,
  ],
]

test.each(refusals.map(([roles, message]) => ({ roles, message })))(
  'a bad file: $message',
  async ({ roles, message }) => {
    const refused = await startSandbox({ roles }).then(
      async sandbox => sandbox.close(),
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(RoleFileError)
    expect(String(refused)).toContain(message)
    expect(String(refused)).not.toContain('hush')
  },
)

test('what can be read starts', async () => {
  await using sandbox = await startSandbox({ roles: ofTrust({ Sid: 'Gateway' }) })
  expect(sandbox.roleArn('auditor')).toBe(`arn:aws:iam::${sandbox.accountId}:role/auditor`)
})

function at(member: string): string {
  return `OpenIDConnectProviders[0].${member}: expected `
}
