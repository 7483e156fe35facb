import type { Random } from '../random.ts'

export interface NamedUser {
  readonly userName: string
  readonly path: string
}

/** How many of a hundred users live in a path. */
const paths: readonly (readonly [path: string, share: number])[] = [
  ['/', 20],
  ['/engineering/', 25],
  ['/engineering/platform/', 20],
  ['/security/', 10],
  ['/service/', 10],
  ['/contractor/', 15],
]

/** Names for made-up users, no two alike, whatever their case. Asking for fewer gives the first ones of the same. */
export function nameUsers(count: number, random: Random): NamedUser[] {
  const fixed: NamedUser[] = [
    { userName: 'alice', path: '/engineering/' },
    { userName: 'bob', path: '/engineering/platform/' },
  ]
  if (count <= fixed.length) return fixed.slice(0, count)
  const people = shuffle(combine('.', firstNames, lastNames), random)
  const services = shuffle(combine('-', systems, duties, stages), random)
  const others = Array.from({ length: count - fixed.length }, (): NamedUser => {
    const path = pickPath(random)
    const userName = (path === '/service/' ? services.pop() : undefined) ?? people.pop()
    if (userName === undefined) throw new RangeError(`Expected at most 5,000 users, got ${count}`)
    return { userName: path === '/contractor/' ? capitalise(userName) : userName, path }
  })
  return [...fixed, ...others]
}

/** Every combination of a word of each list. */
function combine(separator: string, ...lists: readonly string[]): string[] {
  return lists
    .map(list => list.split(' '))
    .reduce((left, right) => left.flatMap(a => right.map(b => `${a}${separator}${b}`)))
}

function shuffle(list: readonly string[], random: Random): string[] {
  const shuffled: string[] = []
  for (const item of list) {
    const place = random.choose(shuffled.length + 1)
    shuffled.push(shuffled[place] ?? item)
    shuffled[place] = item
  }
  return shuffled
}

function pickPath(random: Random): string {
  let rest = random.choose(100)
  for (const [path, share] of paths) {
    rest -= share
    if (rest < 0) return path
  }
  return '/'
}

/** Contractors' names were typed by hand: `Mary.Jones`. Someone will look them up as `mary.jones`. */
function capitalise(name: string): string {
  return name.replace(/\b[a-z]/g, letter => letter.toUpperCase())
}

const firstNames =
  'aisha alan amara anders anita arjun barbara beatrix bjorn carla carlos chen chloe dagny daniel dario devi dmitri edith elena elias emeka emma erik esther fatima felix finn freya gabriel grace hana hannah hassan hedy ibrahim ines ingrid isaac jamal jan jun kai karen kofi lars leila liam linus lucia maja malik margaret marie mateo mei mira naomi nia nikola olga omar paolo priya quinn radia rosa sami sofia tariq tim uma victor wei yuki zoe'

const lastNames =
  'adeyemi allen almeida andersson baker bauer becker bianchi brown carter chandra costa curie diaz dubois edwards eriksen evans fernandez fischer fleming fontaine garcia gupta haas hansen hayes hoffman hopper ito ivanova jackson johnson jones kaur keller khan kim kowalski kumar lamarr larsen lee lopez lovelace martin meyer mohamed moreau nakamura nguyen novak okafor olsen park patel perlman petrov ramirez rossi santos sato schmidt shah silva singh smith tanaka torvalds turing vogel weber wong yamada zhang'

const systems =
  'archive audit backup billing catalog checkout crawler email gateway inventory ledger login mirror orders payroll pricing reports search shipping telemetry'
const duties = 'bot builder deployer exporter importer monitor publisher reader scheduler worker'
const stages = 'dev staging prod'
