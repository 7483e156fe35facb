import { describe, expect, test } from 'vitest'
import { withoutValues } from '../../src/server/message.ts'

const body = 'MIIBoDCCAUagAwIBAgIQQC1egoR4kfjpA5AzfZRkazAKBggqhkjOPQQDAjBRMQswCQYDVQQGEwJVUzEVMBMGA1UE'

describe('withoutValues', () => {
  test.each([
    'Cannot query field "password" on type "User". Did you mean "path"?',
    'Int cannot represent non-integer value: "many"',
    'Syntax Error: Expected Name, found "}".',
    'Value "ON" does not exist in "SigningCertificateStatus" enum.',
    'Fields "a" conflict because "userName" and "path" are different fields. Use different aliases on the fields to fetch both if this was intentional.',
  ])('leaves as it is: %s', message => {
    expect(withoutValues(message)).toBe(message)
  })

  test.each([
    [`Int cannot represent non-integer value: "${body}"`, 'Int cannot represent non-integer value: …'],
    [
      `String cannot represent a non string value: { a: "b \\"${body}" }`,
      'String cannot represent a non string value: …',
    ],
    [`Syntax Error: Unexpected String "a"${body}".`, 'Syntax Error: Unexpected …'],
    [`Expected value of type "Input!", found """\n${body}\n""".`, 'Expected value of type "Input!", found …'],
    [`Argument "first" has invalid value ["${body}"].`, 'Argument "first" has invalid value …'],
    [`Value "${body}" does not exist in "Status" enum.`, 'Value "…" does not exist in "Status" enum.'],
    [`Field "${body}" is not defined by type "Input".`, 'Field "…" is not defined by type "Input".'],
  ])('cuts what is longer than a name: %s', (message, cut) => {
    expect(withoutValues(message)).toBe(cut)
  })
})
