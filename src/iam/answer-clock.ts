import type { IAMClient } from '@aws-sdk/client-iam'

/** An answer that carries IAM's own clock, the `Date` header, and who signed the question: the SDK shows neither. */
export interface Clocked {
  readonly $metadata: {
    readonly requestId?: string | undefined
    readonly answeredAt?: Date | undefined
    readonly accessKeyId?: string | undefined
  }
}

type Plugin = Parameters<IAMClient['middlewareStack']['use']>[0]

/** A change's time is IAM's, never this machine's. High priority in this step: around the SDK's own reading. */
export const answerClock: Plugin = {
  applyToStack: stack => {
    stack.add(
      next => async args => {
        const result = await next(args).catch((error: unknown) => {
          if (isClocked(error) && '$response' in error) {
            Object.assign(error.$metadata, { answeredAt: dateOf(error.$response), accessKeyId: signerOf(args.request) })
          }
          throw error
        })
        const output: unknown = result.output
        if (isClocked(output)) {
          Object.assign(output.$metadata, {
            answeredAt: dateOf(result.response),
            accessKeyId: signerOf(args.request),
          })
        }
        return result
      },
      { step: 'deserialize', name: 'answerClock', priority: 'high', override: true },
    )
  },
}

/** Of an answer, or of a refusal: that a user is gone is news, too. */
export function answeredAt(answer: unknown): Date | undefined {
  return isClocked(answer) ? answer.$metadata.answeredAt : undefined
}

/** The access key that signed the question, of an answer or a refusal. */
export function signedBy(answer: unknown): string | undefined {
  return isClocked(answer) ? answer.$metadata.accessKeyId : undefined
}

/** As signed, not as configured: credentials are renewed while calls are on their way. */
function signerOf(request: unknown): string | undefined {
  return /Credential=(\w+)\//.exec(headerOf(request, 'authorization') ?? '')?.[1]
}

function dateOf(response: unknown): Date | undefined {
  const date = new Date(headerOf(response, 'date') ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}

function headerOf(message: unknown, name: string): string | undefined {
  if (typeof message !== 'object' || message === null || !('headers' in message)) return undefined
  return (message.headers as Record<string, string | undefined>)[name]
}

function isClocked(output: unknown): output is Clocked {
  return typeof output === 'object' && output !== null && '$metadata' in output
}
