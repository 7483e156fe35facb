import { DirectiveLocation, GraphQLBoolean, GraphQLDirective, GraphQLInt, GraphQLNonNull, GraphQLString } from 'graphql'

/** As the executor of Yoga understands them, which is the draft of incremental delivery of August 2022. */
const shared = {
  if: { type: new GraphQLNonNull(GraphQLBoolean), defaultValue: true, description: 'False: as if it were not there.' },
  label: { type: GraphQLString, description: 'Comes back with each of its parts; unique in the document.' },
}

export const deferDirective = new GraphQLDirective({
  name: 'defer',
  description:
    'What this fragment selects comes in a part of its own, as soon as it is read; the rest does not wait for it. In ' +
    'queries, for clients that take an answer in parts.',
  locations: [DirectiveLocation.FRAGMENT_SPREAD, DirectiveLocation.INLINE_FRAGMENT],
  args: shared,
})

export const streamDirective = new GraphQLDirective({
  name: 'stream',
  description:
    'Items of this list come in later parts, in their order, each as soon as it and those before it are read. In ' +
    'queries, for clients that take an answer in parts.',
  locations: [DirectiveLocation.FIELD],
  args: {
    ...shared,
    initialCount: { type: GraphQLInt, defaultValue: 0, description: 'So many items come at once, 0 or more.' },
  },
})
