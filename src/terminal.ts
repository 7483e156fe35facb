import { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'

/** A terminal whose last line says what goes on; what is written meanwhile comes above it. */
export interface Terminal {
  readonly stream: Writable
  /** Undefined takes the line away. */
  show(line: string | undefined): void
}

const clearLine = '\r\u001b[K'

export function createTerminal(output: Pick<WriteStream, 'write' | 'columns'>): Terminal {
  let shown = ''
  return {
    stream: new Writable({
      write(chunk: Buffer, _encoding, done) {
        output.write(shown === '' ? String(chunk) : `${clearLine}${chunk}${shown}`)
        done()
      },
    }),
    show(line) {
      if (shown === '' && line === undefined) return
      // A line that wraps could not be taken away again.
      shown = line?.slice(0, Math.max(0, (output.columns || 80) - 1)) ?? ''
      output.write(`${clearLine}${shown}`)
    },
  }
}
