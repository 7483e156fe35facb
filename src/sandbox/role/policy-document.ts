import { type JsonPlace, listed } from './json-place.ts'
import { type Condition, literal, type Statement, wildcard } from './policy.ts'

/** What a role may do: its sessions' tags are the only condition keys known here. */
export function readPermissions(document: JsonPlace): readonly Statement[] {
  return statementsOf(document).map(place => {
    const { Effect, Action, Resource, Condition } = place.object('Sid', 'Effect', 'Action', 'Resource', 'Condition')
    return {
      effect: readEffect(Effect),
      actions: readActions(Action),
      resources: Resource.oneOrMore().map(resource => wildcard(plainText(resource))),
      conditions: readConditions(Condition, isTagKey, 'aws:PrincipalTag/ and the name of a tag'),
    }
  })
}

/** Who may have a role: the keys of its conditions are the subject and the audience of a provider's tokens. */
export function readTrust(
  document: JsonPlace,
  providers: ReadonlyMap<string, { readonly prefix: string }>,
): readonly Statement[] {
  const keys = [...providers.values()].flatMap(({ prefix }) => [`${prefix}:sub`, `${prefix}:aud`])
  return statementsOf(document).map(place => {
    const { Effect, Principal, Action, Condition } = place.object('Sid', 'Effect', 'Principal', 'Action', 'Condition')
    const { Federated } = Principal.object('Federated')
    const trusted = Federated.oneOrMore().map(federated => {
      const arn = federated.text()
      if (!providers.has(arn)) throw federated.refusal(listed([...providers.keys()]))
      return literal(arn)
    })
    return {
      effect: readEffect(Effect),
      actions: readActions(Action),
      resources: [wildcard('*')],
      conditions: [
        { key: FEDERATED_PROVIDER, values: trusted },
        ...readConditions(Condition, key => keys.some(one => one.toLowerCase() === key), listed(keys)),
      ],
    }
  })
}

/** AWS's condition key for the ARN of the provider that vouched for the caller. */
export const FEDERATED_PROVIDER = 'aws:federatedprovider'

function statementsOf(document: JsonPlace): readonly JsonPlace[] {
  const { Version, Statement } = document.object('Version', 'Id', 'Statement')
  if (Version.value !== '2012-10-17') throw Version.refusal('"2012-10-17"')
  return Statement.oneOrMore()
}

function readEffect(place: JsonPlace): 'Allow' | 'Deny' {
  const { value } = place
  if (value === 'Allow' || value === 'Deny') return value
  throw place.refusal('"Allow" or "Deny"')
}

function readActions(place: JsonPlace): RegExp[] {
  return place.oneOrMore().map(action => {
    const name = action.text(/^(\*|[\w-]+:[\w*?]+)$/, 'an action such as "iam:ListUsers", "iam:List*" or "*"')
    return wildcard(name, { ignoreCase: true })
  })
}

function readConditions(place: JsonPlace, isKnown: (key: string) => boolean, known: string): Condition[] {
  if (place.isMissing) return []
  const operators = place.object('StringEquals', 'StringLike')
  const ofOperator = (operator: JsonPlace, toPattern: (text: string) => RegExp) =>
    (operator.isMissing ? [] : operator.members()).map(({ name, place: values }) => {
      const key = name.toLowerCase()
      if (!isKnown(key)) throw operator.refusal(`the condition key ${known}`, name)
      return { key, values: values.oneOrMore().map(value => toPattern(plainText(value))) }
    })
  return [...ofOperator(operators.StringEquals, literal), ...ofOperator(operators.StringLike, text => wildcard(text))]
}

function isTagKey(key: string): boolean {
  return /^aws:principaltag\/./.test(key)
}

function plainText(place: JsonPlace): string {
  return place.text(/^(?!.*\$\{).+$/s, 'a text without policy variables')
}
