// Stands in for an identity provider while one tries the gateway on its sandbox: makes a key, writes the public half
// (jwks.json) and the sandbox's roles (roles.json) into the folder that is given, and prints a token for each of two
// people as lines for a shell. The tokens last for a day, and are good for nothing but the sandbox.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const issuer = 'https://issuer.example'
const audience = 'iam-gateway'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('expected a folder to write jwks.json and roles.json to, got none')

const { publicKey, privateKey } = await generateKeyPair('ES256')
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'try', alg: 'ES256', use: 'sig' }] }
await mkdir(folder, { recursive: true })
await writeFile(join(folder, 'jwks.json'), JSON.stringify(jwks))
await writeFile(join(folder, 'roles.json'), JSON.stringify(roles(), undefined, 2))

process.stdout.write(`export AUDITOR=${await token('ann', 'auditor', 'read watch')}\n`)
process.stdout.write(`export RESPONDER=${await token('rob', 'responder', 'read write watch')}\n`)

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

function token(subject, role, scope) {
  return new SignJWT({ scope, role })
    .setProtectedHeader({ alg: 'ES256', kid: 'try' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(privateKey)
}
