import { builder } from './builder.ts'

/** The arguments of every connection. `last` and `before` are not offered: IAM cannot go back. */
export const connectionArguments = () =>
  builder.args(t => ({
    first: t.int({ description: 'How many: 1 to 1000, default 100. Anything else is BAD_USER_INPUT, never clamped.' }),
    after: t.string({ description: "A cursor of this very list; what is behind it comes. Another's is BAD_CURSOR." }),
  }))
