import fastify from 'fastify'
import mercurius from 'mercurius'
import { ready } from '../probe.mjs'
import { resolvers, typeDefs } from './resolver.mjs'

const app = fastify()
await app.register(mercurius, { schema: typeDefs, resolvers })
ready({ url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql` })
