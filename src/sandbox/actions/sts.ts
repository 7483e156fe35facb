import { principalArn, principalId } from '../principal.ts'
import { sts } from '../query-protocol.ts'
import { type ActionGroup, action } from './action.ts'
import { assumeRoleWithWebIdentity, type SecurityTokenParts } from './web-identity.ts'

export function securityTokenActions(parts: SecurityTokenParts): ActionGroup {
  return {
    api: sts,
    actions: {
      GetCallerIdentity: action({}, (_input, { account, caller }) => ({
        Arn: principalArn(account, caller),
        UserId: principalId(caller),
        Account: account.accountId,
      })),
    },
    open: {
      AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity(parts),
    },
  }
}
