import { flag, integer, oneOf, required, text, wordedText } from '../constraint.ts'
import { AwsError } from '../error.ts'
import { uniqueId } from '../identifier.ts'
import { targetUser } from '../principal.ts'
import { iam, type Members } from '../query-protocol.ts'
import { publicPart, secretPart, supportedService } from '../secret.ts'
import { seedServiceSpecificCredentials } from '../seed/service-specific-credential.ts'
import type { Kind, Row } from '../store.ts'
import { type ActionGroup, action, type Call, pageMembers, userName } from './action.ts'

export interface ServiceSpecificCredential extends Row {
  readonly serviceName: string
  /** The service user name, or for API keys the alias: `<user>-at-<account>`. */
  readonly publicName: string
  readonly createDate: Date
  readonly expirationDate: Date | undefined
  /** As last set; see statusOf. */
  readonly status: 'Active' | 'Inactive'
}

/** In the order of AllUsers: stable, and not that of creation (IAM.md, grade B). By id is a choice. */
export const serviceSpecificCredentials: Kind<ServiceSpecificCredential> = {
  deleteConflict: 'Cannot delete entity, must remove referenced objects first.',
  order: credential => credential.id,
}

/** Two a service and user (IAM.md, grade D; the error's text grade B). */
const QUOTA = 2

export function serviceSpecificCredentialActions(): ActionGroup {
  const owner = { UserName: userName(64) }
  const named = { ...owner, ServiceSpecificCredentialId: required(text({ min: 20, max: 128, pattern: '[\\w]+' })) }
  // An open string to the model; the pattern and its words are IAM.md's for List (grade B), for Create by analogy.
  const pattern = '[a-zA-Z0-9.-]*'
  const serviceName = wordedText(
    { min: 0, max: Number.POSITIVE_INFINITY, pattern },
    `ServiceName must match ${pattern}`,
  )
  return {
    api: iam,
    kind: serviceSpecificCredentials,
    seed: (user, seeding): readonly ServiceSpecificCredential[] => seedServiceSpecificCredentials(user, seeding),
    actions: {
      ListServiceSpecificCredentials: action(
        { ...owner, ServiceName: serviceName, AllUsers: flag(), ...pageMembers() },
        (input, { account, caller, page }) => {
          const { AllUsers = false, ServiceName, UserName } = input
          if (AllUsers && UserName !== undefined) {
            throw new AwsError('InvalidInput', 'Cannot list credentials for all users if a username is given')
          }
          // Before the service, as for Create (grade A there, here by analogy).
          const user = AllUsers ? undefined : targetUser(account, caller, UserName)
          const service = ServiceName === undefined ? undefined : supportedService(ServiceName).name
          const all = account.table(serviceSpecificCredentials).listed(user)
          const rows = service === undefined ? all : all.filter(({ serviceName }) => serviceName === service)
          const name = ['ListServiceSpecificCredentials', user?.userId ?? '', service ?? '']
          const { rows: listed, ...rest } = page({ name, rows, order: serviceSpecificCredentials.order }, input)
          return { ServiceSpecificCredentials: listed.map(describe), ...rest }
        },
      ),

      CreateServiceSpecificCredential: action(
        {
          UserName: required(owner.UserName),
          ServiceName: required(serviceName),
          CredentialAgeDays: integer({ min: 1, max: 36_600 }),
        },
        (input, { account, caller }) => {
          const user = targetUser(account, caller, input.UserName)
          const service = supportedService(input.ServiceName)
          const table = account.table(serviceSpecificCredentials)
          const siblings = table.of(user).filter(({ serviceName }) => serviceName === service.name)
          if (siblings.length >= QUOTA) {
            const message = `Cannot exceed quota for ContextSpecificCredentialsPerUserPerContext: ${QUOTA}`
            throw new AwsError('LimitExceeded', message)
          }
          const createDate = new Date()
          const credential: ServiceSpecificCredential = {
            id: uniqueId('ACCA', 17),
            user,
            serviceName: service.name,
            publicName: freeName(user.userName, account.accountId, siblings),
            createDate,
            expirationDate: expiration(createDate, input.CredentialAgeDays),
            status: 'Active',
          }
          table.add(credential)
          return { ServiceSpecificCredential: describeWithSecret(credential) }
        },
      ),

      UpdateServiceSpecificCredential: action(
        { ...named, Status: required(oneOf('Active', 'Inactive', 'Expired')) },
        (input, call) => {
          // Whether this comes before the look-up is not established: a choice, as it needs nothing but the input.
          if (input.Status === 'Expired')
            throw new AwsError('InvalidInput', 'Operation does not support status Expired')
          call.account.table(serviceSpecificCredentials).replace({ ...find(call, input), status: input.Status })
          return undefined
        },
      ),

      // Id, dates and status stay as they are (IAM.md, grade B). Whether an expired one may be reset is not known.
      ResetServiceSpecificCredential: action(named, (input, call) => ({
        ServiceSpecificCredential: describeWithSecret(find(call, input)),
      })),

      DeleteServiceSpecificCredential: action(named, (input, call) => {
        call.account.table(serviceSpecificCredentials).delete(find(call, input))
        return undefined
      }),
    },
  }
}

/** The second for the same service is `<user>+1-at-<account>` (IAM.md, grade B); the first name free is a choice. */
function freeName(user: string, account: string, siblings: readonly ServiceSpecificCredential[]): string {
  const plain = `${user}-at-${account}`
  return siblings.some(({ publicName }) => publicName === plain) ? `${user}+1-at-${account}` : plain
}

/** Exactly so many seconds later (IAM.md, grade B). For a service with passwords, too: which refuse it is not known. */
function expiration(createDate: Date, ageDays: number | undefined): Date | undefined {
  return ageDays === undefined ? undefined : new Date(createDate.getTime() + ageDays * 86_400_000)
}

function describe(credential: ServiceSpecificCredential): Members {
  return {
    UserName: credential.user.userName,
    Status: statusOf(credential),
    ...publicPart(supportedService(credential.serviceName), credential.publicName),
    CreateDate: credential.createDate,
    ExpirationDate: credential.expirationDate,
    ServiceSpecificCredentialId: credential.id,
    ServiceName: credential.serviceName,
  }
}

/** Expired is never set, it comes: so it is found out when looked at. */
function statusOf({ status, expirationDate }: ServiceSpecificCredential): string {
  return expirationDate !== undefined && expirationDate.getTime() <= Date.now() ? 'Expired' : status
}

function describeWithSecret(credential: ServiceSpecificCredential): Members {
  return {
    ...describe(credential),
    ...secretPart(supportedService(credential.serviceName), credential.publicName),
  }
}

interface Named {
  readonly UserName: string | undefined
  readonly ServiceSpecificCredentialId: string
}

function find(
  { account, caller }: Call,
  { UserName, ServiceSpecificCredentialId: id }: Named,
): ServiceSpecificCredential {
  const user = targetUser(account, caller, UserName)
  const credential = account.table(serviceSpecificCredentials).get(id)
  if (credential === undefined) throw new AwsError('NoSuchEntity', 'No such credential ID exists')
  if (credential.user === user) return credential
  const message = `User ${user.userName} does not have a service specific credential with id ${id}`
  throw new AwsError('ValidationError', message)
}
