import {
  CreateUserCommand,
  GenerateCredentialReportCommand,
  GetCredentialReportCommand,
  UpdateSigningCertificateCommand,
  UploadSigningCertificateCommand,
} from '@aws-sdk/client-iam'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startSandbox } from '../../src/sandbox/server.ts'
import { mintCertificate } from '../../src/sandbox/x509.ts'
import { createIamClient, refusal } from './client.ts'
import { sendRaw, signCall } from './raw.ts'

async function start(users = 0) {
  const sandbox = await startSandbox({ users })
  const iam = createIamClient(sandbox)
  return {
    sandbox,
    iam,
    generate: () => iam.send(new GenerateCredentialReportCommand({})),
    get: () => iam.send(new GetCredentialReportCommand({})),
    /** Its rows by user, each by column. */
    async read() {
      await this.generate()
      await this.generate()
      const { Content } = await this.get()
      const [header = [], ...rows] = new TextDecoder()
        .decode(Content)
        .split('\n')
        .map(line => line.split(','))
      return rows.map(row => Object.fromEntries(header.map((column, index) => [column, row[index]])))
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a credential report', () => {
  test('is not there at first, and is refused without a message', async () => {
    await using account = await start()
    const answer = await sendRaw(account.sandbox, signCall(account.sandbox, { Action: 'GetCredentialReport' }))
    expect([answer.status, answer.element('Code'), answer.element('Message')]).toEqual([
      410,
      'ReportNotPresent',
      undefined,
    ])
  })

  test('is started, in progress when asked for at once, then there', async () => {
    await using account = await start()
    expect(await account.generate()).toMatchObject({
      State: 'STARTED',
      Description: 'No report exists. Starting a new report generation task',
    })
    expect(await refusal(account.get())).toMatchObject({ code: 'ReportInProgress', status: 404 })
    expect(await account.get()).toMatchObject({ ReportFormat: 'text/csv', GeneratedTime: expect.any(Date) })
    expect(await account.generate()).toMatchObject({ State: 'COMPLETE' })
  })

  test('is complete when generated again before it is asked for', async () => {
    await using account = await start()
    await account.generate()
    expect(await account.generate()).toMatchObject({ State: 'COMPLETE' })
    expect((await account.get()).Content?.length).toBeGreaterThan(0)
  })

  test('stays as it is for four hours whatever changes, then has expired', async () => {
    await using account = await start()
    await account.generate()
    await account.generate()
    const { Content, GeneratedTime } = await account.get()
    await account.iam.send(new CreateUserCommand({ UserName: 'newcomer' }))
    const hours = (count: number) => (GeneratedTime?.getTime() ?? 0) + count * 3_600_000
    vi.useFakeTimers({ toFake: ['Date'], now: hours(3.99) })
    expect(await account.generate()).toMatchObject({ State: 'COMPLETE' })
    expect((await account.get()).Content).toEqual(Content)
    vi.setSystemTime(hours(4.01))
    expect(await refusal(account.get())).toMatchObject({ code: 'ReportExpired', status: 410 })
    expect(await account.generate()).toMatchObject({ State: 'STARTED' })
    expect(await refusal(account.get())).toMatchObject({ code: 'ReportInProgress' })
    expect(new TextDecoder().decode((await account.get()).Content)).toContain('newcomer')
  })

  test('has 22 columns, the root first', async () => {
    await using account = await start(20)
    const rows = await account.read()
    expect(Object.keys(rows[0] ?? {}).join()).toBe(
      'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated',
    )
    expect(rows).toHaveLength(22)
    expect(rows[0]).toMatchObject({
      user: '<root_account>',
      arn: `arn:aws:iam::${account.sandbox.accountId}:root`,
      password_enabled: 'not_supported',
      password_last_used: 'no_information',
    })
    for (const row of rows) {
      expect(Object.values(row)).toHaveLength(22)
      expect(row['user_creation_time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    }
    expect(rows.find(row => row['user'] === 'gateway')).toMatchObject({
      access_key_1_active: 'true',
      access_key_2_active: 'false',
    })
  })

  test('shows the dates of active certificates only, and no ids', async () => {
    await using account = await start()
    const { iam } = account
    await iam.send(new CreateUserCommand({ UserName: 'ann' }))
    const upload = async () => {
      const command = new UploadSigningCertificateCommand({ UserName: 'ann', CertificateBody: mintCertificate() })
      return (await iam.send(command)).Certificate?.CertificateId
    }
    const inactive = await upload()
    await upload()
    await iam.send(
      new UpdateSigningCertificateCommand({ UserName: 'ann', CertificateId: inactive, Status: 'Inactive' }),
    )
    const row = (await account.read()).find(row => row['user'] === 'ann')
    const slots = [1, 2].map(slot => [row?.[`cert_${slot}_active`], row?.[`cert_${slot}_last_rotated`]])
    expect(slots.toSorted()).toEqual([
      ['false', 'N/A'],
      ['true', expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)],
    ])
  })
})
