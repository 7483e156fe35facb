import { describe, expect, test } from 'vitest'
import { complete, page } from '../../src/iam/answer.ts'
import { listServiceSpecificCredentials } from '../../src/iam/service-specific-credential.ts'
import { listSigningCertificates } from '../../src/iam/signing-certificate.ts'
import { getUser, listUsers } from '../../src/iam/user.ts'
import { answerOf } from '../stub-iam.ts'
import { startStubClient } from './stub-client.ts'

const request = { marker: undefined, maxItems: 100 }

describe('a page', () => {
  test('that is truncated leads on, also where it is short or empty', () => {
    expect(page([], { IsTruncated: true, Marker: 'next' }, undefined)).toEqual({ items: [], marker: 'next' })
    expect(page(['one'], { IsTruncated: true, Marker: 'next' }, 'here')).toEqual({ items: ['one'], marker: 'next' })
  })

  test('that is not truncated is the last one, whatever its Marker', () => {
    expect(page(['one'], { IsTruncated: false, Marker: 'next' }, undefined)).toEqual({
      items: ['one'],
      marker: undefined,
    })
    // ListServiceSpecificCredentials leaves IsTruncated out where it is false, as far as is known.
    expect(page(['one'], {}, undefined)).toEqual({ items: ['one'], marker: undefined })
  })

  test('that is truncated without a Marker is not complete', () => {
    expect(() => page(['one'], { IsTruncated: true }, undefined)).toThrow(/expected Marker, got none/)
  })

  test('that is empty and leads to itself would be read for ever', () => {
    expect(() => page([], { IsTruncated: true, Marker: 'here' }, 'here')).toThrow(/leads to itself/)
  })
})

test('what is there, though it is false or empty, is complete', () => {
  expect(complete('', 'Marker')).toBe('')
  expect(complete(0, 'Count')).toBe(0)
})

describe('an answer that lacks what IAM always says is not its answer', () => {
  test.each([
    ['GetUser', 'User', '', getUserOf],
    ['GetUser', 'UserId', '<User><UserName>alice</UserName></User>', getUserOf],
    ['ListUsers', 'Users', '<IsTruncated>false</IsTruncated>', usersOf],
    ['ListUsers', 'Marker', '<Users/><IsTruncated>true</IsTruncated>', usersOf],
    ['ListSigningCertificates', 'Certificates', '', certificatesOf],
    [
      'ListSigningCertificates',
      'CertificateId',
      '<Certificates><member><UserName>alice</UserName></member></Certificates>',
      certificatesOf,
    ],
    ['ListServiceSpecificCredentials', 'ServiceSpecificCredentials', '', credentialsOf],
  ])('%s without %s', async (action, member, result, ask) => {
    await using client = await startStubClient(() => answerOf(action, result))
    await expect(ask(client.iam)).rejects.toMatchObject({
      code: 'IAM_UNREACHABLE',
      message: `IAM's answer was not complete: expected ${member}, got none.`,
    })
    expect(client.iam.answersLately()).toBe(false)
  })
})

type Iam = Parameters<typeof getUser>[0]

function getUserOf(iam: Iam) {
  return getUser(iam, 'alice')
}

function usersOf(iam: Iam) {
  return listUsers(iam, { ...request, pathPrefix: undefined })
}

function certificatesOf(iam: Iam) {
  return listSigningCertificates(iam, { ...request, userName: 'alice' })
}

function credentialsOf(iam: Iam) {
  return listServiceSpecificCredentials(iam, { ...request, userName: 'alice' })
}
