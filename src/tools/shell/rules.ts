/** What a command does with its words, and which of them it must not have, where there is no sandbox. */
export interface CommandRule {
  /**
   * What the words are: paths that are read, paths of files alone as links in folders would be followed, paths that may
   * be written too, a pattern or script and then paths, or text that no file is opened by.
   */
  readonly words: 'read' | 'file' | 'write' | 'pattern' | 'text'
  /** Options that read other files, follow links or run programs. */
  readonly refuses?: RegExp
  readonly why?: string
  /** An option that must come first. */
  readonly needs?: string
  /** It puts files, and so links, in other places, where they may lead elsewhere. */
  readonly moves?: true
}

const READS: CommandRule = { words: 'read' }
const TEXT: CommandRule = { words: 'text' }
const WRITES: CommandRule = { words: 'write' }
const CHECKSUM: CommandRule = {
  words: 'read',
  refuses: /^(?:-[a-z]*c|--c)/,
  why: 'it reads the files that a list names',
}
const LISTED = 'it reads the files that a list names'
const FOLLOWS = 'it follows links'

/** By GNU's and BSD's options; a long one may be shortened to the letters that tell it from others. */
const GREP: CommandRule = { words: 'pattern', refuses: /^(?:-[a-zA-Z]*[RS]|--de)/, why: FOLLOWS }

/**
 * The commands that are allowed where the operator names none. They cannot run other programs, and every file that
 * they can touch is named on the command line.
 */
export const COMMAND_RULES: Readonly<Record<string, CommandRule>> = {
  ':': TEXT,
  true: TEXT,
  false: TEXT,
  echo: TEXT,
  printf: { words: 'text', refuses: /^-v/, why: 'it sets variables by name' },
  pwd: TEXT,
  seq: TEXT,
  expr: TEXT,
  sleep: TEXT,
  basename: TEXT,
  dirname: TEXT,
  tr: TEXT,
  uname: TEXT,
  nproc: TEXT,
  exit: TEXT,
  date: { words: 'read', refuses: /^(?:-[a-zA-Z]*s|--s)/, why: 'it sets the clock' },
  cat: READS,
  tac: READS,
  rev: READS,
  nl: READS,
  head: READS,
  tail: READS,
  cut: READS,
  paste: READS,
  join: READS,
  comm: READS,
  cmp: READS,
  fold: READS,
  fmt: READS,
  expand: READS,
  unexpand: READS,
  column: READS,
  od: READS,
  base64: READS,
  stat: READS,
  realpath: READS,
  readlink: READS,
  cd: READS,
  ls: { words: 'read', refuses: /^(?:-[a-zA-Z]*[LH]|--de)/, why: FOLLOWS },
  wc: { words: 'read', refuses: /^--f/, why: LISTED },
  du: { words: 'read', refuses: /^(?:-[a-zA-Z]*[LDH]|--f|--de)/, why: `${LISTED} or ${FOLLOWS}` },
  diff: { words: 'file', refuses: /^(?:-[a-zA-Z]*r|--r|--f)/, why: `${FOLLOWS} in folders` },
  md5sum: CHECKSUM,
  sha1sum: CHECKSUM,
  sha256sum: CHECKSUM,
  sha512sum: CHECKSUM,
  cksum: CHECKSUM,
  sort: { words: 'write', refuses: /^--(?:co|fil)/, why: `it runs a program, or ${LISTED}` },
  uniq: WRITES,
  find: {
    words: 'write',
    refuses: /^(?:-(?:exec|ok|fprint|fls|files0|follow)|-[LH])/,
    why: `it runs programs, ${FOLLOWS} or writes lists`,
  },
  grep: GREP,
  egrep: GREP,
  fgrep: GREP,
  sed: { words: 'pattern', needs: '--sandbox' },
  xxd: WRITES,
  tee: WRITES,
  touch: WRITES,
  mkdir: WRITES,
  rmdir: WRITES,
  rm: WRITES,
  cp: {
    words: 'write',
    refuses: /^(?:-[a-zA-Z]*[sLHl]|--(?:sy|de|li))/,
    why: 'it makes or follows links',
    moves: true,
  },
  mv: { words: 'write', moves: true },
}

/** What else is allowed where a sandbox holds all of it: tools to build and run programs with. */
const IN_SANDBOX = `
  sh bash source . export unset set read shift return break continue wait test [ let local declare
  type command which env xargs timeout nice time git patch make cmake ninja gcc g++ cc c++ clang
  clang++ ld ar node npm npx pnpm yarn bun bunx deno tsc python python3 pip pip3 uv pytest ruby bundle
  rake perl php composer go gofmt cargo rustc rustfmt java javac mvn gradle dotnet lua sqlite3 awk
  gawk jq yq rg fd tree file tar gzip gunzip zcat xz zip unzip split shuf chmod ln mktemp yes id
  whoami hostname ps kill df free uptime hexdump strings nm ldd b2sum
`
  .trim()
  .split(/\s+/)

/** Stands in the list of allowed commands for those that are allowed anyway. */
const DEFAULT_COMMANDS = 'default'
/** Stands there for every command there is. */
export const ANY_COMMAND = '*'
/** Stands there for every program in the working directory. */
export const OWN_PROGRAMS = './'

/** The commands that a list of the operator's allows. */
export const allowedCommands = (names: readonly string[], walled: boolean): ReadonlySet<string> =>
  new Set(
    names.flatMap((name) =>
      name === DEFAULT_COMMANDS
        ? [...Object.keys(COMMAND_RULES), ...(walled ? [...IN_SANDBOX, OWN_PROGRAMS] : [])]
        : [name],
    ),
  )
