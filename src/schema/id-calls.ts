import { type GraphQLSchema, isObjectType } from 'graphql'
import { unlessRefused } from '../gateway-error.ts'
import { decodeGlobalId } from './global-id.ts'
import { nothing, type Spending } from './iam-calls.ts'

/** What things cost that are asked for by their ids, as each type says of itself; nothing where an id is none. */
export function findCalls(ids: readonly unknown[], schema: GraphQLSchema): Spending {
  const found = ids.map(id => findOne(String(id), schema))
  return { calls: found.flatMap(({ calls }) => calls), gives: found.flatMap(({ gives }) => gives) }
}

function findOne(globalId: string, schema: GraphQLSchema): Spending {
  const { typename, id } = decodeGlobalId(globalId)
  const type = schema.getType(typename)
  const { calls, gives } = (isObjectType(type) && unlessRefused(() => type.extensions.iamCallsOfId?.(id))) || nothing
  return { calls, gives: gives.map(({ things }) => ({ things, typename })) }
}
