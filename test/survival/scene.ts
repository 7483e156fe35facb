import { setTimeout as pause } from 'node:timers/promises'
import { vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts'
import { type Redis, startRedis } from '../events/redis.ts'
import { createHands, type Hands, statusesAt } from './hand.ts'
import { type Instance, startInstance } from './instance.ts'
import { drained } from './queue.ts'
import { faultsOf, type Truth } from './verdict.ts'
import { createWatchers, type Watcher } from './watcher.ts'

export interface SceneOptions {
  readonly clients: number
  readonly flags?: readonly string[] | undefined
  /** By how much the clock of the first instance is off, in milliseconds. */
  readonly clockShift?: number | undefined
}

/** An account, its queue, a Redis, two instances in processes of their own, and clients of both. */
export interface Scene extends AsyncDisposable {
  readonly sandbox: Sandbox
  readonly redis: Redis
  readonly instances: readonly Instance[]
  readonly watchers: readonly Watcher[]
  readonly hands: Hands
  /** Resolves once nothing is under way, and all that went before is forgotten by whoever counts. */
  begin(): Promise<void>
  /** Resolves with what IAM did since, once every client has every change or was told to query again. */
  settled(): Promise<Truth>
}

const patient = { timeout: 25_000, interval: 50 }

export async function startScene(options: SceneOptions): Promise<Scene> {
  const started: AsyncDisposable[] = []
  const close = async () => {
    for (const one of started.splice(0).reverse()) await one[Symbol.asyncDispose]()
  }
  try {
    const scene = await setUp(options, one => {
      started.push(one)
      return one
    })
    return { ...scene, begin: () => begin(scene), settled: () => settled(scene), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function setUp(
  { clients, flags = [], clockShift = 0 }: SceneOptions,
  use: <One extends AsyncDisposable>(one: One) => One,
): Promise<Cast> {
  const sandbox = use(await startSandbox({ users: 24, eventDelay: 20 }))
  // What an instance had received when it was killed comes again soon.
  sandbox.queue.set({ visibilityTimeout: 1_000 })
  const redis = use(await startRedis())
  const start = async (shift: number) =>
    use(await startInstance({ sandbox, redis, flags: ['--consistency-window=1', ...flags], clockShift: shift }))
  const instances = await Promise.all([start(clockShift), start(0)])
  const hands = use(await createHands(sandbox, instances))
  const { startWatcher } = use(await createWatchers())
  const urls = instances.map(({ socketUrl }) => socketUrl)
  sandbox.clearCalls()
  const watchers = Array.from({ length: clients }, (_, index) =>
    use(startWatcher(index % 2 === 0 ? urls : urls.toReversed())),
  )
  return { sandbox, redis, instances, watchers, hands }
}

type Cast = Omit<Scene, 'begin' | 'settled' | keyof AsyncDisposable>

async function begin(scene: Cast): Promise<void> {
  await pictured(scene)
  // Whoever resumes from behind this has no reason to query again.
  await settled(scene)
  scene.sandbox.clearCalls()
  for (const watcher of scene.watchers) watcher.forget()
}

async function settled(scene: Cast): Promise<Truth> {
  const { isRight, truth } = await waited(scene)
  if (!isRight) return truth
  // What comes behind everything else.
  await scene.hands.makeOne()
  return (await waited(scene)).truth
}

/** Until everybody is right, or for so long that nothing more can be expected: the verdict says what is wrong. */
async function waited({ sandbox, watchers }: Cast): Promise<{ readonly isRight: boolean; readonly truth: Truth }> {
  await drained(sandbox)
  const truth = await truthOf(sandbox)
  const over = performance.now() + patient.timeout
  for (;;) {
    const isRight = watchers.every(watcher => faultsOf(watcher, truth).length === 0)
    if (isRight || performance.now() > over) return { isRight, truth }
    await pause(patient.interval)
  }
}

/** The first picture is taken silently: who resumes from before it is told to query again. */
async function pictured({ redis, sandbox: { accountId } }: Cast): Promise<void> {
  const key = `iam-graphql-gateway:{${accountId}}:picture:SigningCertificate`
  await vi.waitUntil(async () => (await redis.command('HEXISTS', key, '')) === 1, patient)
}

/** What IAM did, in its order, and what it lists. */
async function truthOf(sandbox: Sandbox): Promise<Truth> {
  const statuses = await statusesAt(sandbox)
  const changes = sandbox.calls
    .filter(({ action, status }) => action === 'UpdateSigningCertificate' && status === 200)
    .map(({ parameters: { CertificateId = '', Status = '' } }) => ({
      certificateId: CertificateId,
      status: Status.toUpperCase(),
    }))
  return { changes, statuses }
}
