/** Resolvers as one writes them in an afternoon: each asks the SDK for what its field needs. */
import { Buffer } from 'node:buffer'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  GetUserCommand,
  IAMClient,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListUsersCommand,
  UpdateSigningCertificateCommand,
} from '@aws-sdk/client-iam'

export const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8')

const iam = new IAMClient({})

export const resolvers = {
  Query: {
    async user(_root, { userName }) {
      const { User } = await iam.send(new GetUserCommand({ UserName: userName }))
      return User
    },
    async users(_root, { first, after }) {
      const { Users, IsTruncated, Marker } = await iam.send(new ListUsersCommand({ MaxItems: first, Marker: after }))
      return { nodes: Users, pageInfo: { hasNextPage: IsTruncated, endCursor: Marker } }
    },
  },
  Mutation: {
    async setSigningCertificateStatus(_root, { input: { userName, certificateId, status } }) {
      const Status = status === 'ACTIVE' ? 'Active' : 'Inactive'
      const command = { UserName: userName, CertificateId: certificateId, Status }
      await iam.send(new UpdateSigningCertificateCommand(command))
      const { Certificates } = await iam.send(new ListSigningCertificatesCommand({ UserName: userName }))
      const signingCertificate = Certificates.find(({ CertificateId }) => CertificateId === certificateId)
      return { __typename: 'SetSigningCertificateStatusPayload', signingCertificate }
    },
  },
  User: {
    id: ({ UserName }) => globalId('User', UserName),
    userName: ({ UserName }) => UserName,
    async signingCertificates({ UserName }) {
      const { Certificates } = await iam.send(new ListSigningCertificatesCommand({ UserName }))
      return { nodes: Certificates }
    },
    async serviceSpecificCredentials({ UserName }) {
      const answer = await iam.send(new ListServiceSpecificCredentialsCommand({ UserName }))
      return answer.ServiceSpecificCredentials
    },
  },
  SigningCertificate: {
    id: ({ UserName, CertificateId }) => globalId('SigningCertificate', `${UserName}/${CertificateId}`),
    certificateId: ({ CertificateId }) => CertificateId,
    status: ({ Status }) => Status.toUpperCase(),
    x509: ({ CertificateBody }) => new X509Certificate(CertificateBody),
  },
  X509Certificate: {
    notAfter: ({ validTo }) => new Date(validTo),
    daysUntilExpiry: ({ validTo }) => Math.floor((new Date(validTo) - Date.now()) / 86_400_000),
  },
  ServiceSpecificCredential: {
    id: ({ UserName, ServiceSpecificCredentialId }) =>
      globalId('ServiceSpecificCredential', `${UserName}/${ServiceSpecificCredentialId}`),
    serviceName: ({ ServiceName }) => ServiceName,
    status: ({ Status }) => Status.toUpperCase(),
    expirationDate: ({ ExpirationDate }) => ExpirationDate,
  },
}

function globalId(type, id) {
  return Buffer.from(`${type}:${id}`).toString('base64url')
}
