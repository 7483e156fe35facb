import { GraphQLDateTimeISO } from 'graphql-scalars'
import { builder } from './builder.ts'

builder.addScalarType('DateTime', GraphQLDateTimeISO, {
  description: 'An instant as RFC 3339 writes it, in UTC: `2026-09-11T13:15:06.000Z`. IAM knows seconds, no fractions.',
})
