import type { TypedClientTool } from '../wire/anthropic/tools.ts'

/**
 * Tools whose schema Anthropic publishes and Claude was trained on. Other models need the schema spelled out;
 * the calls look the same to the client either way.
 */
interface KnownTool {
  readonly description: string
  readonly parameters: Readonly<Record<string, unknown>>
}

const string = (description: string) => ({ type: 'string', description })
const integer = (description: string) => ({ type: 'integer', description })
const range = { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 }
const point = (description: string) => ({ ...range, description })

const object = (properties: Record<string, unknown>, required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
})

const BASH: KnownTool = {
  description:
    'Runs a command in a persistent bash session and returns its output. Set restart to true to begin a new session.',
  parameters: object(
    {
      command: string('The bash command to run. Required unless the session is being restarted.'),
      restart: { type: 'boolean', description: 'Restarts the session instead of running a command.' },
    },
    [],
  ),
}

const EDITING = {
  path: string('Absolute path of the file or directory.'),
  file_text: string('For create: the content of the new file.'),
  old_str: string('For str_replace: the text to replace; it must occur exactly once.'),
  new_str: string('For str_replace: the new text; absent means delete.'),
  insert_line: integer('For insert: the line after which the text is put; 0 is the beginning.'),
  view_range: {
    ...range,
    description: 'For view: first and last line, counted from 1; -1 means to the end.',
  },
}

/** What `insert` puts in has a name of its own since the editors of 2025-04-29; before it shared one. */
const INSERTING = { insert_text: string('For insert: the text to put in.') }
const INSERTING_BEFORE = {
  new_str: string('For str_replace: the new text; absent means delete. For insert: the text to put in.'),
}

const EDITOR_COMMANDS = ['view', 'create', 'str_replace', 'insert']

/** The newest editors have no undo_edit. */
function editor({ type, max_characters: limit }: TypedClientTool): KnownTool {
  const old = type < 'text_editor_20250429'
  const commands = old ? [...EDITOR_COMMANDS, 'undo_edit'] : EDITOR_COMMANDS
  return {
    description:
      'Views, creates and edits text files. view shows a file with line numbers or lists a directory; str_replace ' +
      'replaces one exact occurrence; insert puts text after a line; create writes a new file.' +
      (limit ? ` view shows at most ${limit} characters of a file.` : ''),
    parameters: object(
      {
        command: { type: 'string', enum: commands },
        ...EDITING,
        ...(old ? INSERTING_BEFORE : INSERTING),
      },
      ['command', 'path'],
    ),
  }
}

const MEMORY: KnownTool = {
  description:
    'Keeps notes in files below /memories that outlive this conversation. View the directory before anything else.',
  parameters: object(
    {
      command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] },
      ...EDITING,
      ...INSERTING,
      path: string('Path below /memories; not used by rename.'),
      old_path: string('For rename: the present path.'),
      new_path: string('For rename: the new path.'),
    },
    ['command'],
  ),
}

const COMPUTER_ACTIONS = [
  'key',
  'type',
  'mouse_move',
  'left_click',
  'left_click_drag',
  'right_click',
  'middle_click',
  'double_click',
  'screenshot',
  'cursor_position',
]
const COMPUTER_ACTIONS_2025 = [
  'left_mouse_down',
  'left_mouse_up',
  'triple_click',
  'scroll',
  'hold_key',
  'wait',
]

function computer(tool: TypedClientTool): KnownTool {
  const newer = tool.type !== 'computer_20241022'
  const actions = [
    ...COMPUTER_ACTIONS,
    ...(newer ? COMPUTER_ACTIONS_2025 : []),
    ...(tool.enable_zoom ? ['zoom'] : []),
  ]
  const display = typeof tool.display_number === 'number' ? ` (display :${tool.display_number})` : ''
  const screen = `${tool.display_width_px ?? '?'}x${tool.display_height_px ?? '?'} pixels${display}`
  return {
    description:
      `Controls a computer with a screen of ${screen} by mouse and keyboard. Take a screenshot to see the result ` +
      'of an action. Coordinates are [x, y] from the top left corner.',
    parameters: object(
      {
        action: { type: 'string', enum: actions },
        coordinate: point('[x, y] for mouse actions.'),
        start_coordinate: point('[x, y] where a drag begins.'),
        text: string('Text to type, or a key such as "Return" or "ctrl+s".'),
        scroll_direction: { type: 'string', enum: ['up', 'down', 'left', 'right'] },
        scroll_amount: integer('How many clicks to scroll.'),
        duration: { type: 'number', description: 'Seconds for hold_key and wait.' },
        region: {
          type: 'array',
          items: { type: 'integer' },
          minItems: 4,
          maxItems: 4,
          description: 'For zoom: [x0, y0, x1, y1].',
        },
      },
      ['action'],
    ),
  }
}

/** The description and schema of a typed client tool. */
export function knownTool(tool: TypedClientTool): KnownTool {
  if (tool.type.startsWith('bash_')) return BASH
  if (tool.type.startsWith('memory_')) return MEMORY
  return tool.type.startsWith('computer_') ? computer(tool) : editor(tool)
}
