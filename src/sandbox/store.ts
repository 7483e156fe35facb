import { History } from './history.ts'

export interface User {
  readonly userName: string
  readonly userId: string
  readonly path: string
  readonly createDate: Date
  readonly passwordLastUsed: Date | undefined
}

/** Something that belongs to a user. Ids are unique in the account. A row that changes is replaced by another. */
export interface Row {
  readonly id: string
  readonly user: User
}

/** A kind of row. Whoever deals with it declares it, so that this file needs no edit for another one. */
export interface Kind<R extends Row = Row> {
  /** IAM's words when a user is to be deleted that still has such rows. */
  readonly deleteConflict: string
  /** Where a row stands in a list: by this string, which must be unique. */
  order(row: R): string
}

export class Account {
  readonly accountId: string
  readonly created: Date
  readonly #users = new Map<string, User>()
  readonly #tables: ReadonlyMap<Kind, Table<Row>>
  #ordered: readonly User[] | undefined

  /** A change of rows shows in Lists so many milliseconds later, everywhere else at once. */
  constructor(accountId: string, created: Date, kinds: readonly Kind[], consistencyDelay: number) {
    this.accountId = accountId
    this.created = created
    this.#tables = new Map(kinds.map(kind => [kind, new Table(kind, consistencyDelay)]))
  }

  get userCount(): number {
    return this.#users.size
  }

  /** By name without regard to case (IAM.md, grade B). */
  user(userName: string): User | undefined {
    return this.#users.get(userName.toLowerCase())
  }

  /** Ordered by lower-cased name. IAM's own order is not established; this one is stable. */
  users(): readonly User[] {
    this.#ordered ??= [...this.#users.values()].sort(by(userOrder))
    return this.#ordered
  }

  addUser(user: User): void {
    this.#users.set(userOrder(user), user)
    this.#ordered = undefined
  }

  deleteUser(user: User): void {
    this.#users.delete(userOrder(user))
    this.#ordered = undefined
  }

  table<R extends Row>(kind: Kind<R>): Table<R> {
    const table = this.#tables.get(kind)
    if (table === undefined)
      throw new Error(`No action group of the manifest declares this kind: ${kind.deleteConflict}`)
    // The table was made from this very kind, so it holds its rows: a map cannot say that of its values.
    return table as unknown as Table<R>
  }

  /** The kinds of which the user has rows, in the manifest's order. */
  kindsOf(user: User): Kind[] {
    return [...this.#tables].filter(([, table]) => table.of(user).length > 0).map(([kind]) => kind)
  }

  /** What there is by now shows in Lists, however young. */
  settle(): void {
    for (const table of this.#tables.values()) table.settle()
  }
}

export function userOrder(user: User): string {
  return user.userName.toLowerCase()
}

export class Table<R extends Row> {
  readonly #kind: Kind<R>
  readonly #byId = new Map<string, R>()
  readonly #byUser = new Map<User, R[]>()
  readonly #history: History<R>
  #ordered: readonly R[] | undefined

  constructor(kind: Kind<R>, consistencyDelay: number) {
    this.#kind = kind
    this.#history = new History(consistencyDelay)
  }

  get(id: string): R | undefined {
    return this.#byId.get(id)
  }

  of(user: User): readonly R[] {
    return this.#byUser.get(user) ?? []
  }

  all(): readonly R[] {
    this.#ordered ??= [...this.#byId.values()].sort(by(this.#kind.order))
    return this.#ordered
  }

  /** What a List shows of a user, or of all: with a delay, the past. */
  listed(user?: User): readonly R[] {
    const rows = user === undefined ? this.all() : this.of(user)
    const then = this.#history.rewind(rows, row => user === undefined || row.user === user)
    return then === rows ? rows : then.toSorted(by(this.#kind.order))
  }

  add(row: R): void {
    this.#history.note(row.id, undefined)
    this.#put(row)
  }

  /** In place of the user's row of the same id. */
  replace(row: R): void {
    this.#history.note(row.id, this.get(row.id))
    this.#put(row)
  }

  #put(row: R): void {
    this.#byId.set(row.id, row)
    const others = this.of(row.user).filter(({ id }) => id !== row.id)
    this.#byUser.set(row.user, [...others, row].sort(by(this.#kind.order)))
    this.#ordered = undefined
  }

  delete(row: R): void {
    this.#history.note(row.id, row)
    this.#byId.delete(row.id)
    const rest = this.of(row.user).filter(other => other !== row)
    if (rest.length > 0) this.#byUser.set(row.user, rest)
    else this.#byUser.delete(row.user)
    this.#ordered = undefined
  }

  settle(): void {
    this.#history.forget()
  }
}

/** Compares code units: a locale's order would differ from the comparison that a Marker's place is found by. */
function by<T>(order: (row: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [order(a), order(b)]
    return left < right ? -1 : left > right ? 1 : 0
  }
}
