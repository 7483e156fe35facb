/** A kind of value: how its text is read, and what to say when it cannot be. */
export interface Kind<T> {
  /** How `--help` shows the value: `<seconds>` where it is needed, `[true|false]` where the bare flag means true. */
  readonly placeholder: string
  /** Given several times, a list takes every text and any other kind the last one. */
  readonly read: (texts: readonly string[]) => T
}

/** A value that cannot be used. Its message goes on where the flag or variable was named: `expected …, got …`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'

  constructor(expected: string, got: string | undefined, reason?: string) {
    const said = got === undefined ? expected : `${expected}, got ${JSON.stringify(got)}`
    super(reason === undefined ? `expected ${said}` : `expected ${said}: ${reason}`)
  }
}

export interface Range {
  readonly from: number
  readonly to?: number
}

export function wholeNumber(placeholder: string, range: Range): Kind<number> {
  return single(placeholder, text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || !within(value, range)) {
      throw new Refusal(`a whole number ${words(range)}`, text)
    }
    return value
  })
}

export function decimalNumber(placeholder: string, range: Range): Kind<number> {
  return single(placeholder, text => {
    const value = Number(text)
    if (!/^\d+(\.\d+)?$/.test(text) || !Number.isFinite(value) || !within(value, range)) {
      throw new Refusal(`a number ${words(range)}`, text)
    }
    return value
  })
}

export function choice<Choice extends string>(placeholder: string, choices: readonly Choice[]): Kind<Choice> {
  return single(placeholder, text => {
    const chosen = choices.find(one => one === text)
    if (chosen === undefined) throw new Refusal(`one of ${choices.join(', ')}`, text)
    return chosen
  })
}

/** Several of them: repeatable, and each time a list between commas. */
export function choices<Choice extends string>(placeholder: string, from: readonly Choice[]): Kind<readonly Choice[]> {
  const one = choice(placeholder, from)
  return list(placeholder, got => one.read([got]))
}

export function trueOrFalse(): Kind<boolean> {
  return single('[true|false]', text => {
    if (text !== 'true' && text !== 'false') throw new Refusal('true or false', text)
    return text === 'true'
  })
}

/** A text that is never repeated in a message, since it may be a secret given to the wrong flag. */
export function unspokenText(placeholder: string, expected: string, pattern: RegExp): Kind<string | undefined> {
  return single(placeholder, text => {
    if (!pattern.test(text)) throw new Refusal(expected, undefined)
    return text
  })
}

export function text(placeholder: string, expected: string, pattern: RegExp): Kind<string> {
  return single(placeholder, got => {
    if (!pattern.test(got)) throw new Refusal(expected, got)
    return got
  })
}

/** As `text`; for a flag that has no default. */
export function optionalText(placeholder: string, expected: string, pattern: RegExp): Kind<string | undefined> {
  return text(placeholder, expected, pattern)
}

export function texts(placeholder: string, expected: string, pattern: RegExp): Kind<readonly string[]> {
  const one = text(placeholder, expected, pattern)
  return list(placeholder, got => one.read([got]))
}

export function single<T>(placeholder: string, read: (text: string) => T): Kind<T> {
  return { placeholder, read: texts => read(texts.at(-1) ?? '') }
}

/** Repeatable, and each time a list between commas. */
export function list<T>(placeholder: string, read: (text: string) => T): Kind<readonly T[]> {
  return {
    placeholder,
    read: texts =>
      texts
        .flatMap(text => text.split(','))
        .map(item => item.trim())
        .filter(item => item !== '')
        .map(read),
  }
}

function within(value: number, { from, to = Number.POSITIVE_INFINITY }: Range): boolean {
  return value >= from && value <= to
}

function words({ from, to }: Range): string {
  return to === undefined ? `of ${from} or more` : `from ${from} to ${to}`
}
