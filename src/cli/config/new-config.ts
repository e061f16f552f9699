import { stringify } from 'smol-toml'

/** What a new user says; empty texts leave it open. */
export interface Answers {
  readonly apiKey: string
  readonly baseUrl: string
  readonly big: string
  readonly small: string
  readonly port: string
}

/** A configuration file for people to read: what was said is in force, what may be said stands there as a comment. */
export const renderConfig = ({ apiKey, baseUrl, big, small, port }: Answers): string => `\
# Settings of openrouter-anthropic-server. "--help" lists them all; each is a key here, in lower case.
# The environment and the command line win over this file. The server reads it again when it changes.
# A secret may be "keychain:NAME" instead: what "keychain set NAME" has put into the keychain of this system.

# The key of OpenRouter (https://openrouter.ai/keys). Without a key and an address the built-in demo answers.
${line('openrouter_api_key', apiKey, 'sk-or-...')}
# Any other server that speaks OpenAI's chat completions, up to and including /v1.
${line('openrouter_base_url', baseUrl, 'http://127.0.0.1:11434/v1')}

# The models that "big" and "small" stand for; once set, all Claude names lead to them too.
${line('anthropic_model', big, 'anthropic/claude-sonnet-4')}
${line('anthropic_small_fast_model', small, 'anthropic/claude-3.7-sonnet')}

# Where to listen. Other machines may only come in with server_api_keys.
${line('host', '', '127.0.0.1')}
${port === '' ? '# port = 4000' : `port = ${Number(port)}`}
# server_api_keys = ["a-long-secret"]

# Remember answers, so that the same question costs nothing.
# enable_caching = true

# More names for models.
# [aliases]
# fast = "google/gemini-2.5-flash"

# More servers: "ollama/NAME" is asked there.
# [upstreams.ollama]
# base_url = "http://127.0.0.1:11434/v1"

# Models by kind of request.
# [routes]
# background = "small"
# long_context = "google/gemini-2.5-pro"
`

/** The key in force with its value, or as a comment with an example. */
const line = (key: string, value: string, example: string): string =>
  value === '' ? `# ${toToml(key, example)}` : toToml(key, value)

const toToml = (key: string, value: string): string => stringify({ [key]: value }).trimEnd()
