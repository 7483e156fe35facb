/** The members of a JSON object that somebody else wrote: any may be missing, of another type, or of any length. */
export interface Members {
  /** As it is; undefined where it is missing. What every object inherits is no member of it. */
  value(name: string): unknown
  /** Undefined where it is missing or null. Throws Unreadable where it is not a text of this form. */
  text(name: string, form: RegExp): string | undefined
  /** Of what a change can be told without: undefined where it is not a text of this form. */
  detail(name: string, form: RegExp): string | undefined
  /** Of an object in it; where that is missing or null, of one without any. Throws Unreadable where it is something else. */
  members(name: string): Members
  /** What keeps it from being read, for a person: it never repeats what was found. */
  unreadable(name: string, expected: string): Unreadable
}

export class Unreadable extends Error {}

/** Of anything that is no object: none. `path` is how people find it. */
export function membersOf(object: unknown, path = ''): Members {
  const value = (name: string): unknown =>
    typeof object === 'object' && object !== null && Object.hasOwn(object, name)
      ? (object as Readonly<Record<string, unknown>>)[name]
      : undefined
  const unreadable = (name: string, expected: string) => new Unreadable(`expected ${path}${name} to be ${expected}`)
  return {
    value,
    unreadable,
    text(name, form) {
      const found = value(name) ?? undefined
      if (found === undefined || (typeof found === 'string' && form.test(found))) return found
      throw unreadable(name, `a text like ${form}`)
    },
    detail(name, form) {
      const found = value(name)
      return typeof found === 'string' && form.test(found) ? found : undefined
    },
    members(name) {
      const found = value(name) ?? {}
      if (typeof found === 'object' && !Array.isArray(found)) return membersOf(found, `${path}${name}.`)
      throw unreadable(name, 'an object')
    },
  }
}
