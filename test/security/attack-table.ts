/** An attack, under the name of its test, and what becomes of it. The README's table has the same rows. */
export interface Attack {
  readonly name: string
  readonly answer: string
}

const fuzzed = 'an answer, each error with a code; everybody else is answered, and nothing is left afterwards'

/** By the file in test/security that has the test. */
export const attacks: Readonly<Record<string, readonly Attack[]>> = {
  'document.test.ts': [
    {
      name: 'a document nested deeper than it may be',
      answer: '`LIMIT_EXCEEDED`, as all of these before IAM is asked',
    },
    {
      name: 'fragments that spread themselves, each other, or round a ring of a hundred',
      answer: '`GRAPHQL_VALIDATION_FAILED`',
    },
    {
      name: 'fragments that double the document at each of a hundred levels',
      answer: 'each is read once; what is in them counts as often as it stands there: `LIMIT_EXCEEDED`',
    },
    {
      name: 'inline fragments within each other, as many as a document may hold',
      answer: 'answered, without a step for each pair of them',
    },
    {
      name: 'one field as often as a document may hold it',
      answer: 'one field, asked once; `LIMIT_EXCEEDED` where comparing them all would cost too much',
    },
    { name: 'an alias flood', answer: '`LIMIT_EXCEEDED`, through fragments, too' },
    { name: 'a directive flood', answer: '`LIMIT_EXCEEDED`' },
    { name: 'a document of more tokens than it may have', answer: '`LIMIT_EXCEEDED`; reading stops there' },
    {
      name: 'a document of a megabyte, in one token or in comments',
      answer: '413; a WebSocket closes with 1009; no message repeats what is long',
    },
    { name: 'a page of a million', answer: '`BAD_USER_INPUT`: never cut to what is allowed' },
    { name: 'everything of everybody in one operation', answer: '`IAM_CALLS_EXCEEDED`, by its estimated cost' },
    { name: 'ids by the thousand', answer: '`IAM_CALLS_EXCEEDED`' },
    {
      name: 'variables of thousands of values, or nested sixty thousand deep',
      answer: '`LIMIT_EXCEEDED`, used or not',
    },
    { name: 'a list of operations in one request', answer: '400: there is no batching' },
    { name: 'one question under thirty names', answer: 'one call of IAM' },
    { name: 'values that do not fit their types', answer: '`BAD_USER_INPUT`; the value is not repeated' },
    { name: 'a document with a thousand mistakes', answer: 'a hundred of them are told' },
    { name: 'an operation that would take for ever', answer: '`OPERATION_TIMEOUT`' },
  ],
  'request.test.ts': [
    {
      name: 'a mutation in a form, in plain text, in a file upload or in no type at all, which any page may send unasked',
      answer: '415: cross-site request forgery ends here',
    },
    { name: 'a mutation by GET, or behind a query by GET', answer: '405, whatever headers call it' },
    { name: 'a script, an image or a frame of another page that asks by GET', answer: '403, by Fetch Metadata' },
    {
      name: 'every other method: HEAD, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT and WebDAV’s',
      answer: '405; TRACE repeats nothing, CONNECT is hung up on',
    },
    {
      name: 'a page whose name was bound to this address: DNS rebinding, on HTTP, SSE and WebSocket',
      answer: '403: the Host header must name the gateway',
    },
    { name: 'a WebSocket opened by another page', answer: '403: the Origin header must be the gateway’s own' },
    { name: 'two Host headers, of which a proxy may have gone by the other', answer: '403' },
    {
      name: 'two requests in the place of one: Content-Length beside Transfer-Encoding, and their like',
      answer: '400, and the connection is closed: nothing is smuggled',
    },
    { name: 'a head of a megabyte, in one header, in a thousand, or in the path', answer: '431' },
    { name: 'a compressed body, be it a bomb', answer: '415, unread' },
    {
      name: 'JSON that is none, or that two parsers read as two things',
      answer: '400; of a key given twice the last counts',
    },
    {
      name: 'names of every object’s own members, in variables, extensions, operation names and ids: prototype pollution',
      answer: 'names like any other',
    },
  ],
  'web-socket.test.ts': [
    { name: 'operations before connection_init', answer: 'the socket is closed: 4401' },
    { name: 'WebSockets that never say connection_init', answer: '4408 after `--connection-init-timeout`' },
    {
      name: 'more subscriptions on one WebSocket than it may have',
      answer: '`TOO_MANY_SUBSCRIPTIONS` for each; those before go on',
    },
    { name: 'one id for two operations', answer: '4409' },
    { name: '`complete` by the ten thousand, of operations that never were', answer: 'ignored' },
    { name: 'operations begun and completed by the thousand', answer: 'none of them is left' },
    { name: 'ids and types named as every object’s own members', answer: 'ids like any other; 4400 for types' },
    { name: 'a message larger than it may be: in one frame, in many, or only said to be', answer: '1009' },
    { name: 'ten thousand empty fragments', answer: 'a message like any other, or the socket is closed' },
    { name: 'compressed messages, which may be bombs', answer: 'compression is never agreed on: 1002' },
    {
      name: 'frames that break the protocol: not masked, reserved, of unknown kinds, out of order, or no UTF-8',
      answer: '1002 or 1007',
    },
    {
      name: 'messages that are no protocol: no JSON, no type, a second greeting, a payload of another shape',
      answer: '4400 or 4429',
    },
    { name: 'a subprotocol that is none', answer: 'not agreed on, so that the client closes' },
    { name: 'a mutation by `subscribe` whose socket is gone at once', answer: 'made once, or not at all' },
  ],
  'name.test.ts': [
    { name: 'a user name with newlines, tabs, NULs or quotes', answer: 'goes to IAM to the letter, which refuses it' },
    {
      name: 'a user name that is XML, another parameter, a path, a URL, a query or a command',
      answer: 'goes to IAM to the letter, which refuses it; nobody else ever reads it',
    },
    {
      name: 'a look-alike of a user’s name: Kelvin sign, dotted and dotless i, full width, combining, invisible, right to left',
      answer: 'nobody: case is folded in ASCII alone, as IAM’s names are',
    },
    { name: 'a look-alike’s subscription, or one of a name that nobody can have', answer: 'is told nothing' },
    { name: 'half of a surrogate pair, which cannot be sent to IAM', answer: '`ValidationError`; `/ready` stays 200' },
    {
      name: 'a certificate body that is XML, a bomb of entities, a script or a key',
      answer: 'refused as data; no message repeats it',
    },
  ],
  'cursor.test.ts': [
    { name: 'a cursor of one user’s list on another’s, or on a list of another kind', answer: '`BAD_CURSOR`' },
    { name: 'a forged cursor', answer: '`BAD_CURSOR`, before IAM is asked' },
    { name: 'a forged Marker in a cursor', answer: 'goes to IAM to the letter, which refuses it' },
    { name: 'one user’s certificate under another’s name', answer: 'null, and `NoSuchEntity` for a change' },
    { name: 'a forged id, of a type that is no node, or of nothing', answer: '`BAD_ID`, before IAM is asked' },
    { name: 'a cursor or an id of a megabyte', answer: '413; `BAD_CURSOR` or `BAD_ID` where `--max-body` allows it' },
  ],
  'log.test.ts': [
    {
      name: 'line ends and terminal commands in headers: Host, Origin, Content-Type, Authorization, x-request-id',
      answer: 'refused, or escaped: no line of the log is forged, no header added',
    },
    {
      name: 'line ends and terminal commands in operation names, documents, variables and paths',
      answer: 'the same, at the most verbose level',
    },
    { name: 'a request id of the client’s own', answer: 'ignored: each request has one of the gateway’s' },
  ],
  'slow.test.ts': [
    {
      name: 'five hundred connections that say nothing, begin a head and never end it, or never end a body: slowloris',
      answer: 'everybody else is answered; given up after 60 s, a body after 300 s',
    },
    { name: 'large answers that nobody reads', answer: 'everybody else is answered' },
    { name: 'event streams and WebSockets that nobody reads', answer: 'everybody else is told each change' },
    { name: 'pings by the ten thousand whose answers nobody reads', answer: 'no more is read of that client' },
    { name: 'requests by the hundred whose clients are gone before the answer', answer: 'nothing of them is left' },
  ],
  'token.test.ts': [
    {
      name: 'a token signed by nobody, by a stranger, or with the public key as a secret: alg none, key confusion',
      answer: '401, and 4403 on a WebSocket; as all of these before IAM is asked',
    },
    { name: 'a token of another issuer, for another audience, expired, or not valid yet', answer: '401 and 4403' },
    {
      name: 'unknown key ids by the hundred, or a key that the token brings itself',
      answer: '401 and 4403; the issuer is not asked for each, nobody else at all',
    },
    {
      name: 'a token in the place of a header: in the URL, in a cookie, twice, or beside another scheme',
      answer: '401, or 400 for two',
    },
    { name: 'introspection where it is off: by POST, by GET and by fragments', answer: '`INTROSPECTION_DISABLED`' },
    {
      name: 'fields, arguments and types guessed nearly right where introspection is off',
      answer: 'no suggestion of what would be right',
    },
    { name: 'GraphiQL where it is off', answer: 'is not there' },
  ],
  'network.test.ts': [
    {
      name: 'a network that nobody was to reach the gateway from',
      answer: '`--host` beyond this machine alone: exit code 2, which says what to configure',
    },
    {
      name: 'a network that everybody may reach the gateway from',
      answer: '`--insecure-no-auth` shouts in the log; neither schema nor GraphiQL is shown',
    },
    { name: 'a page whose name was bound to an address on the network', answer: '403' },
    {
      name: 'callers on the network: nobody, strangers, and two of different rights',
      answer: '`UNAUTHENTICATED`, `ROLE_REFUSED`, `FORBIDDEN`; each sees what IAM lets that caller see',
    },
  ],
  'fuzz-http.test.ts': [
    { name: 'HTTP requests of every kind, whole and broken: bodies, headers, query strings', answer: fuzzed },
  ],
  'fuzz-web-socket.test.ts': [
    { name: 'conversations on WebSockets, whole and broken: bytes, frames, messages', answer: fuzzed },
  ],
  'fuzz-id.test.ts': [{ name: 'cursors and ids: made up, changed, cut, and swapped between lists', answer: fuzzed }],
  'fuzz-iam.test.ts': [
    {
      name: 'answers of IAM: bits, cuts, bombs of entities, wrong values, depths, encodings, statuses and headers',
      answer: fuzzed,
    },
  ],
}

export const tableHeader = ['Attack', 'What becomes of it', 'Shown by']

export function tableRows(): string[][] {
  return Object.entries(attacks).flatMap(([file, all]) => all.map(({ name, answer }) => [name, answer, `\`${file}\``]))
}
