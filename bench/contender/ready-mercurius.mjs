/** As ready-yoga.mjs, by mercurius: `node ready-mercurius.mjs [jit]`. */
import fastify from 'fastify'
import mercurius from 'mercurius'
import { ready } from '../probe.mjs'
import { data, typeDefs } from './ready-data.mjs'

const jit = process.argv[2] === 'jit' ? { jit: 1 } : {}
const app = fastify()
await app.register(mercurius, { schema: typeDefs, resolvers: { Query: { users: () => data.users } }, ...jit })
ready({ url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql` })
