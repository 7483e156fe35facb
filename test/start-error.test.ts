import { expect, test } from 'vitest'
import { portTaken } from '../src/start-error.ts'

test.each([
  ['EADDRINUSE', 'port 4000 is in use: choose another with --port, or 0 for any free one.'],
  ['EACCES', 'port 4000 is not for this user: choose another with --port.'],
  ['EADDRNOTAVAIL', 'the address of --host is not one of this machine.'],
  ['ENOTFOUND', 'the address of --host is not one of this machine.'],
  ['EAI_AGAIN', 'the address of --host is not one of this machine.'],
])('%s is told in a sentence', (code, sentence) => {
  expect(() => portTaken(4000, '--port')(Object.assign(new Error('listen'), { code }))).toThrow(sentence)
})

test('what else goes wrong is told as it is', () => {
  const error = new Error('another')
  expect(() => portTaken(4000, '--port')(error)).toThrow(error)
})
