import { Command, CommanderError, Option } from 'commander'
import { type CommandName, type Declaration, declarations } from './declaration.ts'
import { ConfigError, type Flag, flagName, initialText, variableNames } from './flag.ts'

/** Help or the version was asked for: text for stdout, and nothing else to do. */
export class HelpShown extends Error {
  override readonly name = 'HelpShown'
  readonly exitCode = 0
}

export interface CommandLine {
  readonly command: CommandName
  /** The texts given to each flag, as in `--port`; what they mean is left to the flag's kind. */
  readonly flags: ReadonlyMap<string, readonly string[]>
}

export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  const written: string[] = []
  const program = new Command('iam-graphql-gateway')
    .description('A GraphQL gateway over AWS IAM credentials.')
    .version(version, '--version', 'Show the version.')
    .helpOption('-h, --help', 'Show this help.')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ optionDescription: described => described.description })
    .configureOutput({ writeOut: text => written.push(text), writeErr: () => {}, getOutHelpWidth: () => 100 })
  const commands = commandEntries().map(([name, declaration]) => addCommand(program, name, declaration, version))
  const line: { parsed?: CommandLine } = {}
  for (const { name, command } of commands) {
    command.action(() => {
      line.parsed = { command: name, flags: givenFlags(command) }
    })
  }
  try {
    program.parse(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    throw error.exitCode === 0 ? new HelpShown(written.join('').trimEnd()) : new ConfigError(sentence(error, program))
  }
  if (line.parsed === undefined) throw new ConfigError(expectedCommand('none'))
  return line.parsed
}

function commandEntries(): readonly (readonly [CommandName, Declaration])[] {
  const { start, serve, sandbox } = declarations()
  return [
    ['start', start],
    ['serve', serve],
    ['sandbox', sandbox],
  ]
}

function addCommand(program: Command, name: CommandName, { summary, groups }: Declaration, version: string) {
  const command = program
    .command(name)
    .description(summary)
    .version(version, '--version', 'Show the version.')
    .helpOption('-h, --help', 'Show this help.')
    .allowExcessArguments(false)
    .addHelpText('after', '\nEach flag can also be given as the variable named behind it; the flag wins.')
  for (const { prefix, flags } of groups) {
    for (const [property, flag] of Object.entries(flags)) command.addOption(option(flagName(prefix, property), flag))
  }
  return { name, command }
}

function option(name: string, flag: Flag<unknown>): Option {
  const initial = initialText(flag)
  const variables = variableNames(name, flag).join(' or ')
  const origin = [...(initial === '' ? [] : [`default: ${initial}`]), variables].join('; ')
  return (
    new Option(`${name} ${flag.kind.placeholder}`, `${flag.help} (${origin})`)
      // Without a value only a [true|false] flag is accepted, and then it means true.
      .preset('true')
      .argParser((text, earlier: readonly string[] = []) => [...earlier, text])
  )
}

function givenFlags(command: Command): CommandLine['flags'] {
  const values = command.opts<Record<string, readonly string[]>>()
  return new Map(Object.entries(values).map(([property, texts]) => [flagName('', property), texts]))
}

/** Commander's errors in this program's words: what was expected, and what was got. */
function sentence({ code, message }: CommanderError, program: Command): string {
  const command = program.commands.find(one => one.name() === program.args[0])
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? ''
  const suggestion = /\(Did you mean (.*)\?\)/.exec(message)?.[1]
  const hint = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`
  switch (code) {
    case 'commander.help':
      return expectedCommand('none')
    case 'commander.unknownCommand':
      return `${expectedCommand(JSON.stringify(quoted))}${hint}`
    case 'commander.unknownOption': {
      // What follows the sign may be a secret given to a misspelt flag.
      const flag = JSON.stringify(quoted.replace(/=.*/s, ''))
      if (command === undefined) return expectedCommand(flag)
      return `${command.name()}: expected a flag that ${command.name()} --help lists, got ${flag}${hint}`
    }
    case 'commander.optionMissingArgument': {
      const [flag, placeholder] = quoted.split(' ')
      return `${flag}: expected a value (${placeholder}), got nothing`
    }
    case 'commander.excessArguments':
      return `${command?.name()}: expected nothing but flags, got ${JSON.stringify(command?.args[0])}`
    default:
      return message.replace(/^error: /, '')
  }
}

function expectedCommand(got: string): string {
  return `expected a command (start, serve or sandbox), got ${got}`
}
