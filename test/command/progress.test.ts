import { describe, expect, test } from 'vitest'
import { post } from '../gateway.ts'
import { part } from '../part.ts'
import { run, runMain } from './process.ts'

/** Gives a program a terminal: util-linux's, whose arguments are not those of BSD's. */
const script = part('script')

const slow = [
  '--port=0',
  '--sandbox-port=0',
  '--sandbox-rate=2',
  '--sandbox-burst=1',
  '--sandbox-users=60',
  '--grace=0',
]
const query = '{ users(first: 50) { nodes { signingCertificates { nodes { id } } } } }'

describe('a sweep that takes long', () => {
  test.skipIf(!script)('shows on a terminal one line of progress', async () => {
    // Prepares what is built.
    await using built = await runMain(['--version'])
    await built.ended
    const command = [process.execPath, 'dist/main.js', 'start', ...slow].join(' ')
    await using gateway = await run(String(script), ['-qefc', command, '/dev/null'])
    const [, url = ''] = await gateway.said(/Open (\S+)/)
    const answer = post(url, { query }).catch(() => undefined)
    await gateway.said(/IAM: \d+ of at most 51 calls, [\d.]+ a second/)
    gateway.killAll('SIGKILL')
    await answer
  })

  test('is a line of the log where there is no terminal', async () => {
    await using gateway = await runMain(['start', ...slow])
    const [, url = ''] = await gateway.said(/Open (\S+)/)
    const answer = post(url, { query }).catch(() => undefined)
    await gateway.said(/"iamCalls":\d+,"expected":51,"perSecond":[\d.]+,"msg":"still asking IAM"/, 'stderr')
    expect(gateway.heard().stderr).not.toContain('IAM: ')
    gateway.killAll('SIGKILL')
    await answer
  })
})
