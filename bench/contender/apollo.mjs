import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { ready } from '../probe.mjs'
import { resolvers, typeDefs } from './resolver.mjs'

const server = new ApolloServer({ typeDefs, resolvers })
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } })
ready({ url })
