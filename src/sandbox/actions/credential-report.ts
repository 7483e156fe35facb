import { AwsError } from '../error.ts'
import { accessKeys, userArn } from '../principal.ts'
import { formatDate, iam } from '../query-protocol.ts'
import type { Account, User } from '../store.ts'
import { type ActionGroup, action } from './action.ts'
import { signingCertificates } from './signing-certificate.ts'

interface Report {
  readonly content: string
  readonly generated: Date
  /** IAM needs a while; here a report is ready once it has been asked about: a choice that needs no waiting. */
  ready: boolean
}

/** IAM.md, Credential report. */
const LIFETIME = 4 * 3_600_000

export function credentialReportActions(): ActionGroup {
  const reports = new WeakMap<Account, Report>()
  return {
    api: iam,
    actions: {
      GenerateCredentialReport: action({}, (_input, { account }) => {
        const report = reports.get(account)
        if (report !== undefined && !isOld(report)) {
          report.ready = true
          return { State: 'COMPLETE' }
        }
        reports.set(account, { content: writeReport(account), generated: new Date(), ready: false })
        // For an old report the words are not known: the same.
        return { State: 'STARTED', Description: 'No report exists. Starting a new report generation task' }
      }),

      // The three refusals have no Message element (IAM.md: grades A, B; for an expired one by analogy).
      GetCredentialReport: action({}, (_input, { account }) => {
        const report = reports.get(account)
        if (report === undefined) throw new AwsError('ReportNotPresent')
        if (isOld(report)) throw new AwsError('ReportExpired')
        if (!report.ready) {
          report.ready = true
          throw new AwsError('ReportInProgress')
        }
        return {
          Content: Buffer.from(report.content).toString('base64'),
          ReportFormat: 'text/csv',
          GeneratedTime: report.generated,
        }
      }),
    },
  }
}

function isOld(report: Report): boolean {
  return Date.now() - report.generated.getTime() >= LIFETIME
}

function writeReport(account: Account): string {
  const rows = account.users().map(user => userRow(account, user))
  return [columns, rootRow(account), ...rows].map(row => row.join(',')).join('\n')
}

const columns: readonly string[] = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  'access_key_1_active',
  'access_key_1_last_rotated',
  'access_key_1_last_used_date',
  'access_key_1_last_used_region',
  'access_key_1_last_used_service',
  'access_key_2_active',
  'access_key_2_last_rotated',
  'access_key_2_last_used_date',
  'access_key_2_last_used_region',
  'access_key_2_last_used_service',
  'cert_1_active',
  'cert_1_last_rotated',
  'cert_2_active',
  'cert_2_last_rotated',
]

const NO_KEY: readonly string[] = ['false', 'N/A', 'N/A', 'N/A', 'N/A']
const NO_CERTIFICATE: readonly string[] = ['false', 'N/A']

function rootRow(account: Account): string[] {
  return [
    '<root_account>',
    `arn:aws:iam::${account.accountId}:root`,
    formatDate(account.created),
    ...['not_supported', 'no_information', 'not_supported', 'not_supported', 'false'],
    ...[...NO_KEY, ...NO_KEY, ...NO_CERTIFICATE, ...NO_CERTIFICATE],
  ]
}

function userRow(account: Account, user: User): string[] {
  return [
    user.userName,
    userArn(account, user),
    formatDate(user.createDate),
    ...passwordColumns(user),
    'false',
    ...slots(accessKeyColumns(account, user), NO_KEY),
    ...slots(certificateColumns(account, user), NO_CERTIFICATE),
  ]
}

/** Enabled, last used, last changed, next rotation. A seeded user has a password exactly if it was used. */
function passwordColumns({ passwordLastUsed, createDate }: User): string[] {
  if (passwordLastUsed === undefined) return ['false', 'N/A', 'N/A', 'N/A']
  return ['true', formatDate(passwordLastUsed), formatDate(createDate), 'N/A']
}

function accessKeyColumns(account: Account, user: User): string[][] {
  return account
    .table(accessKeys)
    .of(user)
    .map(key => ['true', formatDate(key.user.createDate), 'N/A', 'N/A', 'N/A'])
}

/** An inactive certificate shows no date, as the guide says (one capture differs): the report hints at active ones. */
function certificateColumns(account: Account, user: User): string[][] {
  return account
    .table(signingCertificates)
    .of(user)
    .map(({ status, uploadDate }) => (status === 'Active' ? ['true', formatDate(uploadDate)] : ['false', 'N/A']))
}

/** Always two, in order, the missing ones as given. */
function slots([first, second]: readonly string[][], missing: readonly string[]): string[] {
  return [...(first ?? missing), ...(second ?? missing)]
}
