import type { IAMClient } from '@aws-sdk/client-iam'

/** An answer that carries IAM's own clock: the `Date` header, which the SDK does not show. */
export interface Clocked {
  readonly $metadata: { readonly requestId?: string | undefined; readonly answeredAt?: Date | undefined }
}

type Plugin = Parameters<IAMClient['middlewareStack']['use']>[0]

/** A change's time is IAM's, never this machine's. High priority in this step: around the SDK's own reading. */
export const answerClock: Plugin = {
  applyToStack: stack => {
    stack.add(
      next => async args => {
        const result = await next(args)
        const date = new Date(headerOf(result.response, 'date') ?? '')
        const output: unknown = result.output
        if (!Number.isNaN(date.getTime()) && isClocked(output)) Object.assign(output.$metadata, { answeredAt: date })
        return result
      },
      { step: 'deserialize', name: 'answerClock', priority: 'high', override: true },
    )
  },
}

function headerOf(response: unknown, name: string): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined
  return (response.headers as Record<string, string | undefined>)[name]
}

function isClocked(output: unknown): output is Clocked {
  return typeof output === 'object' && output !== null && '$metadata' in output
}
