/** Yoga and graphql-ws as their own recipe joins them, and nothing else: what a subscription costs at least. */
import { createServer } from 'node:http'
import { useServer } from 'graphql-ws/use/ws'
import { createPubSub, createSchema, createYoga } from 'graphql-yoga'
import { WebSocketServer } from 'ws'
import { ready } from '../probe.mjs'
import { typeDefs } from './ready-data.mjs'

const pubSub = createPubSub()
let told = 0

const schema = createSchema({
  typeDefs,
  resolvers: {
    Mutation: {
      setSigningCertificateStatus(_root, { input }) {
        const change = {
          id: `bare.${++told}`,
          userName: input.userName,
          changedAt: new Date(),
          changedBy: 'arn:aws:iam::123456789012:user/gateway',
          source: 'GATEWAY',
          superseded: false,
          previousStatus: input.status === 'ACTIVE' ? 'INACTIVE' : 'ACTIVE',
          status: input.status,
          certificateId: input.certificateId,
        }
        pubSub.publish('changed', change)
        return { __typename: 'SetSigningCertificateStatusPayload' }
      },
    },
    Subscription: {
      signingCertificateStatusChanged: { subscribe: () => pubSub.subscribe('changed'), resolve: change => change },
    },
  },
})
const yoga = createYoga({ schema, logging: false })
const server = createServer(yoga)
const sockets = new WebSocketServer({ server, path: '/graphql' })
useServer(
  {
    execute: args => args.rootValue.execute(args),
    subscribe: args => args.rootValue.subscribe(args),
    async onSubscribe(context, _id, params) {
      const enveloped = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      })
      const { execute, subscribe } = enveloped
      const args = {
        schema: enveloped.schema,
        operationName: params.operationName,
        document: enveloped.parse(params.query),
        variableValues: params.variables,
        contextValue: await enveloped.contextFactory(),
        rootValue: { execute, subscribe },
      }
      const errors = enveloped.validate(args.schema, args.document)
      return errors.length > 0 ? errors : args
    },
  },
  sockets,
)
server.listen(0, '127.0.0.1', () => ready({ url: `http://127.0.0.1:${server.address().port}/graphql` }))
