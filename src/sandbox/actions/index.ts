import type { ActionGroup } from './action.ts'
import { credentialReportActions } from './credential-report.ts'
import { serviceSpecificCredentialActions } from './service-specific-credential.ts'
import { signingCertificateActions } from './signing-certificate.ts'
import { securityTokenActions } from './sts.ts'
import { userActions } from './user.ts'
import type { SecurityTokenParts } from './web-identity.ts'

/** Everything the sandbox can do, one line a group. */
export function createActionGroups(parts: SecurityTokenParts): readonly ActionGroup[] {
  return [
    userActions(),
    signingCertificateActions(),
    serviceSpecificCredentialActions(),
    credentialReportActions(),
    securityTokenActions(parts),
  ]
}
