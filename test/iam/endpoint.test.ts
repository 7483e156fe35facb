import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { endpointOf } from '../../src/iam/endpoint.ts'
import { answerOf } from '../stub-iam.ts'
import { startStubClient } from './stub-client.ts'

const settings = { region: 'us-east-1', credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' } }
const plain = new IAMClient({ ...settings, ignoreConfiguredEndpointUrls: true })

test('an endpoint that was chosen is overridden; finding it out sends nothing', async () => {
  await using client = await startStubClient(() => answerOf('GetUser', ''))
  expect(await endpointOf(client.iam.sdk, plain, new GetUserCommand({}))).toEqual({
    url: client.stub.url,
    overridden: true,
  })
  expect(client.stub.calls).toEqual([])
})

test("AWS's own is not overridden", async () => {
  expect(await endpointOf(plain, plain, new GetUserCommand({}))).toEqual({
    url: 'https://iam.amazonaws.com',
    overridden: false,
  })
})
