import type { Treatment } from '../fault-proxy.ts'
import {
  closeInside,
  cutXml,
  dripForever,
  fail,
  never,
  page,
  pourForever,
  refuseWithoutAWord,
  resetAtOnce,
  resetInside,
  resetInstead,
  stopInside,
} from './treatment.ts'

/** A fault that does not pass, and what a client is then told. The README's table has the same rows. */
export interface Fault {
  readonly name: string
  readonly treatment: Treatment
  readonly read: Failure
  /** Of a change that enables: an upload, too. */
  readonly enabling: Failure
  readonly disabling: Failure
  /** Whether IAM does what it is asked, though its answer never arrives. */
  readonly isMade: boolean
  /** Whether only the clock ends it. */
  readonly isEndless?: true
}

export interface Failure {
  readonly code: 'ServiceFailure' | 'IAM_UNREACHABLE' | 'OUTCOME_UNKNOWN'
  /** How often IAM is called before the client is told. */
  readonly calls: number
}

const lost = {
  read: { code: 'IAM_UNREACHABLE', calls: 3 },
  enabling: { code: 'OUTCOME_UNKNOWN', calls: 1 },
  disabling: { code: 'OUTCOME_UNKNOWN', calls: 4 },
} as const

export const faults: readonly Fault[] = [
  {
    name: 'IAM answers 500, with an error of its own',
    treatment: fail,
    read: { code: 'ServiceFailure', calls: 3 },
    enabling: { code: 'ServiceFailure', calls: 1 },
    disabling: { code: 'ServiceFailure', calls: 4 },
    isMade: false,
  },
  { name: 'a 503 without a word', treatment: refuseWithoutAWord, ...lost, isMade: false },
  { name: 'a reset before IAM has the call', treatment: resetAtOnce, ...lost, isMade: false },
  { name: 'a reset instead of the answer', treatment: resetInstead, ...lost, isMade: true },
  { name: 'a reset in the middle of the answer', treatment: resetInside, ...lost, isMade: true },
  { name: 'a connection closed in the middle of the answer', treatment: closeInside, ...lost, isMade: true },
  { name: 'XML that breaks off', treatment: cutXml, ...lost, isMade: true },
  { name: 'a page of HTML, 200', treatment: page(200), ...lost, isMade: false },
  { name: 'a page of HTML, 502', treatment: page(502), ...lost, isMade: false },
  { name: 'no answer', treatment: never, ...lost, isMade: false, isEndless: true },
  { name: 'an answer that stops in its middle', treatment: stopInside, ...lost, isMade: true, isEndless: true },
  { name: 'an answer that trickles and never ends', treatment: dripForever, ...lost, isMade: true, isEndless: true },
  { name: 'an answer that pours and never ends', treatment: pourForever, ...lost, isMade: true },
]

/** What is no fault, though it may look like one: every answer is right. */
export const hardships = {
  late: 'an answer after 10 s',
  long: 'a certificate body of 16 KB',
  empty: '50 empty pages that go on',
} as const

export const tableHeader = ['What IAM does', 'A read', 'Enabling, or an upload', 'Disabling']

export function tableRows(): string[][] {
  const cell = ({ code, calls }: Failure) => `\`${code}\`, ${calls} ${calls === 1 ? 'call' : 'calls'}`
  return [
    ...faults.map(({ name, read, enabling, disabling }) => [name, cell(read), cell(enabling), cell(disabling)]),
    ...Object.values(hardships).map(name => [name, 'right', 'right', 'right']),
  ]
}
