import { readDocument, trustedUrl } from './issuer-document.ts'

/** Where the issuer publishes its keys, by what it says of itself. */
export async function discoverKeys(issuer: string, signal: AbortSignal): Promise<URL> {
  const description = await readDescription(issuer, signal)
  // Else whoever can answer at one issuer's address could speak for another: OpenID Connect Discovery, 4.3.
  if (description.issuer !== issuer) {
    const got = JSON.stringify(description.issuer)?.slice(0, 200)
    throw new Error(`expected the description of the issuer ${JSON.stringify(issuer)}, got that of ${got}`)
  }
  return trustedUrl(description.jwks_uri)
}

interface Description {
  readonly issuer?: unknown
  readonly jwks_uri?: unknown
}

async function readDescription(issuer: string, signal: AbortSignal): Promise<Description> {
  const places = descriptionsOf(issuer)
  for (const place of places) {
    const document = await readDocument(place, signal)
    if (typeof document === 'object' && document !== null) return document
  }
  throw new Error(`expected a description of the issuer at ${places.join(' or ')}, got none`)
}

/** By OpenID Connect Discovery behind the issuer's path; by OAuth's own, RFC 8414, before it. */
function descriptionsOf(issuer: string): readonly URL[] {
  const url = trustedUrl(issuer)
  const path = url.pathname.replace(/\/$/, '')
  return [
    new URL(`${path}/.well-known/openid-configuration`, url),
    new URL(`/.well-known/oauth-authorization-server${path}`, url),
  ]
}
