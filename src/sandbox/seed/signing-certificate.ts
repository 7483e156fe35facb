import { certificateId } from '../identifier.ts'
import type { Random } from '../random.ts'
import type { User } from '../store.ts'
import { mintDer, toPem } from '../x509.ts'
import { storedExample } from './example-certificate.ts'
import { daysBetween, daysFrom, type Seeding } from './seeding.ts'

export interface SeededCertificate {
  readonly id: string
  readonly user: User
  readonly body: string
  readonly uploadDate: Date
  readonly status: 'Active' | 'Inactive'
}

/** Certificates past their end are among them: IAM refuses to take one, but keeps those that expire later. */
export function seedSigningCertificates(user: User, seeding: Seeding): SeededCertificate[] {
  const random = seeding.random('signing certificates')
  if (seeding.who === 'alice') return aliceCertificates(user, seeding, random)
  if (seeding.who === 'bob') return []
  const share = random.choose(100)
  const count = share < 35 ? 0 : share < 75 ? 1 : 2
  return Array.from({ length: count }, () => certificateOf(user, seeding, random))
}

/** The id that the fixed example has in every account. */
export function exampleCertificateId(): string {
  return certificateId(Buffer.from(storedExample.replace(/-----.*-----/g, ''), 'base64'))
}

function aliceCertificates(user: User, seeding: Seeding, random: Random): SeededCertificate[] {
  const { now } = seeding
  return [
    {
      id: exampleCertificateId(),
      user,
      body: storedExample,
      uploadDate: daysFrom(now, -180.5),
      status: 'Active',
    },
    mint(user, seeding, random, {
      type: 'p256',
      uploadDate: daysFrom(now, -16.25),
      notAfter: daysFrom(now, 14.5),
      status: 'Inactive',
    }),
  ]
}

function certificateOf(user: User, seeding: Seeding, random: Random): SeededCertificate {
  const { now } = seeding
  const age = daysBetween(user.createDate, now)
  const [keyShare, endShare] = [random.choose(100), random.choose(100)]
  const expired = endShare >= 85
  const daysLeft = expired ? -random.between(1, 300) : endShare >= 70 ? random.between(1, 29) : random.between(60, 1800)
  return mint(user, seeding, random, {
    type: keyShare < 12 ? 'rsa' : keyShare < 20 ? 'p384' : 'p256',
    uploadDate: daysFrom(now, -random.between(expired ? 301 : 1, age) + random.choose(1440) / 1440),
    notAfter: daysFrom(now, daysLeft + random.choose(1440) / 1440),
    status: random.percent(75) ? 'Active' : 'Inactive',
  })
}

interface Plan {
  readonly type: 'rsa' | 'p256' | 'p384'
  readonly uploadDate: Date
  readonly notAfter: Date
  readonly status: 'Active' | 'Inactive'
}

function mint(user: User, seeding: Seeding, random: Random, plan: Plan): SeededCertificate {
  const der = mintDer({
    subject: { C: 'US', O: 'Example Corp', OU: unit(user), CN: user.userName },
    notBefore: daysFrom(plan.uploadDate, -0.125),
    notAfter: plan.notAfter,
    key: seeding.keys.pick(plan.type, random),
  })
  return { id: certificateId(der), user, body: toPem(der), uploadDate: plan.uploadDate, status: plan.status }
}

function unit(user: User): string {
  const [folder = ''] = user.path.split('/').filter(part => part !== '')
  return folder === '' ? 'Staff' : folder.charAt(0).toUpperCase() + folder.slice(1)
}
