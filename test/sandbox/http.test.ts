import { GetUserCommand, ListUsersCommand } from '@aws-sdk/client-iam'
import { expect, test, vi } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient } from './client.ts'

const anHour = 3_600_000

test('a sandbox that closes answers what it has received, however late it was to be', async () => {
  await using sandbox = await startSandbox({ latency: anHour })
  const iam = createIamClient(sandbox)
  const asked = iam.send(new GetUserCommand({}))
  await vi.waitFor(() => expect(sandbox.calls).toHaveLength(1))
  await sandbox.close()
  expect((await asked).User?.UserName).toBe('gateway')
  iam.destroy()
})

test('a sandbox that closes cuts off what hangs, and takes nothing new', async () => {
  await using sandbox = await startSandbox()
  const iam = createIamClient(sandbox)
  sandbox.fault({ action: 'GetUser', answer: 'hang' })
  const hanging = expect(iam.send(new GetUserCommand({}))).rejects.toThrow()
  await vi.waitFor(() => expect(sandbox.calls).toHaveLength(1))
  await sandbox.close()
  await hanging
  await expect(iam.send(new ListUsersCommand({}))).rejects.toThrow('ECONNREFUSED')
  iam.destroy()
})

test('a sandbox may be closed twice', async () => {
  const sandbox = await startSandbox()
  await sandbox.close()
  await sandbox.close()
})
