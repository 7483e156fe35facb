import { CombinedGraphQLErrors, gql } from '@apollo/client'
import { describe, expect, test } from 'vitest'
import { type Data, startTestGateway } from '../gateway.ts'
import { blockOf } from '../readme.ts'
import { readmeClient } from './readme-client.ts'

describe('what IAM refuses, in Apollo Client', () => {
  test('is a member of the mutation’s union, by a fragment on IamError', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using apollo = await readmeClient(gateway)
    const upload = async (userName: string, certificateBody: string) => {
      const variables = { input: { userName, certificateBody } }
      const { data } = await apollo.client.mutate<Data>({
        mutation: gql(blockOf('file=upload.graphql').text),
        variables,
      })
      return data?.uploadSigningCertificate
    }
    const body = gateway.sandbox.example?.uploadCertificateBody ?? ''
    expect(await upload('bob', body)).toMatchObject({
      __typename: 'UploadSigningCertificatePayload',
      signingCertificate: { status: 'ACTIVE' },
    })
    expect(await upload('bob', 'no certificate')).toMatchObject({
      __typename: 'MalformedCertificateError',
      code: 'MalformedCertificate',
      message: expect.stringContaining('is malformed'),
      requestId: expect.any(String),
    })
    expect(await upload('nobody', body)).toMatchObject({ __typename: 'NoSuchEntityError', code: 'NoSuchEntity' })
  })

  test('in one user’s field is one error beside the others’ data', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using apollo = await readmeClient(gateway)
    gateway.sandbox.fault({ action: 'ListSigningCertificates', userName: 'bob', answer: { code: 'AccessDenied' } })
    const { data, error } = await apollo.client.query<Data>({
      query: gql(blockOf('file=dashboard.graphql').text),
      errorPolicy: 'all',
    })
    expect(data?.users.nodes).toMatchObject([
      { userName: 'alice', signingCertificates: { nodes: [{}, {}] } },
      { userName: 'bob', signingCertificates: null },
      { userName: 'gateway', signingCertificates: { nodes: [] } },
    ])
    expect(CombinedGraphQLErrors.is(error) && error.errors).toMatchObject([
      {
        path: ['users', 'nodes', 1, 'signingCertificates'],
        extensions: { code: 'AccessDenied', requestId: expect.any(String) },
      },
    ])
  })
})
