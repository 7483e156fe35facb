import {
  CreateUserCommand,
  DeleteUserCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam'
import { describe, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { createIamClient, refusal } from './client.ts'

async function start(options: { readonly users?: number; readonly maxPage?: number; readonly seed?: number } = {}) {
  const sandbox = await startSandbox(options)
  const iam = createIamClient(sandbox)
  return {
    sandbox,
    iam,
    page: async (Marker?: string, MaxItems = 3, PathPrefix?: string) => {
      const page = await iam.send(new ListUsersCommand({ Marker, MaxItems, PathPrefix }))
      return { names: page.Users?.map(user => user.UserName) ?? [], truncated: page.IsTruncated, marker: page.Marker }
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}

/** Users a to h; `gateway` stands among them. */
async function startWithLetters() {
  const account = await start()
  for (const UserName of 'hgfedcba') await account.iam.send(new CreateUserCommand({ UserName }))
  return account
}

describe('a Marker', () => {
  test('differs at every read, and goes on at the same place', async () => {
    await using account = await startWithLetters()
    const [once, again] = [await account.page(), await account.page()]
    expect(again.marker).not.toBe(once.marker)
    expect(await account.page(again.marker)).toMatchObject({ names: ['d', 'e', 'f'], truncated: true })
    expect(await account.page(once.marker)).toMatchObject({ names: ['d', 'e', 'f'], truncated: true })
    expect(once.marker).toMatch(/^[\u0020-\u00ff]{1,320}$/)
    // The item it goes on behind cannot be read from it.
    expect(Buffer.from(String(once.marker), 'base64').toString()).not.toBe('c')
  })

  test('goes on behind its item, though items come and go in front of it, or it goes itself', async () => {
    await using account = await startWithLetters()
    const { names, marker } = await account.page()
    expect(names).toEqual(['a', 'b', 'c'])
    await account.iam.send(new DeleteUserCommand({ UserName: 'a' }))
    await account.iam.send(new CreateUserCommand({ UserName: 'aa' }))
    await account.iam.send(new CreateUserCommand({ UserName: 'ab' }))
    expect((await account.page(marker)).names).toEqual(['d', 'e', 'f'])
    await account.iam.send(new DeleteUserCommand({ UserName: 'c' }))
    await account.iam.send(new DeleteUserCommand({ UserName: 'd' }))
    expect((await account.page(marker)).names).toEqual(['e', 'f', 'g'])
  })

  test('may be followed with another MaxItems', async () => {
    await using account = await startWithLetters()
    const { marker } = await account.page()
    expect((await account.page(marker, 1)).names).toEqual(['d'])
    expect(await account.page(marker, 1000)).toEqual({
      names: ['d', 'e', 'f', 'g', 'gateway', 'h'],
      truncated: false,
      marker: undefined,
    })
  })

  test('leads to an empty last page when the rest was deleted', async () => {
    await using account = await startWithLetters()
    const { marker } = await account.page(undefined, 8)
    await account.iam.send(new DeleteUserCommand({ UserName: 'h' }))
    expect(await account.page(marker)).toEqual({ names: [], truncated: false, marker: undefined })
  })

  test('outlives the sandbox, for one of the same seed', async () => {
    const first = await start({ users: 10 })
    const { marker } = await first.page()
    const rest = await first.page(marker, 1000)
    await first[Symbol.asyncDispose]()
    await using again = await start({ users: 10 })
    expect(await again.page(marker, 1000)).toEqual(rest)
    await using other = await start({ users: 10, seed: 2 })
    expect(await refusal(other.page(marker))).toMatchObject({ message: 'Invalid Marker.' })
  })

  test('fits the longest name and path', async () => {
    await using account = await start()
    const Path = `/${'p'.repeat(510)}/`
    for (const first of ['a', 'b']) {
      await account.iam.send(new CreateUserCommand({ UserName: first.repeat(64), Path }))
    }
    const { marker } = await account.page(undefined, 1, Path)
    expect(marker?.length).toBeLessThanOrEqual(320)
    expect((await account.page(marker, 1, Path)).names).toEqual(['b'.repeat(64)])
  })

  test('is refused when it is made up, cut, changed, or of another list', async () => {
    await using account = await start({ users: 50 })
    const { iam } = account
    const users = (await account.page()).marker ?? ''
    const certificates = await iam.send(new ListSigningCertificatesCommand({ UserName: 'alice', MaxItems: 1 }))
    const credentials = await iam.send(new ListServiceSpecificCredentialsCommand({ UserName: 'alice', MaxItems: 1 }))
    const all = await iam.send(new ListServiceSpecificCredentialsCommand({ AllUsers: true, MaxItems: 1 }))
    expect([certificates.IsTruncated, credentials.IsTruncated, all.IsTruncated]).toEqual([true, true, true])
    const changed = `${users.startsWith('A') ? 'B' : 'A'}${users.slice(1)}`
    const calls = [
      ...['x', '====', users.slice(0, -4), changed, `${users} `, `${users}AAAA`].map(Marker => account.page(Marker)),
      account.page(users, 3, '/engineering/'),
      account.page(certificates.Marker),
      iam.send(new ListSigningCertificatesCommand({ UserName: 'alice', Marker: users })),
      iam.send(new ListSigningCertificatesCommand({ UserName: 'bob', Marker: certificates.Marker })),
      iam.send(new ListServiceSpecificCredentialsCommand({ UserName: 'alice', Marker: all.Marker })),
      iam.send(new ListServiceSpecificCredentialsCommand({ UserName: 'bob', Marker: credentials.Marker })),
      iam.send(
        new ListServiceSpecificCredentialsCommand({
          AllUsers: true,
          ServiceName: 'codecommit.amazonaws.com',
          Marker: all.Marker,
        }),
      ),
    ]
    for (const call of calls) {
      expect(await refusal(call)).toEqual({ code: 'ValidationError', status: 400, message: 'Invalid Marker.' })
    }
  })

  test('serves the same list under another spelling of the user', async () => {
    await using account = await start({ users: 2 })
    const command = { UserName: 'alice', MaxItems: 1 }
    const { Marker } = await account.iam.send(new ListSigningCertificatesCommand(command))
    const rest = await account.iam.send(new ListSigningCertificatesCommand({ ...command, UserName: 'ALICE', Marker }))
    expect(rest.Certificates).toHaveLength(1)
  })
})

describe('with a maximum page', () => {
  test('every list answers less than was asked for, though truncated, and loses nothing', async () => {
    await using short = await start({ users: 30, maxPage: 4 })
    await using whole = await start({ users: 30 })
    const names: unknown[] = []
    let marker: string | undefined
    do {
      const page = await short.page(marker, 1000)
      expect(page.names.length).toBeLessThanOrEqual(4)
      expect(page.truncated).toBe(page.marker !== undefined)
      names.push(...page.names)
      marker = page.marker
    } while (marker !== undefined)
    expect(names).toEqual((await whole.page(undefined, 1000)).names)

    const all = await short.iam.send(new ListServiceSpecificCredentialsCommand({ AllUsers: true, MaxItems: 100 }))
    expect([all.ServiceSpecificCredentials?.length, all.IsTruncated]).toEqual([4, true])
  })

  test('a smaller MaxItems still counts', async () => {
    await using account = await start({ users: 10, maxPage: 4 })
    expect((await account.page(undefined, 2)).names).toHaveLength(2)
  })
})

describe('a fault that cuts the page', () => {
  test('may leave it empty though truncated, at the start and in the middle, and nothing is lost', async () => {
    await using account = await startWithLetters()
    account.sandbox.fault({ action: 'ListUsers', times: 1, answer: { maxPage: 0 } })
    const empty = await account.page()
    expect(empty).toMatchObject({ names: [], truncated: true })
    const first = await account.page(empty.marker)
    expect(first.names).toEqual(['a', 'b', 'c'])
    account.sandbox.fault({ action: 'ListUsers', times: 1, answer: { maxPage: 0 } })
    account.sandbox.fault({ action: 'ListUsers', times: 1, answer: { maxPage: 1 } })
    const middle = await account.page(first.marker)
    expect(middle).toMatchObject({ names: [], truncated: true })
    const short = await account.page(middle.marker)
    expect(short).toMatchObject({ names: ['d'], truncated: true })
    expect((await account.page(short.marker)).names).toEqual(['e', 'f', 'g'])
  })
})
