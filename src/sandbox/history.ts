interface Change<R> {
  readonly at: number
  readonly id: string
  /** Undefined: there was none of this id. */
  readonly before: R | undefined
}

/**
 * The changes of a table that Lists do not show yet. IAM's eventual consistency is documented, its measure is not (IAM.md,
 * grade D): that every change takes equally long to show, and that Lists alone lag, is a choice.
 */
export class History<R extends { readonly id: string }> {
  readonly #delay: number
  #changes: Change<R>[] = []

  /** In milliseconds. */
  constructor(delay: number) {
    this.#delay = delay
  }

  note(id: string, before: R | undefined): void {
    if (this.#delay > 0) this.#changes.push({ at: performance.now(), id, before })
  }

  /** These rows as they were before the changes younger than the delay; the same array where there are none. */
  rewind(rows: readonly R[], belongs: (row: R) => boolean): readonly R[] {
    const past = performance.now() - this.#delay
    this.#changes = this.#changes.filter(({ at }) => at > past)
    if (this.#changes.length === 0) return rows
    const found = new Map(rows.map(row => [row.id, row]))
    for (const { id, before } of this.#changes.toReversed()) {
      found.delete(id)
      if (before !== undefined && belongs(before)) found.set(id, before)
    }
    return [...found.values()]
  }

  forget(): void {
    this.#changes = []
  }
}
