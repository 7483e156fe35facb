import { EventEmitter, once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetUserCommand, ListUsersCommand } from '@aws-sdk/client-iam'
import { expect, test, vi } from 'vitest'
import { createHttpServer } from '../../src/sandbox/http.ts'
import type { Outcome } from '../../src/sandbox/reply.ts'
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

test('an answer that waits is told when its client has left', async () => {
  const news = new EventEmitter()
  const [asked, left] = [once(news, 'asked'), once(news, 'left')]
  const { server, close } = createHttpServer(async (_request, over): Promise<Outcome> => {
    news.emit('asked')
    await once(over, 'abort')
    news.emit('left')
    return 'hang'
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const leaving = request({ port, host: '127.0.0.1', method: 'POST', agent: false })
  const gone = once(leaving, 'error')
  leaving.end()
  await asked
  leaving.destroy()
  await Promise.all([gone, left])
  await close()
})
