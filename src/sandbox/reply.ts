/** What becomes of a request: an answer, or none. */
export type Outcome = Reply | 'hang' | 'reset'

export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** Beside those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>
  /** Undefined: not from AWS, as what a proxy on the way says. */
  readonly requestId: string | undefined
  /** The error's, if it is one. */
  readonly code: string | undefined
  /** Milliseconds until it is sent. */
  readonly delay: number
}
