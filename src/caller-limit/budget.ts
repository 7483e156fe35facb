import { LRUCache } from 'lru-cache'
import type { Used, Window } from './window.ts'

/** What callers may spend in a minute, known well enough to be judged at once. */
export interface Budget {
  /** Undefined while something is left, of what other instances spent, too. */
  look(caller: string): Promise<Overspent | undefined>
  /** Spends one, unless there is none left; what is `owed` is spent in any case. */
  spend(caller: string, owed: boolean): Overspent | undefined
}

export interface Overspent {
  /** Milliseconds until all is forgotten. */
  readonly endsIn: number
}

export interface BudgetOptions {
  readonly limit: number
  readonly window: Window
  readonly maxCallers: number
  /** In milliseconds. */
  readonly now?: () => number
}

/**
 * The window answers later, over the network perhaps: until then what it said last counts, and what it was not told yet.
 * So instances together may overspend by what they spend while an answer is on its way, and no more.
 */
export function createBudget(options: BudgetOptions): Budget {
  const { limit, window, maxCallers, now = () => performance.now() } = options
  const accounts = new LRUCache<string, Account>({ max: maxCallers })

  function accountOf(caller: string): Account {
    const known = accounts.get(caller)
    if (known) return known
    const account: Account = { known: 0, endsAt: 0, untold: 0, beingTold: 0 }
    accounts.set(caller, account)
    return account
  }

  function judge({ known, endsAt, untold, beingTold }: Account): Overspent | undefined {
    const left = endsAt - now()
    const spent = (left > 0 ? known : 0) + beingTold + untold
    return spent < limit ? undefined : { endsIn: left > 0 ? left : minute }
  }

  function learn(account: Account, { points, endsIn }: Used): void {
    account.known = points
    account.endsAt = now() + endsIn
  }

  /** One message at a time: what is spent meanwhile is in the next. */
  async function tell(caller: string, account: Account): Promise<void> {
    while (account.untold > 0) {
      account.beingTold = account.untold
      account.untold = 0
      const used = await window.count(caller, account.beingTold)
      account.beingTold = 0
      learn(account, used)
    }
  }

  return {
    async look(caller) {
      const account = accountOf(caller)
      learn(account, await window.count(caller, 0))
      return judge(account)
    },
    spend(caller, owed) {
      const account = accountOf(caller)
      const overspent = owed ? undefined : judge(account)
      if (overspent) return overspent
      account.untold += 1
      if (account.untold + account.beingTold === 1) void tell(caller, account)
      return undefined
    },
  }
}

interface Account {
  /** As the window said last, and until when that is true. */
  known: number
  endsAt: number
  untold: number
  beingTold: number
}

const minute = 60_000
