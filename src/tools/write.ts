import { Type } from '@sinclair/typebox'

import { filePath, renamed } from './files/parameters.ts'
import { defineTool } from './tool.ts'

export const write = defineTool({
  name: 'Write',
  description:
    'Writes a whole file, and makes the folders that it needs. A file that exists is replaced, so it must have been ' +
    'read before; for smaller changes use Edit.',
  input: Type.Object({
    file_path: filePath('The file to write'),
    content: Type.String({ description: 'What the file shall hold' }),
  }),
  accept: renamed({ path: 'file_path' }),
  parallelSafe: false,
  perMinute: 120,
  risk: 'Creates and replaces files below the working directory, .git aside.',
  bulky: ['content'],
  async run({ file_path, content }, context) {
    const { workspace, reads } = context
    const path = workspace.locate(file_path)
    const before = workspace.exists(file_path)
    const expected = before ? reads.expect(context, path, file_path) : undefined
    reads.note(context, workspace.write(file_path, new TextEncoder().encode(content), expected ?? 'absent'))
    return before ? `The file ${path} has been replaced.` : `The file ${path} has been created.`
  },
})
