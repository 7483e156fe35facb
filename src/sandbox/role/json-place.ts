/** What is wrong with the text of the roles: where, what was expected there, and what there is. */
export class RoleFileError extends Error {
  override readonly name = 'RoleFileError'
  /** `Roles[0].PolicyDocument.Statement[1].Effect`; empty: the whole. */
  readonly path: string

  constructor(path: string, expected: string, got: string) {
    super(`${path === '' ? '' : `${path}: `}expected ${expected}, got ${got}`)
    this.path = path
  }
}

/** A place in a JSON text, and what stands there. */
export class JsonPlace {
  readonly path: string
  readonly value: unknown

  constructor(value: unknown, path = '') {
    this.value = value
    this.path = path
  }

  get isMissing(): boolean {
    return this.value === undefined
  }

  /** An object of these members and no others: what would be ignored is refused. */
  object<const Name extends string>(...names: readonly Name[]): Readonly<Record<Name, JsonPlace>> {
    const members = this.members()
    const stranger = members.find(({ name }) => !names.some(one => one === name))
    if (stranger !== undefined) throw this.refusal(`an object of ${listed(names)}`, `a member ${stranger.name}`)
    const places = names.map(name => [name, this.#at(name, members.find(member => member.name === name)?.place.value)])
    // Made of exactly these names.
    return Object.fromEntries(places) as Readonly<Record<Name, JsonPlace>>
  }

  /** An object of any members. */
  members(): readonly { readonly name: string; readonly place: JsonPlace }[] {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.refusal('an object')
    return Object.entries(value).map(([name, member]) => ({ name, place: this.#at(name, member) }))
  }

  list(): readonly JsonPlace[] {
    const { value } = this
    if (!Array.isArray(value)) throw this.refusal('a list')
    return value.map((item, index) => new JsonPlace(item, `${this.path}[${index}]`))
  }

  /** As policies have it: one, or a list that is not empty. */
  oneOrMore(): readonly JsonPlace[] {
    if (!Array.isArray(this.value)) return [this]
    if (this.value.length === 0) throw this.refusal('at least one')
    return this.list()
  }

  text(rule: RegExp = /./s, expected = 'a text that is not empty'): string {
    const { value } = this
    if (typeof value !== 'string' || !rule.test(value)) throw this.refusal(expected)
    return value
  }

  refusal(expected: string, got: string = shown(this.value)): RoleFileError {
    return new RoleFileError(this.path, expected, got)
  }

  #at(name: string, value: unknown): JsonPlace {
    return new JsonPlace(value, this.path === '' ? name : `${this.path}.${name}`)
  }
}

/** `a, b or c` */
export function listed(choices: readonly string[]): string {
  const last = choices.at(-1) ?? 'nothing'
  return choices.length < 2 ? last : `${choices.slice(0, -1).join(', ')} or ${last}`
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
