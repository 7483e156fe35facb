/** Yoga with the gateway's schema, and every value ready as it is to be written: what GraphQL itself costs. */
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { ready } from '../probe.mjs'
import { data, typeDefs } from './ready-data.mjs'

const schema = createSchema({ typeDefs, resolvers: { Query: { users: () => data.users } } })
const yoga = createYoga({ schema, logging: false })
const server = createServer(yoga)
server.listen(0, '127.0.0.1', () => ready({ url: `http://127.0.0.1:${server.address().port}/graphql` }))
