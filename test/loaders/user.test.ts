import { expect, test } from 'vitest'
import { startTestGateway } from '../gateway.ts'

test('the same user asked for under five aliases, in any case, is one call', async () => {
  await using gateway = await startTestGateway('--sandbox-users=20')
  const calls = await gateway.callsOf(() =>
    gateway.ask(`{
      a: user(userName: "alice") { userName }
      b: user(userName: "alice") { userId }
      c: user(userName: "ALICE") { arn }
      d: user(userName: "Alice") { path }
      e: user(userName: "alice") { createDate }
    }`),
  )
  expect(calls).toEqual(['GetUser alice'])
})

test('the viewer under three aliases is one call', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  expect(await gateway.callsOf(() => gateway.ask('{ a: viewer { id } b: viewer { id } c: viewer { id } }'))).toEqual([
    'GetUser',
  ])
})

test('a user that a list has shown is not asked for again', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0')
  const calls = await gateway.callsOf(() =>
    gateway.ask('{ users { nodes { signingCertificates { nodes { user { userName } } } } } }'),
  )
  expect(calls).toEqual(['ListUsers', 'ListSigningCertificates gateway'])
})

test('a page asked for under two aliases is one call, two different pages are two', async () => {
  await using gateway = await startTestGateway('--sandbox-users=20')
  const page = 'nodes { userName }'
  expect(
    await gateway.callsOf(() =>
      gateway.ask(`{ a: users(first: 5) { ${page} } b: users(first: 5) { ${page} } c: users(first: 6) { ${page} } }`),
    ),
  ).toEqual(['ListUsers', 'ListUsers'])
})

test('what one operation has read, the next asks for again where no page is remembered', async () => {
  await using gateway = await startTestGateway('--sandbox-users=0', '--cache-ttl=0')
  const calls = await gateway.callsOf(async () => {
    await gateway.ask('{ viewer { id } }')
    await gateway.ask('{ viewer { id } }')
  })
  expect(calls).toEqual(['GetUser', 'GetUser'])
})

test('a user that fails, fails alone', async () => {
  await using gateway = await startTestGateway('--sandbox-users=20')
  gateway.sandbox.fault({ action: 'GetUser', userName: 'bob', answer: { code: 'AccessDenied', status: 403 } })
  const { data, errors } = await gateway.ask(
    '{ a: user(userName: "alice") { userName } b: user(userName: "bob") { userName } }',
  )
  expect(data).toEqual({ a: { userName: 'alice' }, b: null })
  expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'AccessDenied' } }])
})
