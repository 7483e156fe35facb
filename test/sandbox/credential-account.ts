import {
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeleteServiceSpecificCredentialCommand,
  ListServiceSpecificCredentialsCommand,
  type ListServiceSpecificCredentialsCommandInput,
  ResetServiceSpecificCredentialCommand,
  type StatusType,
  UpdateServiceSpecificCredentialCommand,
} from '@aws-sdk/client-iam'
import { startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient } from './client.ts'

export const codecommit = 'codecommit.amazonaws.com'
export const bedrock = 'bedrock.amazonaws.com'

export type CredentialAccount = Awaited<ReturnType<typeof startCredentialAccount>>

/** An account with the users Ann and Ben, who have nothing yet. */
export async function startCredentialAccount(options: { readonly users?: number } = {}) {
  const sandbox = await startSandbox(options)
  const iam = createIamClient(sandbox)
  for (const UserName of ['Ann', 'Ben']) await iam.send(new CreateUserCommand({ UserName }))
  const create = async (ServiceName = codecommit, UserName = 'ann', CredentialAgeDays?: number) => {
    const command = new CreateServiceSpecificCredentialCommand({ UserName, ServiceName, CredentialAgeDays })
    const { ServiceSpecificCredential } = await iam.send(command)
    return { ...ServiceSpecificCredential, id: ServiceSpecificCredential?.ServiceSpecificCredentialId ?? '' }
  }
  return {
    sandbox,
    iam,
    create,
    list: (input: ListServiceSpecificCredentialsCommandInput = { UserName: 'ann' }) =>
      iam.send(new ListServiceSpecificCredentialsCommand(input)),
    update: (id: string, Status: string, UserName = 'ann') =>
      iam.send(
        new UpdateServiceSpecificCredentialCommand({
          UserName,
          ServiceSpecificCredentialId: id,
          Status: Status as StatusType,
        }),
      ),
    reset: (id: string, UserName = 'ann') =>
      iam.send(new ResetServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId: id })),
    remove: (id: string, UserName = 'ann') =>
      iam.send(new DeleteServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId: id })),
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}
