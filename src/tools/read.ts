import { Type } from '@sinclair/typebox'

import { defineTool } from './tool.ts'

export const read = defineTool({
  name: 'Read',
  description: 'Reads a file of the working directory.',
  input: Type.Object({
    file_path: Type.String({ description: 'The path of the file' }),
    offset: Type.Optional(Type.Integer({ minimum: 0, description: 'The first line to read' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, description: 'How many lines to read' })),
  }),
  parallelSafe: true,
  perMinute: 120,
  risk: 'Shows any file below the working directory to the model.',
  async run({ file_path, offset = 1, limit = 2000 }, { workspace }) {
    const text = new TextDecoder().decode(workspace.read(file_path).bytes)
    const first = Math.max(1, offset)
    return text
      .split('\n')
      .slice(first - 1, first - 1 + limit)
      .map((line, index) => `${String(first + index).padStart(6)}\t${line}`)
      .join('\n')
  },
})
