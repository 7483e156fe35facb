// Stands in for an identity provider while one tries the gateway on its sandbox: makes a key, and writes into the folder
// that is given its public half (jwks.json), the sandbox's roles (roles.json), and a token for each of two people, for a
// shell (tokens.sh). The tokens last for a day, and are good for nothing but the sandbox.
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const issuer = 'https://issuer.example'
const audience = 'iam-gateway'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'try', alg: 'ES256', use: 'sig' }] }

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('identities: expected a folder to write jwks.json, roles.json and tokens.sh to, got none\n')
  process.exitCode = 2
} else {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(jwks))
  writeFileSync(join(folder, 'roles.json'), JSON.stringify(roles(), undefined, 2))
  const people = [
    `export AUDITOR=${token('ann', 'auditor', 'read watch')}`,
    `export RESPONDER=${token('rob', 'responder', 'read write watch')}`,
  ]
  writeFileSync(join(folder, 'tokens.sh'), `${people.join('\n')}\n`, { mode: 0o600 })
}

/** The auditor may read everything but alice's certificates; the responder may change what he can read, too. */
function roles() {
  const read = ['iam:GetUser', 'iam:ListUsers', 'iam:ListSigningCertificates', 'iam:ListServiceSpecificCredentials']
  const allow = Action => ({ Effect: 'Allow', Action, Resource: '*' })
  const notAlice = { Effect: 'Deny', Action: 'iam:ListSigningCertificates', Resource: 'arn:aws:iam::*:user/*alice' }
  const role = (RoleName, ...Statement) => ({ RoleName, PolicyDocument: { Version: '2012-10-17', Statement } })
  return {
    OpenIDConnectProviders: [{ Url: issuer, ClientIDList: [audience], Jwks: jwks }],
    Roles: [
      role('auditor', allow(read), notAlice),
      role('responder', allow([...read, 'iam:UpdateSigningCertificate', 'iam:UploadSigningCertificate'])),
    ],
  }
}

/** A JWT, signed by ES256 (RFC 7518, section 3.4: the signature is both its numbers, and nothing around them). */
function token(sub, role, scope) {
  const iat = Math.floor(Date.now() / 1000)
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: issuer, aud: audience, sub, role, scope, iat, exp: iat + 86_400 }
  const signed = `${part({ typ: 'JWT', alg: 'ES256', kid: 'try' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}
