import { KeysUnavailable, TokenExpired } from '../auth/token-error.ts'
import type { Principal } from '../principal.ts'
import { type CallerOptions, endOf } from './caller.ts'
import { at } from './deadline.ts'

/** Why what goes on for a caller must end. */
export type TokenEnd = 'has expired' | 'is no longer accepted'

/**
 * Calls back, once, when what goes on for a caller must end: his token has outlived its grace, or proves nobody any
 * more. Gives back how to forget it.
 */
export function whenTokenEnds(
  principal: Principal,
  callers: CallerOptions,
  onEnd: (why: TokenEnd) => void,
): () => void {
  const end = endOf(principal, callers)
  if (end === undefined) return () => {}
  let isOver = false
  function forget(): void {
    isOver = true
    forgetEnd()
    clearInterval(checks)
  }
  function over(why: TokenEnd): void {
    if (isOver) return
    forget()
    onEnd(why)
  }
  const forgetEnd = at(end, () => over('has expired'))
  const checks = setInterval(
    () => void checkAgain(principal, callers).catch(() => over('is no longer accepted')),
    callers.recheckInterval ?? 30_000,
  )
  return forget
}

/**
 * A key may be withdrawn while what it proved goes on: rejects with what its token is refused by. A token that has
 * expired has its grace time; and of one that nobody can check now, the log tells.
 */
export async function checkAgain({ token }: Principal, { authentication }: CallerOptions): Promise<void> {
  if (!token) return
  try {
    await authentication?.authenticate(token.text)
  } catch (error) {
    if (!(error instanceof TokenExpired || error instanceof KeysUnavailable)) throw error
  }
}
