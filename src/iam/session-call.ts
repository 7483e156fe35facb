import { signedBy } from './answer-clock.ts'
import { isSignerRefused } from './failure.ts'
import type { Session } from './session.ts'

/**
 * Makes a call, and in a caller's session that AWS takes no longer, since its role was made anew, once more in a new one:
 * nothing was done by then. Where there is none to be had, that refusal is the answer.
 */
export async function callIn<Output>(
  session: Session | undefined,
  signal: AbortSignal | undefined,
  call: () => Promise<Output>,
): Promise<Output> {
  try {
    return await call()
  } catch (error) {
    const signer = isSignerRefused(error) ? signedBy(error) : undefined
    if (!session || signer === undefined || !session.drop(signer)) throw error
    await session.ready(signal).catch(() => {
      throw error
    })
    return call()
  }
}
