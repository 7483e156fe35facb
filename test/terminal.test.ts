import { expect, test } from 'vitest'
import { createTerminal } from '../src/terminal.ts'

/** What a terminal of one line shows at the end, and the lines above it. */
function openScreen(columns = 40) {
  const written: string[] = []
  const terminal = createTerminal({
    columns,
    write: (text: string | Uint8Array) => {
      written.push(String(text))
      return true
    },
  })
  return {
    terminal,
    get lines() {
      return written
        .join('')
        .split('\n')
        .map(line => line.split('\r\u001b[K').at(-1))
    },
  }
}

test('what is written comes above the line that is shown', () => {
  const screen = openScreen()
  screen.terminal.show('1 of 3')
  screen.terminal.stream.write('a log line\n')
  screen.terminal.show('2 of 3')
  expect(screen.lines).toEqual(['a log line', '2 of 3'])
})

test('the line disappears when it is done', () => {
  const screen = openScreen()
  screen.terminal.stream.write('first\n')
  screen.terminal.show('1 of 3')
  screen.terminal.show(undefined)
  screen.terminal.stream.write('second\n')
  expect(screen.lines).toEqual(['first', 'second', ''])
})

test('nothing is written where nothing is shown and nothing was', () => {
  const screen = openScreen()
  screen.terminal.show(undefined)
  expect(screen.lines).toEqual([''])
})

test('the line is never as wide as the terminal: one that wraps could not be taken away', () => {
  const screen = openScreen(10)
  screen.terminal.show('0123456789')
  expect(screen.lines).toEqual(['012345678'])
})
