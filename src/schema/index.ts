import { builder } from './builder.ts'
import './scalars.ts'
import './errors.ts'
import './change.ts'
import './user.ts'
import './x509-certificate.ts'
import './signing-certificate.ts'
import './signing-certificate-change.ts'
import './signing-certificate-account.ts'
import './signing-certificate-mutation.ts'
import './service-specific-credential.ts'
import './service-specific-credential-change.ts'

export const schema = builder.toSchema()
