import { ListServiceSpecificCredentialsCommand } from '@aws-sdk/client-iam'
import { describe, expect, test } from 'vitest'
import { createIamClient, refusal } from './client.ts'
import { bedrock, codecommit, startCredentialAccount } from './credential-account.ts'
import { listAll } from './list.ts'

describe('ListServiceSpecificCredentials', () => {
  test('shows no secrets, and selects by service', async () => {
    await using account = await startCredentialAccount()
    const { id: _, ServicePassword, ...password } = await account.create(codecommit)
    const { id: __, ServiceCredentialSecret, ...key } = await account.create(bedrock, 'ann', 30)
    expect([ServicePassword, ServiceCredentialSecret]).not.toContain(undefined)
    const { ServiceSpecificCredentials, IsTruncated } = await account.list()
    expect(ServiceSpecificCredentials).toHaveLength(2)
    expect(ServiceSpecificCredentials).toEqual(expect.arrayContaining([password, key]))
    expect(IsTruncated).toBe(false)
    expect((await account.list({ UserName: 'ann', ServiceName: bedrock })).ServiceSpecificCredentials).toEqual([key])
  })

  test("without a user name is the caller's own", async () => {
    await using account = await startCredentialAccount()
    await account.create(codecommit, 'ann')
    const { id } = await account.create(codecommit, 'gateway')
    const { ServiceSpecificCredentials } = await account.list({})
    expect(ServiceSpecificCredentials?.map(row => row.ServiceSpecificCredentialId)).toEqual([id])
  })

  test('with AllUsers lists the account, in an order that is stable but not that of creation', async () => {
    await using account = await startCredentialAccount({ users: 200 })
    const all = await listAll(account.iam, 'credentials')
    expect(new Set(all.map(row => row.UserName)).size).toBeGreaterThan(50)
    expect(await listAll(account.iam, 'credentials')).toEqual(all)
    expect(all).not.toEqual(all.toSorted((a, b) => Number(a.CreateDate) - Number(b.CreateDate)))

    const paged: unknown[] = []
    let Marker: string | undefined
    do {
      const page = await account.list({ AllUsers: true, MaxItems: 7, Marker })
      expect(page.ServiceSpecificCredentials?.length).toBeLessThanOrEqual(7)
      expect(page.IsTruncated).toBe(page.Marker !== undefined)
      paged.push(...(page.ServiceSpecificCredentials ?? []))
      Marker = page.Marker
    } while (Marker !== undefined)
    expect(paged).toEqual(all)

    const keys = await account.list({ AllUsers: true, ServiceName: bedrock, MaxItems: 1000 })
    expect(keys.ServiceSpecificCredentials).toEqual(all.filter(row => row.ServiceName === bedrock))
  })

  test('with AllUsers works for a role, and with AllUsers=false is as without', async () => {
    await using account = await startCredentialAccount({ users: 2 })
    const role = createIamClient(account.sandbox, account.sandbox.roleCredentials)
    const everyone = await role.send(new ListServiceSpecificCredentialsCommand({ AllUsers: true }))
    expect(everyone.ServiceSpecificCredentials?.map(row => row.UserName)).toContain('alice')
    const noOne = role.send(new ListServiceSpecificCredentialsCommand({ AllUsers: false }))
    expect((await refusal(noOne)).message).toBe('Must specify userName when calling with non-User credentials')
  })

  test('refuses AllUsers with a user name', async () => {
    await using account = await startCredentialAccount()
    expect(await refusal(account.list({ AllUsers: true, UserName: 'ann' }))).toEqual({
      code: 'InvalidInput',
      status: 400,
      message: 'Cannot list credentials for all users if a username is given',
    })
  })

  test('refuses a service with bad characters', async () => {
    await using account = await startCredentialAccount()
    expect(await refusal(account.list({ UserName: 'ann', ServiceName: 'code commit' }))).toEqual({
      code: 'ValidationError',
      status: 400,
      message: 'ServiceName must match [a-zA-Z0-9.-]*',
    })
  })

  test('takes user names of 64 characters at most', async () => {
    await using account = await startCredentialAccount()
    expect((await refusal(account.list({ UserName: 'x'.repeat(65) }))).message).toContain('less than or equal to 64')
  })
})
