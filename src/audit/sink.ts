import type { Writable } from 'node:stream'

/** Where the lines go. It is given one after the other. */
export interface Sink {
  /** Resolves with the file's permissions; undefined: it is no file. */
  open(): Promise<number | undefined>
  /** Resolves once the system has the line; a lasting one once it would survive a power cut, where that is possible. */
  write(line: string, options: { readonly isLasting: boolean }): Promise<void>
  close(): Promise<void>
}

/** A stream that has failed stays so: whoever read it has gone. It is left open. */
export function createStreamSink(stream: Writable): Sink {
  stream.on('error', alreadyTold)
  return {
    open: async () => undefined,
    write: line =>
      new Promise((resolve, reject) => {
        stream.write(line, error => (error ? reject(error) : resolve()))
      }),
    async close() {
      stream.removeListener('error', alreadyTold)
    },
  }
}

/** Of each line by its own callback. A stream to whose errors nobody listens ends the process. */
function alreadyTold(): void {}
