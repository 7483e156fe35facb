import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'

test('an error is logged as what helps to find the fault, its causes too', () => {
  const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET', request: 'all of it' })
  expect(logged(new TypeError('no answer', { cause }))).toEqual({
    type: 'TypeError',
    message: 'no answer',
    stack: expect.stringContaining('no answer'),
    cause: { type: 'Error', message: 'reset', code: 'ECONNRESET', stack: expect.any(String) },
  })
})

test('an error whose message, name or code is no text, as the SDK makes of elements in its place, is logged without', () => {
  const error = Object.assign(new Error('x'), { message: { member: 'x' }, name: ['x'], code: { member: 'x' } })
  expect(logged(error)).toMatchObject({ type: '', message: '', code: '' })
})

function logged(err: Error): unknown {
  const lines: string[] = []
  createLog('info', { write: line => lines.push(line) }).info({ err }, 'of the test')
  return JSON.parse(lines[0] ?? '').err
}
