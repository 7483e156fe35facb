import {
  type IAMClient,
  ListServiceSpecificCredentialsCommand,
  ListUsersCommand,
  type ServiceSpecificCredentialMetadata,
  type User,
} from '@aws-sdk/client-iam'

interface Rows {
  users: User
  credentials: ServiceSpecificCredentialMetadata
}

/** Every user, or every service-specific credential, in IAM's order. */
export async function listAll<K extends keyof Rows>(iam: IAMClient, kind: K): Promise<Rows[K][]> {
  const rows: (User | ServiceSpecificCredentialMetadata)[] = []
  let marker: string | undefined
  do {
    const page = { Marker: marker, MaxItems: 1000 }
    if (kind === 'users') {
      const { Users = [], Marker } = await iam.send(new ListUsersCommand(page))
      rows.push(...Users)
      marker = Marker
    } else {
      const command = new ListServiceSpecificCredentialsCommand({ AllUsers: true, ...page })
      const { ServiceSpecificCredentials = [], Marker } = await iam.send(command)
      rows.push(...ServiceSpecificCredentials)
      marker = Marker
    }
  } while (marker !== undefined)
  return rows as Rows[K][]
}
