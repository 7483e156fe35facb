import { uniqueId } from '../identifier.ts'
import type { Random } from '../random.ts'
import type { User } from '../store.ts'
import { daysBetween, daysFrom, type Seeding } from './seeding.ts'

export interface SeededCredential {
  readonly id: string
  readonly user: User
  readonly serviceName: string
  readonly publicName: string
  readonly createDate: Date
  readonly expirationDate: Date | undefined
  readonly status: 'Active' | 'Inactive'
}

interface Plan {
  readonly serviceName: string
  readonly age: number
  readonly lifetime: number | undefined
  readonly status: 'Active' | 'Inactive'
}

const CODECOMMIT = 'codecommit.amazonaws.com'
const KEYSPACES = 'cassandra.amazonaws.com'
const BEDROCK = 'bedrock.amazonaws.com'

/** Of the three best known services; only Bedrock's have an end, and some are past it. */
export function seedServiceSpecificCredentials(user: User, seeding: Seeding): SeededCredential[] {
  const random = seeding.random('service-specific credentials')
  return plansFor(user, seeding, random).map((plan, index, plans) => {
    const second = plans.findIndex(({ serviceName }) => serviceName === plan.serviceName) < index
    const createDate = daysFrom(seeding.now, -plan.age + random.choose(1440) / 1440)
    return {
      id: uniqueId('ACCA', 17, random.choose),
      user,
      serviceName: plan.serviceName,
      publicName: `${user.userName}${second ? '+1' : ''}-at-${seeding.accountId}`,
      createDate,
      expirationDate: plan.lifetime === undefined ? undefined : daysFrom(createDate, plan.lifetime),
      status: plan.status,
    }
  })
}

function plansFor(user: User, seeding: Seeding, random: Random): Plan[] {
  if (seeding.who === 'alice') {
    return [
      { serviceName: CODECOMMIT, age: 120, lifetime: undefined, status: 'Active' },
      { serviceName: BEDROCK, age: 23, lifetime: 90, status: 'Active' },
    ]
  }
  const oldest = daysBetween(user.createDate, seeding.now)
  const chances: readonly (readonly [service: string, percent: number])[] = [
    [CODECOMMIT, 25],
    [CODECOMMIT, 4],
    [KEYSPACES, 12],
    [BEDROCK, 18],
    [BEDROCK, 4],
  ]
  return chances
    .filter(([, percent]) => random.percent(percent))
    .map(([serviceName]) => ({
      serviceName,
      age: random.between(1, serviceName === BEDROCK ? Math.min(oldest, 400) : oldest),
      lifetime: serviceName === BEDROCK ? random.pick(30, 90, 180, 365) : undefined,
      status: random.percent(75) ? 'Active' : 'Inactive',
    }))
}
