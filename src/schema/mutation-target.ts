import { parseX509 } from '../iam/x509-certificate.ts'

/**
 * What the audit log shows of a mutation's input: what is not named here may be a secret, and is only said to have been
 * there. A test holds this to the schema.
 */
export const targetFields: Readonly<Record<string, (value: unknown) => object>> = {
  userName: userName => ({ userName }),
  certificateId: certificateId => ({ certificateId }),
  status: status => ({ status }),
  certificateBody: fingerprint,
  // The client's own, of nothing that is changed.
  clientMutationId: () => ({}),
}

export function targetOf(input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const parts = Object.entries(input).map(([name, value]) => {
    const show = Object.hasOwn(targetFields, name) ? targetFields[name] : undefined
    return show ? show(value) : { [name]: 'not shown' }
  })
  return Object.assign({}, ...parts)
}

/** Its length where it is no certificate. */
function fingerprint(body: unknown): object {
  const text = String(body)
  const sha256Fingerprint = parseX509(text)?.sha256Fingerprint
  return { certificate: sha256Fingerprint === undefined ? { length: text.length } : { sha256Fingerprint } }
}
