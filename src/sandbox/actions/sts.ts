import { type Principal, principalArn } from '../principal.ts'
import { sts } from '../query-protocol.ts'
import { type ActionGroup, action } from './action.ts'

export function securityTokenActions(): ActionGroup {
  return {
    api: sts,
    actions: {
      GetCallerIdentity: action({}, (_input, { account, caller }) => ({
        Arn: principalArn(account, caller),
        UserId: uniqueIdOf(caller),
        Account: account.accountId,
      })),
    },
  }
}

function uniqueIdOf(caller: Principal): string {
  return caller.kind === 'user' ? caller.user.userId : `${caller.roleId}:${caller.session}`
}
